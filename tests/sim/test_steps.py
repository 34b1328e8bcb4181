from types import SimpleNamespace

import pytest

from node.privacy.record import Diagnosis, Insurance, PmrEntry
from node.sim.step_ready import StepNotReadyError, whole_seconds
from node.sim.steps import StepBook, written_entry
from node.sim.world import World
from node.workflows.access import GrantMade
from node.workflows.consult import Visit
from node.workflows.errors import ContractRevertError
from node.workflows.labs import FiledStudy
from node.workflows.read_record import Opinion, Reading
from tests.sim.small import ARRIVE, GRANT, SCAN, events, outcome, played, prepared, scenario

ALL = """
  - {do: consult, id: again, doctor: d0, patient: p0, sections: {diagnosis: flu}}
  - {do: request_access, id: ask, doctor: d1, patient: p0, pmr: visit, scope: [diagnosis]}
  - {do: grant, id: answer, patient: p0, request: ask, for: 59999ms}
  - {do: request_access, id: ask-2, doctor: d1, patient: p0, pmr: visit}
  - {do: deny, id: foreign, patient: p1, request: ask-2, expect: revert, error: NotPatient}
  - {do: deny, id: denied, patient: p0, request: ask-2}
  - {do: read_record, id: read, doctor: d1, pmr: visit}
  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit}
  - {do: rebuild, id: with, record: scan, custodians: [h0], essential: true}
  - {do: rebuild, id: without, record: scan, custodians: [h0, h1], essential: false,
     expect: refused, error: WrongEssentialShareError}
  - {do: register_patient, patient: p1}
  - {do: revoke, id: foreign-2, patient: p1, grant: given, expect: revert, error: GrantUnknown}
  - {do: revoke, id: revoked, patient: p0, grant: given}
  - {do: suspend_doctor, id: suspended, doctor: d1, for: 20s}
"""


@pytest.fixture(scope="module")
def run():
    """Every action once; the expectations of the steps say how each one must end."""
    return played(ARRIVE + SCAN + GRANT + ALL, until="4m")


def test_every_action_ends_as_its_step_expects(run) -> None:
    found = run.results({}).expectations
    ended = {one.name: one for one in found if one.name.startswith("step ")}
    assert [one.why for one in ended.values() if not one.holds] == []
    assert len(ended) == len(run.scenario.steps) == 21


def test_what_steps_leave_is_found_by_their_ids(run) -> None:
    assert isinstance(run.book.visit("visit"), Visit)
    assert isinstance(run.book.record("visit"), Visit)
    assert isinstance(run.book.record("scan"), FiledStudy)
    assert isinstance(run.book.record("opinion"), Opinion)
    assert run.book.record("order") is None
    assert run.book.record("no-such-step") is None


def test_records_and_grants_stand_in_the_order_of_their_making(run) -> None:
    assert [step for step, _ in run.book.records()] == ["visit", "scan", "again", "opinion"]
    assert run.book.grants()[0].grant_id == run.book._left["given"].grant_id
    assert all(isinstance(one, GrantMade) for one in run.book.grants())


def test_a_visit_with_sections_holds_what_the_file_says(run) -> None:
    reading = run.book._left["read"]
    assert isinstance(reading, Reading)
    texts = [one.record for one in reading.entries if isinstance(one.record, PmrEntry)]
    assert PmrEntry(diagnosis=(Diagnosis("", "flu"),)) in texts


def test_a_refused_step_leaves_nothing(run) -> None:
    assert "foreign" not in run.book._left


def test_collusion_sends_no_message(run) -> None:
    ended = outcome(run, "with")
    assert (ended.started_us, ended.gas) == (ended.ended_us, 0)


@pytest.mark.parametrize(
    ("us", "seconds"), [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)]
)
def test_seconds_are_rounded_up(us: int, seconds: int) -> None:
    assert whole_seconds(us) == seconds


def test_every_section_of_a_file_has_its_place_in_an_entry() -> None:
    names = (
        "present_illness",
        "past_illness",
        "diagnosis",
        "treatment_summary",
        "lab_reports",
        "iomt",
        "insurance",
    )
    entry = written_entry({name: f"text of {name}" for name in names})
    assert entry == PmrEntry(
        present_illness="text of present_illness",
        past_illness="text of past_illness",
        diagnosis=(Diagnosis("", "text of diagnosis"),),
        treatment_summary="text of treatment_summary",
        lab_reports=("text of lab_reports",),
        iomt=("text of iomt",),
        insurance=Insurance("", "text of insurance"),
    )
    assert written_entry({}) == PmrEntry()


REFERRING = """
  - {do: consult, id: visit, doctor: d0, patient: p0, expect: any}
  - {do: order_lab, id: order, doctor: d0, pmr: visit, modality: CT, expect: any}
  - {do: perform_lab, id: scan, lab: l0, order: order, study: pydicom:CT_small, expect: any}
  - {do: request_access, id: ask, doctor: d1, patient: p0, pmr: visit, expect: any}
  - {do: grant, id: given, patient: p0, request: ask, for: 1h, expect: any}
  - {do: grant, id: direct, patient: p0, doctor: d1, pmr: visit, for: 1h, expect: any}
  - {do: deny, id: denied, patient: p0, request: ask, expect: any}
  - {do: revoke, id: revoked, patient: p0, grant: given, expect: any}
  - {do: read_record, id: read, doctor: d1, pmr: visit, expect: any}
  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit, expect: any}
  - {do: rebuild, id: again, record: visit, custodians: [h0], essential: true, expect: refused}
"""
REFERRERS = ["order", "scan", "ask", "given", "direct", "denied", "revoked", "read", "opinion"]


@pytest.fixture(scope="module")
def empty() -> tuple[World, StepBook]:
    """A book in which nothing stands: its steps refer to steps that never ended well."""
    world = World(scenario(REFERRING))
    return world, StepBook(world, {})


@pytest.mark.parametrize("step", [*REFERRERS, "again"])
def test_a_step_whose_reference_is_missing_cannot_begin_and_says_why(empty, step: str) -> None:
    world, book = empty
    found = next(one for one in world.scenario.steps if one.id == step)
    with pytest.raises(StepNotReadyError, match=rf"{step} cannot begin: .*step \S+") as caught:
        book.flow(found)
    assert caught.value.step == step


def test_a_failed_reference_is_no_refusal_and_leaves_the_verdict_open() -> None:
    """p0 never registers, so nothing was filed, and no custodian refused anything."""
    run = played(REFERRING)
    assert outcome(run, "visit").error == "PatientUnknown"
    assert [outcome(run, step).status for step in REFERRERS] == ["skipped"] * len(REFERRERS)
    results = run.results({})
    again = next(one for one in results.expectations if one.name == "step again")
    assert again.holds is None
    assert results.verdict == "unknown"
    assert [one["f"] for one in events(run, "fail")][-1] == "rebuild"


def test_an_order_without_lab_cannot_begin() -> None:
    steps = """
  - {do: consult, id: v, doctor: d1, patient: p0}
  - {do: order_lab, id: o, doctor: d1, pmr: v, modality: CT}
"""
    world = World(scenario(steps))
    book = StepBook(world, {})
    patient = world.cast.patients["p0"]
    book.leave("v", Visit(1, 0, patient, SimpleNamespace()))
    with pytest.raises(StepNotReadyError, match="h1 has no lab, and no step performs the order"):
        book.flow(world.scenario.steps[1])


def test_an_order_goes_to_the_lab_that_performs_it_later() -> None:
    run = played(
        ARRIVE
        + "  - {do: order_lab, id: order, doctor: d1, pmr: visit, modality: CT}\n"
        + "  - {do: perform_lab, id: scan, lab: l0, order: order, study: pydicom:CT_small}\n",
    )
    assert outcome(run, "scan").status == "ok"


def test_two_steps_draw_from_different_sources(run) -> None:
    first, second = run.book.record("visit"), run.book.record("again")
    assert first.filed.deal_id != second.filed.deal_id


def test_a_revert_keeps_the_name_of_the_contracts_error(run) -> None:
    assert outcome(run, "foreign").error == "NotPatient"
    assert outcome(run, "foreign").status == "revert"
    assert issubclass(ContractRevertError, Exception)


def test_operators_open_and_close_votes_in_headers() -> None:
    steps = """
  - {do: vote, id: open, nodes: [h0], subject: h1, authorize: false, at: 1s}
  - {do: vote, id: close, nodes: [h0], subject: h1, authorize: null, at: 3s}
"""
    run = prepared(steps, until="4s")
    engine, seen = run.world.bends.engine("h0"), []
    for seconds in (2, 4):
        run.world.kernel.at(seconds * 1_000_000 - 1, 4, "", lambda: seen.append(engine.proposals()))
    run.play()
    assert seen == [{run.world.addresses["h1"]: False}, {}]
    assert {outcome(run, step).status for step in ("open", "close")} == {"ok"}
