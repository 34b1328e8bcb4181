"""Two hospitals, two doctors, one patient: one history, also where both write at once."""

from datetime import date

import pytest

from node.contracts.pmr_entries import EntryKind
from node.sim.flow_driver import Ended
from node.workflows.consult import Visit, consult
from tests.workflows.stage import Stage, note

PAPER = date(2021, 1, 26)


def at_once(stage: Stage, *flows) -> list[Ended]:
    """Start flows in the same instant, and give how they end, in their order."""
    ended: dict[int, Ended] = {}
    for place, flow in enumerate(flows):

        def done(one: Ended, place: int = place) -> None:
            ended[place] = one

        stage.world.flows.start(f"flow {place}", flow, timeout_us=120_000_000, done=done)
    stage.until(lambda: len(ended) == len(flows))
    return [ended[place] for place in range(len(flows))]


def visiting(stage: Stage, doctor: str, text: str, on: date | None = None):
    who = stage.doctor(doctor), stage.patient("p0")
    return consult(stage.ward, *who, note(text), on=on, entropy=stage.entropy())


@pytest.fixture
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0")


def test_two_doctors_write_through_two_nodes_at_once_and_both_entries_stand(stage: Stage) -> None:
    """Neither has seen the other's: both think that theirs mints the record."""
    first, second = at_once(
        stage, visiting(stage, "d0", "at the first"), visiting(stage, "d1", "at the other")
    )
    assert isinstance(first.value, Visit)
    assert isinstance(second.value, Visit)
    assert first.value.pmr_id == second.value.pmr_id
    assert {first.value.entry_index, second.value.entry_index} == {0, 1}
    pmr = stage.contracts.pmr
    stage.until(lambda: stage.view(pmr.entry_count(first.value.pmr_id), "h3") == 2)
    entries = stage.view(pmr.entries(first.value.pmr_id))
    for visit, doctor_id in ((first.value, 1), (second.value, 2)):
        entry = entries[visit.entry_index]
        assert (entry.doctor_id, entry.hospital_id) == (doctor_id, doctor_id)
        assert entry.content == visit.filed.content
    stage.grant(first.value, "d1")
    texts = {one.record.present_illness for one in stage.read(first.value.pmr_id).entries}
    assert texts == {"at the first", "at the other"}


def test_the_papers_example_is_one_history_of_two_hospitals() -> None:
    stage = Stage(epoch="2021-01-26T05:00:00Z", first_patient_id=85_437, timezone="Asia/Kolkata")
    stage.onboard("d0", "d1").register("p0")
    first = stage.do(visiting(stage, "d0", "cough", PAPER))
    second = stage.do(visiting(stage, "d1", "still coughs", PAPER))
    assert first.pmr_id == second.pmr_id == 8_543_726_012_021
    entries = stage.view(stage.contracts.pmr.entries(first.pmr_id))
    assert [(one.hospital_id, one.kind) for one in entries] == [
        (1, EntryKind.CONSULTATION),
        (2, EntryKind.CONSULTATION),
    ]


@pytest.mark.parametrize(("day", "error"), [(24, "DateTooFar"), (29, "DateTooFar")])
def test_a_day_too_far_from_the_hospitals_is_refused(day: int, error: str) -> None:
    """At 20:00 UTC on the 26th it is the 27th in India: the 28th is near, the 25th is not."""
    stage = Stage(epoch="2021-01-26T20:00:00Z", timezone="Asia/Kolkata")
    stage.onboard("d0").register("p0")
    refused = stage.revert(visiting(stage, "d0", "cough", PAPER.replace(day=day)))
    assert refused.name == error
    assert stage.do(visiting(stage, "d0", "cough", PAPER.replace(day=28))).entry_index == 0
    assert stage.revert(visiting(stage, "d0", "cough", PAPER.replace(day=25))).name == error
