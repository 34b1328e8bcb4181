"""Workflow 13, ``petition_correction``: a patient has an own record corrected (45 CFR 164.526).

The patient petitions; the author of the entry amends it, or refuses with a reason, to which the
patient may add a statement of disagreement.  The old entry stays: marked if it is amended.
Amendment, reason and statement are entries of the record, sealed like any other, so a reader gets
all of them.  The text of the petition goes to the author alone; the ledger has its commitment.
"""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.base.types import Hash32
from node.contracts.amendments import PetitionExtended, PetitionFiled
from node.contracts.cids import Content
from node.privacy.record import PmrEntry
from node.workflows.asking import call
from node.workflows.consult import Visit, append_entry, hospital_id_of
from node.workflows.errors import CommitmentError
from node.workflows.letter import Letter, write_letter
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Doctor, Patient, Ward


@dataclass(frozen=True, slots=True)
class PetitionMade:
    """What a petition leaves."""

    pmr_id: int
    index: int
    """Of the entry to be corrected."""
    patient: Patient
    doctor_id: int
    """Its author, who has to answer."""
    due_s: int
    letter: Letter
    filed: Hash32
    """The commitment on the ledger."""


@dataclass(frozen=True, slots=True)
class Answer(Visit):
    """What an answer or a statement leaves: an entry about the one that was petitioned about."""

    about: int
    is_accepted: bool


def petition_correction(
    ward: Ward, patient: Patient, pmr_id: int, index: int, *, text: str, entropy: Entropy
) -> Flow[PetitionMade]:
    """Ask the author of an entry for a correction, with the patient's key.

    raises        ContractRevertError: NotPatient, EntryUnknown, PetitionUnfit,
                  AlreadyPetitioned, RecordErased.
    """
    pmr = ward.contracts.pmr
    letter = write_letter(text, entropy)
    data = pmr.petition(pmr_id, index, letter.commitment())
    done = yield from transact(ward, patient.node, patient.signer, pmr.address, data)
    filed = event_of(done, pmr.address, PetitionFiled)
    assert isinstance(filed, PetitionFiled)
    committed = Hash32(filed.commitment)
    return PetitionMade(pmr_id, index, patient, filed.doctor_id, filed.due, letter, committed)


def answer_petition(
    ward: Ward,
    doctor: Doctor,
    made: PetitionMade,
    entry: PmrEntry,
    *,
    accept: bool,
    entropy: Entropy,
) -> Flow[Answer]:
    """Amend the entry, or refuse; ``entry`` is the better one, or holds the reason.

    raises        ContractRevertError: NotAuthor, PetitionNotOpen (a refusal only),
                  DoctorNotActive, RecordErased.
                  CommitmentError: the letter is not the one that the ledger commits to.
    """
    if made.letter.commitment() != made.filed:
        raise CommitmentError(f"the petition about entry {made.index} of PMR {made.pmr_id}")
    pmr = ward.contracts.pmr
    hospital_id = yield from hospital_id_of(ward, doctor)
    write = pmr.amend if accept else pmr.deny_petition

    def written(content: Content) -> bytes:
        return write(made.pmr_id, made.index, hospital_id=hospital_id, content=content)

    visit = yield from append_entry(
        ward, doctor, made.patient, entry, pmr_id=made.pmr_id, written=written, entropy=entropy
    )
    return _answer(visit, made, is_accepted=accept)


def dispute(
    ward: Ward, patient: Patient, made: PetitionMade, entry: PmrEntry, entropy: Entropy
) -> Flow[Answer]:
    """Disagree with a refusal; ``entry`` holds the patient's statement.

    raises        ContractRevertError: NotPatient, PetitionNotDenied, RecordErased.
    """
    pmr = ward.contracts.pmr

    def written(content: Content) -> bytes:
        return pmr.dispute(made.pmr_id, made.index, content)

    visit = yield from append_entry(
        ward, patient, patient, entry, pmr_id=made.pmr_id, written=written, entropy=entropy
    )
    return _answer(visit, made, is_accepted=False)


def extend_petition(
    ward: Ward, doctor: Doctor, made: PetitionMade, reason: str, entropy: Entropy
) -> Flow[int]:
    """Take 30 days more for an answer, and give when it is due then, in seconds.

    raises        ContractRevertError: NotAuthor, PetitionNotOpen, AlreadyExtended,
                  PetitionOverdue, DoctorNotActive.
    """
    pmr = ward.contracts.pmr
    hospital_id = yield from hospital_id_of(ward, doctor)
    letter = write_letter(reason, entropy)
    data = pmr.extend_petition(
        made.pmr_id, made.index, hospital_id=hospital_id, reason=letter.commitment()
    )
    yield from call(doctor.node, pmr.address, data, doctor.signer.address)
    done = yield from transact(ward, doctor.node, doctor.signer, pmr.address, data)
    extended = event_of(done, pmr.address, PetitionExtended)
    assert isinstance(extended, PetitionExtended)
    return extended.due


def _answer(visit: Visit, made: PetitionMade, *, is_accepted: bool) -> Answer:
    return Answer(
        visit.pmr_id, visit.entry_index, visit.patient, visit.filed, made.index, is_accepted
    )
