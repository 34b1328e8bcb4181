"""Corrections (45 CFR 164.526), whatever token stands for a record."""

from typing import Final

import pytest

from node.contracts.amendments import (
    Petition,
    PetitionDenied,
    PetitionDisputed,
    PetitionExtended,
    PetitionFiled,
    PetitionState,
)
from node.contracts.government_actions import SUSPENDED_FOR_GOOD, SuspendDoctor, SuspendHospital
from node.contracts.lab_registry import SharePlan
from node.contracts.names import TOKENS
from node.contracts.pmr_entries import Entry, EntryAdded, EntryKind, EntryMarked
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import BLOCK_SECONDS, Outcome
from tests.contracts.world import DAY, PMR_ID, TODAY, World, account, content

TEXT: Final = b"what is wrong".ljust(32, b"\0")
REASON: Final = b"the archive is closed".ljust(32, b"\0")
BASIS: Final = b"court order".ljust(32, b"\0")
NOWHERE: Final = encode_pmr_id(85_438, TODAY)


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest) -> str:
    return request.param


def _send(world: World, sender: str, data: bytes) -> Outcome:
    return world.send(sender, world.suite.pmr.address, data)


def _refused(world: World, sender: str, data: bytes) -> str:
    return world.refused(sender, world.suite.pmr.address, data).name


def _petition(world: World, index: int = 0) -> bytes:
    return world.suite.pmr.petition(PMR_ID, index, TEXT)


def _extension(world: World, index: int = 0, hospital_id: int = 1, reason: bytes = REASON) -> bytes:
    return world.suite.pmr.extend_petition(PMR_ID, index, hospital_id=hospital_id, reason=reason)


def _denial(world: World, index: int = 0, hospital_id: int = 1) -> bytes:
    return world.suite.pmr.deny_petition(
        PMR_ID, index, hospital_id=hospital_id, content=content("it is right")
    )


def _dispute(world: World, index: int = 0) -> bytes:
    return world.suite.pmr.dispute(PMR_ID, index, content("it is wrong"))


def _amendment(world: World, index: int = 0) -> bytes:
    return world.suite.pmr.amend(PMR_ID, index, hospital_id=1, content=content("better"))


def _entries(world: World) -> tuple[Entry, ...]:
    return world.view(world.suite.pmr.entries(PMR_ID))


def _state(world: World, index: int = 0) -> Petition:
    return world.view(world.suite.pmr.petition_of(PMR_ID, index))


@pytest.fixture
def asked(world: World) -> World:
    """The patient has petitioned for a correction of entry 0."""
    _send(world, "p1", _petition(world))
    return world


@pytest.fixture
def denied(asked: World) -> World:
    _send(asked, "d1", _denial(asked))
    return asked


# the petition


def test_a_petition_is_due_in_sixty_days(world: World) -> None:
    outcome = _send(world, "p1", _petition(world))
    due = world.chain.time_s + 60 * DAY
    assert world.events(outcome) == [PetitionFiled(PMR_ID, 0, 1, TEXT, due)]
    assert _state(world) == Petition(due, PetitionState.OPEN, is_extended=False)


def test_nobody_has_petitioned_at_first(world: World) -> None:
    for index in (0, 1):
        assert _state(world, index) == Petition(0, PetitionState.NONE, is_extended=False)


@pytest.mark.parametrize("sender", ["p2", "d1", "h1", "stranger"])
def test_only_the_patient_petitions(world: World, sender: str) -> None:
    assert _refused(world, sender, _petition(world)) == "NotPatient"


def test_after_a_recovery_the_new_account_petitions(world: World) -> None:
    recovered(world)
    assert _refused(world, "p1", _petition(world)) == "NotPatient"
    _send(world, "p1 anew", _petition(world))


def test_a_record_that_is_not_has_nothing_to_correct(world: World) -> None:
    data = world.suite.pmr.petition(NOWHERE, 0, TEXT)
    refused = world.refused("p1", world.suite.pmr.address, data)
    assert refused == RevertReason("RecordUnknown", (NOWHERE,))


@pytest.mark.parametrize("index", [1, 2**255])
def test_an_entry_that_is_not_has_nothing_to_correct(world: World, index: int) -> None:
    assert _refused(world, "p1", _petition(world, index)) == "EntryUnknown"


def test_a_petition_has_a_text(world: World) -> None:
    data = world.suite.pmr.petition(PMR_ID, 0, bytes(32))
    assert _refused(world, "p1", data) == "FieldMissing"


def test_an_entry_is_petitioned_about_once(asked: World) -> None:
    assert _refused(asked, "p1", _petition(asked)) == "AlreadyPetitioned"
    _send(asked, "d1", _denial(asked))
    assert _refused(asked, "p1", _petition(asked)) == "AlreadyPetitioned"


def test_an_amended_entry_is_not_petitioned_about_but_its_amendment_is(world: World) -> None:
    _send(world, "d1", _amendment(world))
    assert _refused(world, "p1", _petition(world)) == "PetitionUnfit"
    _send(world, "p1", _petition(world, 1))


def test_what_a_lab_filed_is_not_petitioned_about(world: World) -> None:
    labs = world.suite.labs
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    world.send("d1", labs.address, order)
    plan = SharePlan(scheme_id=4, needed=3, total=5)
    filed = labs.file(
        1, modality="CT", captured=TODAY, reason="R07.9", content=content("study"), plan=plan
    )
    world.send("l1", labs.address, filed)
    assert _refused(world, "p1", _petition(world, 1)) == "PetitionUnfit"
    amendment = _amendment(world, 1)
    assert _refused(world, "d1", amendment) == "NotAuthor"


def test_what_the_patient_stated_is_not_petitioned_about(denied: World) -> None:
    _send(denied, "p1", _dispute(denied))
    assert _refused(denied, "p1", _petition(denied, 2)) == "PetitionUnfit"


def test_an_erased_record_is_not_petitioned_about(world: World) -> None:
    _send(world, "p1", world.suite.pmr.erase(PMR_ID, BASIS))
    assert _refused(world, "p1", _petition(world)) == "RecordErased"


# the author's answer


def test_an_amendment_accepts_the_petition(asked: World) -> None:
    outcome = _send(asked, "d1", _amendment(asked))
    added, *_, marked = asked.events(outcome)
    assert isinstance(added, EntryAdded)
    assert marked == EntryMarked(PMR_ID, 0, 1)
    assert _state(asked).state is PetitionState.ACCEPTED
    assert [entry.is_marked for entry in _entries(asked)] == [True, False]
    assert [entry.about for entry in _entries(asked)] == [None, 0]


def test_an_amendment_that_nobody_petitioned_for_accepts_nothing(world: World) -> None:
    _send(world, "d1", _amendment(world))
    assert _state(world).state is PetitionState.NONE


def test_a_refusal_is_an_entry_and_leaves_the_old_one_unmarked(asked: World) -> None:
    events = asked.events(_send(asked, "d1", _denial(asked)))
    assert events[-1] == PetitionDenied(PMR_ID, 0, 1)
    old, reason = _entries(asked)
    assert (old.is_marked, reason.is_marked) == (False, False)
    assert (reason.kind, reason.doctor_id) == (EntryKind.AMENDMENT, 1)
    assert reason.content == content("it is right")
    assert _state(asked).state is PetitionState.DENIED


@pytest.mark.parametrize("what", [_denial, _extension])
def test_only_the_author_answers(asked: World, what: object) -> None:
    assert callable(what)
    assert _refused(asked, "d2", what(asked, hospital_id=2)) == "NotAuthor"
    for other in ("p1", "h1", "stranger"):
        assert _refused(asked, other, what(asked)) == "DoctorNotActive"


@pytest.mark.parametrize("what", [_denial, _extension])
def test_a_suspended_author_does_not_answer(asked: World, what: object) -> None:
    assert callable(what)
    asked.enact(SuspendDoctor(1, SUSPENDED_FOR_GOOD))
    assert _refused(asked, "d1", what(asked)) == "DoctorNotActive"


@pytest.mark.parametrize("what", [_denial, _extension, _amendment])
def test_nobody_answers_for_a_suspended_hospital(asked: World, what: object) -> None:
    assert callable(what)
    asked.enact(SuspendHospital(account("h1")))
    assert _refused(asked, "d1", what(asked)) == "HospitalNotVerified"


@pytest.mark.parametrize("what", [_denial, _extension])
def test_where_nobody_petitioned_there_is_nothing_to_answer(world: World, what: object) -> None:
    assert callable(what)
    assert _refused(world, "d1", what(world)) == "PetitionNotOpen"
    assert _refused(world, "d1", what(world, 1)) == "EntryUnknown"


@pytest.mark.parametrize("what", [_denial, _extension])
def test_a_petition_is_answered_once(denied: World, what: object) -> None:
    assert callable(what)
    assert _refused(denied, "d1", what(denied)) == "PetitionNotOpen"


def test_an_author_who_has_refused_may_still_amend(denied: World) -> None:
    _send(denied, "d1", _amendment(denied))
    assert _state(denied).state is PetitionState.DENIED
    assert _entries(denied)[0].is_marked


def test_an_erased_record_takes_no_answer(asked: World) -> None:
    _send(asked, "p1", asked.suite.pmr.erase(PMR_ID, BASIS))
    assert _refused(asked, "d1", _denial(asked)) == "RecordErased"
    assert _refused(asked, "d1", _extension(asked)) == "RecordErased"
    assert _refused(asked, "d1", _amendment(asked)) == "RecordErased"


def test_more_time_for_an_answer_does_not_outlive_the_record(asked: World) -> None:
    _send(asked, "d1", _extension(asked))
    _send(asked, "p1", asked.suite.pmr.erase(PMR_ID, BASIS))
    assert _refused(asked, "d1", _denial(asked)) == "RecordErased"


# its time


def test_an_author_takes_thirty_days_more(asked: World) -> None:
    due = _state(asked).due_s
    outcome = _send(asked, "d1", _extension(asked))
    assert asked.events(outcome) == [PetitionExtended(PMR_ID, 0, REASON, due + 30 * DAY)]
    assert _state(asked) == Petition(due + 30 * DAY, PetitionState.OPEN, is_extended=True)


def test_an_author_takes_them_once(asked: World) -> None:
    _send(asked, "d1", _extension(asked))
    assert _refused(asked, "d1", _extension(asked)) == "AlreadyExtended"


def test_an_extension_has_a_reason(asked: World) -> None:
    assert _refused(asked, "d1", _extension(asked, reason=bytes(32))) == "ReasonMissing"


def test_an_extension_is_taken_in_the_last_second_and_not_after_it(asked: World) -> None:
    due = _state(asked).due_s
    late = asked.fork()
    asked.chain.set_block(asked.chain.number, due - BLOCK_SECONDS)
    _send(asked, "d1", _extension(asked))
    late.chain.set_block(late.chain.number, due + 1 - BLOCK_SECONDS)
    refused = late.refused("d1", late.suite.pmr.address, _extension(late))
    assert refused == RevertReason("PetitionOverdue", (due,))


def test_a_late_answer_is_taken(asked: World) -> None:
    asked.chain.wait(100 * DAY)
    _send(asked, "d1", _amendment(asked))
    assert _state(asked).state is PetitionState.ACCEPTED


# the patient's last word


def test_a_disagreement_is_an_entry_of_nobody_but_the_patient(denied: World) -> None:
    events = denied.events(_send(denied, "p1", _dispute(denied)))
    assert events[-1] == PetitionDisputed(PMR_ID, 0, 2)
    last = _entries(denied)[-1]
    assert (last.kind, last.doctor_id, last.hospital_id) == (EntryKind.AMENDMENT, 0, 0)
    assert [entry.about for entry in _entries(denied)] == [None, 0, 0]
    assert last.content == content("it is wrong")
    assert _state(denied).state is PetitionState.DISPUTED


@pytest.mark.parametrize("sender", ["p2", "d1", "h1", "stranger"])
def test_only_the_patient_disagrees(denied: World, sender: str) -> None:
    assert _refused(denied, sender, _dispute(denied)) == "NotPatient"


def test_the_patient_disagrees_once_and_with_a_refusal_only(asked: World) -> None:
    assert _refused(asked, "p1", _dispute(asked)) == "PetitionNotDenied"
    _send(asked, "d1", _denial(asked))
    _send(asked, "p1", _dispute(asked))
    assert _refused(asked, "p1", _dispute(asked)) == "PetitionNotDenied"


def test_a_disagreement_on_no_record_is_refused(world: World) -> None:
    data = world.suite.pmr.dispute(NOWHERE, 0, content("it is wrong"))
    assert _refused(world, "p1", data) == "RecordUnknown"


def test_an_erased_record_takes_no_disagreement(denied: World) -> None:
    _send(denied, "p1", denied.suite.pmr.erase(PMR_ID, BASIS))
    assert _refused(denied, "p1", _dispute(denied)) == "RecordErased"


def test_nobody_amends_what_the_patient_stated(denied: World) -> None:
    _send(denied, "p1", _dispute(denied))
    assert _refused(denied, "d1", _amendment(denied, 2)) == "NotAuthor"
