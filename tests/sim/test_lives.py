"""Lives become steps before the run, and the steps are lived."""

from collections import Counter
from pathlib import Path

import pytest

from node.sim.lives import LivesError
from node.sim.loader import load, resolve
from node.sim.runner import judge_scenario
from node.sim.schema.base import is_id
from node.sim.schema.faults import ScenarioFileError
from tests.sim.village import VILLAGE


def village(text=VILLAGE):
    return load(text, "village.yaml")


def of(scenario, name):
    """Give what a life consists of: ids, times and all that the steps say."""
    return [one for one in scenario.lived if one.id.startswith(f"{name}-")]


@pytest.mark.slow
def test_a_village_lives_for_two_days():
    results = judge_scenario(village(), Path("village.yaml"))
    assert {one.name: one.holds for one in results.expectations} == dict.fromkeys(
        (one.name for one in results.expectations), True
    )
    done = Counter(one.action for one in results.steps if one.status == "ok")
    assert done["register_patient"] == 30
    wanted = ("consult", "perform_lab", "grant", "read_record", "second_opinion", "revoke", "deny")
    assert all(done[action] for action in (*wanted, "read_own", "rotate_key")), done


def test_equal_seeds_live_equal_lives_and_other_seeds_others():
    first, again = village(), village()
    assert first.lived == again.lived
    assert resolve(first, {"run.seed": 5}).lived != first.lived


def test_a_patient_who_is_left_out_changes_nobody_elses_life():
    thirty, twenty = village(), village(VILLAGE.replace("patients: 30", "patients: 20"))
    for k in range(1, 21):
        assert of(thirty, f"pat-{k}") == of(twenty, f"pat-{k}")
    assert not of(twenty, "pat-21")


def test_ids_are_unique_and_planned_within_the_span():
    lived = village().lived
    assert len({one.id for one in lived}) == len(lived)
    assert all(is_id(one.id) for one in lived)
    starts = [one.at.delay_us for one in lived if one.at.after is None]
    assert min(starts) >= 2 * 3_600_000_000
    assert max(starts) < 52 * 3_600_000_000


def test_what_a_step_waits_for_is_there_and_before_it():
    seen = set()
    for one in village().lived:
        assert one.at.after is None or one.at.after in seen
        seen.add(one.id)


def test_everybody_registers_once_and_before_anything_else():
    lived = village().lived
    for k in range(1, 31):
        own = [one for one in lived if one.id.startswith(f"pat-{k}-")]
        assert own[0].do == "register_patient"
        assert [one.do for one in own].count("register_patient") == 1


def test_whom_the_file_registers_and_onboards_is_not_asked_again():
    steps = """steps:
  - {do: onboard_doctor, doctor: doc-1}
  - {do: register_patient, id: early, patient: pat-1}
"""
    found = village(VILLAGE.replace("expect:", steps + "expect:"))
    assert [one.id for one in found.written] == ["onboard_doctor-1", "early"]
    assert not [one for one in found.lived if one.id in ("doc-1-onboards", "pat-1-registers")]
    assert [one for one in found.lived if one.id == "doc-2-onboards"]


def test_the_steps_stand_in_the_resolved_file():
    resolved = village().resolved()
    assert resolved["lives"] is None
    assert len(resolved["steps"]) == len(village().lived)


@pytest.mark.parametrize(
    ("before", "after", "wants"),
    [
        ("until: 60h", "until: 50h", "the end of the run"),
        ("doctors: 6", "doctors: 0", "doctors whom the patients see"),
        (
            "expect:",
            "steps: [{do: register_patient, id: pat-2-registers, patient: pat-1}]\nexpect:",
            "the id pat-2-registers for itself",
        ),
        ("visit: 200/y", "visit: 9999/mo", "at most 200000 steps"),
    ],
)
def test_lives_that_cannot_be_are_told_with_their_place(before, after, wants, monkeypatch):
    monkeypatch.setattr("node.sim.lives.LIVES_STEPS_COUNT_MAX", 2_000)
    with pytest.raises(ScenarioFileError) as caught:
        village(VILLAGE.replace(before, after))
    (fault,) = caught.value.faults
    assert fault.path == "lives"
    assert wants.replace("200000", "2000") in fault.wants


def test_the_error_says_what_is_wanted():
    assert str(LivesError("less", "more")) == "lives: wants less, got more"
