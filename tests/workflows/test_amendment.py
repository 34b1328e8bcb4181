"""Corrections through the flows: who reads a record gets both sides."""

from dataclasses import replace

import pytest

from node.contracts.amendments import PetitionState
from node.contracts.pmr_entries import EntryKind
from node.privacy.record import PmrEntry
from node.workflows.amendment import (
    PetitionMade,
    answer_petition,
    dispute,
    extend_petition,
    petition_correction,
)
from node.workflows.consult import Visit
from node.workflows.errors import CommitmentError
from tests.workflows.stage import Stage, note

DAY_S = 86_400
BETTER = note("cough for two weeks")
REASON = PmrEntry(treatment_summary="The entry gives what was said.")
STATEMENT = PmrEntry(treatment_summary="It was two weeks.")


@pytest.fixture
def stage() -> Stage:
    return Stage().onboard("d0", "d1", "d2").register("p0", "p1")


@pytest.fixture
def visit(stage: Stage) -> Visit:
    return stage.visit()


def asking(stage: Stage, visit: Visit, patient: str = "p0", index: int = 0):
    who = stage.patient(patient)
    return petition_correction(
        stage.ward, who, visit.pmr_id, index, text="It was two weeks.", entropy=stage.entropy()
    )


def answering(stage: Stage, made: PetitionMade, doctor: str = "d0", *, accept: bool):
    entry = BETTER if accept else REASON
    who = stage.doctor(doctor)
    return answer_petition(stage.ward, who, made, entry, accept=accept, entropy=stage.entropy())


@pytest.fixture
def made(stage: Stage, visit: Visit) -> PetitionMade:
    return stage.do(asking(stage, visit))


def state(stage: Stage, made: PetitionMade) -> PetitionState:
    return stage.view(stage.contracts.pmr.petition_of(made.pmr_id, made.index)).state


def test_a_petition_is_due_in_sixty_days_and_names_the_author(
    stage: Stage, made: PetitionMade
) -> None:
    assert made.doctor_id == 1
    assert 0 <= stage.head_s() + 60 * DAY_S - made.due_s < 60
    assert made.filed == made.letter.commitment()
    assert "two weeks" not in repr(made)


def test_an_accepted_petition_marks_the_old_entry_and_links_the_new_one(
    stage: Stage, made: PetitionMade
) -> None:
    answer = stage.do(answering(stage, made, accept=True))
    assert (answer.about, answer.entry_index, answer.is_accepted) == (0, 1, True)
    stage.grant(answer)
    old, new = stage.read(made.pmr_id).entries
    assert (old.is_marked, old.about, old.record) == (True, None, note())
    assert (new.is_marked, new.about, new.record) == (False, 0, BETTER)
    assert state(stage, made) is PetitionState.ACCEPTED


def test_a_reader_gets_the_refusal_and_the_disagreement(stage: Stage, made: PetitionMade) -> None:
    refused = stage.do(answering(stage, made, accept=False))
    said = stage.do(dispute(stage.ward, stage.patient("p0"), made, STATEMENT, stage.entropy()))
    stage.grant(said)
    read = stage.read(made.pmr_id).entries
    assert [(one.record, one.is_marked, one.about) for one in read] == [
        (note(), False, None),
        (REASON, False, 0),
        (STATEMENT, False, 0),
    ]
    entries = stage.view(stage.contracts.pmr.entries(made.pmr_id))
    assert [one.doctor_id for one in entries] == [1, 1, 0]
    assert entries[refused.entry_index].kind is EntryKind.AMENDMENT
    assert state(stage, made) is PetitionState.DISPUTED


def test_nobody_else_answers_and_nothing_is_handed_out(stage: Stage, made: PetitionMade) -> None:
    before = stage.traces()
    for accept in (True, False):
        flow = answering(stage, made, "d1", accept=accept)
        assert stage.revert(flow).name == "NotAuthor"
    assert stage.traces().store_blocks == before.store_blocks
    assert stage.traces().shares == before.shares


def test_only_the_patient_petitions_and_disagrees(stage: Stage, visit: Visit) -> None:
    assert stage.revert(asking(stage, visit, "p1")).name == "NotPatient"
    made = stage.do(asking(stage, visit))
    other = dispute(stage.ward, stage.patient("p1"), made, STATEMENT, stage.entropy())
    assert stage.revert(other).name == "NotPatient"
    own = dispute(stage.ward, stage.patient("p0"), made, STATEMENT, stage.entropy())
    assert stage.revert(own).name == "PetitionNotDenied"


def test_an_author_extends_once(stage: Stage, made: PetitionMade) -> None:
    def extending():
        doctor = stage.doctor("d0")
        return extend_petition(stage.ward, doctor, made, "files are awaited", stage.entropy())

    assert stage.do(extending()) == made.due_s + 30 * DAY_S
    assert stage.revert(extending()).name == "AlreadyExtended"


def test_an_answer_to_another_letter_is_not_given(stage: Stage, made: PetitionMade) -> None:
    swapped = replace(made, letter=replace(made.letter, text="It was two years."))
    error = stage.play(answering(stage, swapped, accept=True)).error
    assert isinstance(error, CommitmentError)
    assert state(stage, made) is PetitionState.OPEN
