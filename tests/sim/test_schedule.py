from types import SimpleNamespace

import pytest

from node.base.errors import ConfigError, CorruptStoreError
from node.base.types import Address, Hash32
from node.privacy.release_errors import GrantNotActiveError
from node.sim.flow_driver import Ended
from node.sim.schedule import Schedule, actor_of, judged
from node.sim.step_ready import StepNotReadyError
from node.sim.world import World
from node.workflows.errors import (
    ContractRevertError,
    FetchFailedError,
    FragmentsMissingError,
)
from node.workflows.read_record import Reading, Suspect
from node.workflows.requests import Ask, AwaitInclusion, NextNonce
from tests.sim.small import ARRIVE, SCAN, scenario

STEPS = """
  - {do: onboard_doctor, id: first, doctor: d0}
  - {do: onboard_doctor, id: second, doctor: d0, timeout: 10s}
  - {do: register_patient, id: at-20, patient: p0, at: 20s}
  - {do: register_patient, id: after, patient: p1, at: {after: first, delay: 3s}}
  - {do: onboard_doctor, id: last, doctor: d1}
"""


class Book:
    """Gives each step the flow of a script; steps without one end at once with None."""

    def __init__(self, script=None) -> None:
        self.script, self.left = script or {}, {}

    def flow(self, step):
        made = self.script.get(step.id, ends)
        return made()

    def leave(self, step: str, value: object) -> None:
        self.left[step] = value


def ends():
    yield from ()


def run(script=None, steps: str = STEPS, seconds: int = 60):
    world = World(scenario(steps))
    world.start()
    told = []
    book = Book(script)
    schedule = Schedule(world, book, told.append)
    schedule.start()
    world.kernel.run_until(seconds * 1_000_000)
    return SimpleNamespace(world=world, book=book, outcomes=schedule.outcomes, told=told)


def begun(done) -> dict[str, int]:
    """Give the second at which each step began."""
    lines = done.world.history.as_dicts()
    return {one["ref"]: one["t"] // 1_000_000 for one in lines if one["e"] == "invoke"}


NODE: dict[str, Address] = {}


@pytest.fixture(autouse=True, scope="module")
def _node() -> None:
    """Learn an address that follows from the seed, once."""
    NODE.update({name: core.address for name, core in World(scenario()).nodes.items()})


def fails(error: Exception):
    def flow():
        yield Ask(NODE["h0"], NextNonce(NODE["h0"]))
        raise error

    return flow


def hangs():
    """Wait for a transaction that nobody sent."""
    yield Ask(NODE["h0"], AwaitInclusion(Hash32(bytes(32))))


def test_steps_begin_at_their_time_or_when_the_one_before_has_ended() -> None:
    assert begun(run()) == {"first": 0, "second": 0, "at-20": 20, "after": 3, "last": 3}


def test_a_step_waits_for_the_end_of_the_one_before_it() -> None:
    done = run({"second": hangs})
    assert begun(done)["second"] == 0
    assert done.outcomes["second"].ended_us == 10_000_000


def test_a_step_that_ends_badly_is_followed_too() -> None:
    done = run({"first": fails(ConfigError("no"))})
    assert set(done.outcomes) == {"first", "second", "at-20", "after", "last"}
    assert done.outcomes["first"].status == "refused"


def test_a_step_without_an_answer_times_out_and_leaves_nothing() -> None:
    done = run({"second": hangs})
    outcome = done.outcomes["second"]
    assert (outcome.status, outcome.error) == ("timeout", None)
    assert "may still happen" in outcome.why
    assert "second" not in done.book.left


def test_only_what_ended_well_is_left_in_the_book() -> None:
    def gives():
        yield Ask(NODE["h0"], NextNonce(NODE["h0"]))
        return "value"

    done = run({"first": gives, "second": fails(ConfigError("no"))})
    assert done.book.left["first"] == "value"
    assert "second" not in done.book.left


def test_nothing_begins_at_or_after_the_horizon() -> None:
    """What waits for a step that ends at the horizon would fall into the time to settle."""
    steps = """
  - {do: onboard_doctor, id: slow, doctor: d0, at: 50s, timeout: 10s}
  - {do: onboard_doctor, id: at-the-end, doctor: d0}
  - {do: onboard_doctor, id: behind, doctor: d0, at: {after: slow, delay: 5s}}
"""
    done = run({"slow": hangs}, steps=steps, seconds=70)
    assert begun(done) == {"slow": 50}
    assert list(done.outcomes) == ["slow"]


def test_a_step_that_the_end_cuts_off_has_no_outcome() -> None:
    steps = "  - {do: onboard_doctor, id: cut, doctor: d0, at: 59s}\n"
    done = run({"cut": hangs}, steps=steps, seconds=60)
    assert begun(done) == {"cut": 59}
    assert done.outcomes == {}


def test_the_listener_and_the_checkers_hear_of_every_end() -> None:
    done = run()
    assert [one.step.id for one in done.told] == ["first", "second", "after", "last", "at-20"]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (ends, "ok"),
        (fails(ConfigError("no")), "fail"),
        (fails(ContractRevertError("OrderNotOpen", ())), "fail"),
        (fails(FetchFailedError((), (), "gone")), "info"),
        (hangs, "info"),
    ],
)
def test_the_history_says_what_is_known_of_a_step(script, kind: str) -> None:
    done = run({"second": script})
    lines = [one for one in done.world.history.as_dicts() if one["ref"] == "second"]
    assert [one["e"] for one in lines] == ["invoke", kind]
    assert all(one["f"] == "onboard_doctor" for one in lines)


def test_an_outcome_names_the_line_of_the_history_that_ended_it() -> None:
    done = run({"second": fails(ConfigError("no"))})
    lines = done.world.history.as_dicts()
    for outcome in done.outcomes.values():
        line = lines[outcome.event]
        assert (line["ref"], line["t"]) == (outcome.step.id, outcome.ended_us)
        assert line["e"] in ("ok", "fail")


def test_a_study_that_is_refused_is_named() -> None:
    steps = ARRIVE + SCAN
    done = run({"scan": fails(ConfigError("no"))}, steps=steps)
    assert done.outcomes["scan"].why == "study CT_small: no"


def test_a_step_that_cannot_begin_did_not_happen() -> None:
    def refuses():
        raise StepNotReadyError("first", "step x, which it refers to, did not end well")

    done = run({"first": refuses})
    outcome = done.outcomes["first"]
    assert (outcome.status, outcome.error) == ("skipped", "StepNotReadyError")
    line = done.world.history.as_dicts()[1]
    assert (line["e"], line["v"]["error"]) == ("fail", "StepNotReadyError")


def test_who_gave_a_reader_wrong_bytes_is_named_in_the_history() -> None:
    def reads():
        yield Ask(NODE["h0"], NextNonce(NODE["h0"]))
        suspect = Suspect(2, NODE["h1"], "it lied")
        return Reading(1, (), 3, ((4, "OUT_OF_SCOPE"),), (suspect,))

    done = run({"first": reads})
    evidence = [one for one in done.world.history.as_dicts() if one["e"] == "evidence"]
    ((who, what),) = [(one["p"], one["v"]) for one in evidence]
    assert (who, what) == ("h1", {"entry": 2, "why": "it lied"})
    notes = [one for one in done.world.history.as_dicts() if one["f"] == "read.not_covered"]
    assert notes[0]["v"] == {"entry": 4, "status": "OUT_OF_SCOPE"}


@pytest.mark.parametrize(
    ("ended", "status", "error"),
    [
        (Ended(value=1), "ok", None),
        (Ended(timed_out=True), "timeout", None),
        (Ended(error=ContractRevertError("DateTooFar", ())), "revert", "DateTooFar"),
        (Ended(error=GrantNotActiveError("EXPIRED", ((1, "EXPIRED"),))), "refused", "EXPIRED"),
        (Ended(error=ConfigError("what")), "refused", "ConfigError"),
        (Ended(error=FetchFailedError((), (), "why")), "error", "FetchFailedError"),
        (Ended(error=FragmentsMissingError(1, 2, ())), "error", "FragmentsMissingError"),
        (Ended(error=CorruptStoreError("store", "key", "what")), "error", "CorruptStoreError"),
        (Ended(error=StepNotReadyError("s", "w")), "skipped", "StepNotReadyError"),
    ],
)
def test_how_a_flow_ended_is_one_word_and_a_name(ended, status, error) -> None:
    got_status, got_error, why = judged(ended)
    assert (got_status, got_error) == (status, error)
    assert bool(why) == (status != "ok")


@pytest.mark.parametrize(
    ("fields", "actor"),
    [
        ({"lab": "l0", "doctor": "d0"}, "l0"),
        ({"doctor": "d0", "patient": "p0"}, "d0"),
        ({"patient": "p0"}, "p0"),
        ({"hospital": "h0"}, "h0"),
        ({"record": "visit"}, "world"),
        ({"doctor": None, "patient": "p0"}, "p0"),
    ],
)
def test_a_step_is_done_by_the_most_particular_participant(fields, actor) -> None:
    assert actor_of(SimpleNamespace(**fields)) == actor
