"""Workflow 13, first part: a patient asks for a copy of the own records, a hospital issues it.

The clock of 72 hours runs on the ledger.  The patient opens the records at the desk, the hospital
puts the copy together, seals it to the patient's key and keeps it until it is fetched.
"""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.contracts.bindings.consent_registry import CopyIssued, CopyRequested
from node.contracts.cids import Content
from node.ipfs_lite.blocks import BlockClass
from node.privacy.copies import CopiedEntry, SealedCopy, open_copy, seal_copy
from node.workflows.asking import fetch, put, view
from node.workflows.errors import ContractRevertError
from node.workflows.lending import named_deals, record_deals
from node.workflows.own_record import read_own
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Hospital, Patient, Ward


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """What a request leaves."""

    copy_id: int
    patient: Patient
    pmr_id: int
    """0: all records."""
    due_s: int


@dataclass(frozen=True, slots=True)
class CopyMade:
    """What an issued copy leaves."""

    copy_id: int
    patient: Patient
    hospital: Hospital
    content: Content
    entries: int
    is_late: bool


def request_copy(ward: Ward, patient: Patient, pmr_id: int) -> Flow[CopyAsked]:
    """Ask for a copy of one record, or of all (0), with the patient's key.

    raises        ContractRevertError: PatientUnknown, NotPatient, RecordErased.
    """
    consents = ward.contracts.consents
    data = consents.request_copy(pmr_id)
    done = yield from transact(ward, patient.node, patient.signer, consents.address, data)
    event = event_of(done, consents.address, CopyRequested)
    assert isinstance(event, CopyRequested)
    return CopyAsked(event.copy_id, patient, pmr_id, event.due)


def issue_copy(
    ward: Ward, hospital: Hospital, asked: CopyAsked, entropy: Entropy
) -> Flow[CopyMade]:
    """Make the copy that a patient asked for, and record that it is there.

    raises        ContractRevertError: NotRecordKeeper, HospitalNotVerified, AlreadyIssued, ...:
                  an issued copy is not made again.
                  what ``read_own`` raises: no copy is recorded then, and the clock runs on.
    """
    patient, consents = asked.patient, ward.contracts.consents
    state = yield from view(hospital.node, consents.copy_of(asked.copy_id))
    if state.is_issued:
        raise ContractRevertError("AlreadyIssued", ())
    place = yield from _own_entry(ward, hospital, patient, asked.pmr_id)
    entries: list[CopiedEntry] = []
    for deal_id in (yield from named_deals(ward, patient, record_deals(patient, asked.pmr_id))):
        own = yield from read_own(ward, patient, deal_id, entropy)
        one = own.sealable
        entries.append(CopiedEntry(own.pmr_id, own.index, one.salt, one.record))
    entries.sort(key=lambda one: (one.pmr_id, one.index))
    made = seal_copy(entries, asked.copy_id, patient.wallet.sealing_public, entropy)
    cid = yield from put(hospital.node, made.sealed, BlockClass.SEALED, (patient.node,))
    content = Content(made.commitment, cid)
    pmr_id, index = place
    data = consents.issue_copy(asked.copy_id, content, pmr_id=pmr_id, index=index)
    done = yield from transact(ward, hospital.node, hospital.signer, consents.address, data)
    event = event_of(done, consents.address, CopyIssued)
    assert isinstance(event, CopyIssued)
    return CopyMade(asked.copy_id, patient, hospital, content, len(entries), event.late)


def fetch_copy(patient: Patient, made: CopyMade) -> Flow[tuple[CopiedEntry, ...]]:
    """Let the patient fetch an issued copy and open it.

    raises        FetchFailedError.  SealedBoxError, CodecError: it is not what was recorded.
    """
    holders = (made.hospital.node,)
    (sealed,) = yield from fetch(patient.node, (made.content.cid,), holders)
    copy = SealedCopy(made.content.commitment, sealed)
    return patient.wallet.opened(lambda private: open_copy(private, made.copy_id, copy))


def _own_entry(
    ward: Ward, hospital: Hospital, patient: Patient, asked_id: int
) -> Flow[tuple[int, int]]:
    """Give an entry of what was asked for that a hospital wrote; (0, 0): it need not name one.

    It is the desk, or it wrote nothing and the contract will say so.
    """
    if patient.hospital is hospital:
        return 0, 0
    hospital_id = yield from view(
        hospital.node, ward.contracts.hospitals.id_of(hospital.signer.address)
    )
    records = (
        int.from_bytes(patient.wallet.manifest(one).header.pmr_id)
        for one in record_deals(patient, asked_id)
    )
    for pmr_id in sorted(set(records)):
        entries = yield from view(hospital.node, ward.contracts.pmr.entries(pmr_id))
        for index, entry in enumerate(entries):
            if entry.hospital_id == hospital_id:
                return pmr_id, index
    return 0, 0
