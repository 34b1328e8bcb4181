"""Workflow 4: a visit is written down, sealed and committed to the patient's record."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from node.base.ports import Entropy
from node.contracts.cids import Content
from node.contracts.pmr_entries import EntryAdded
from node.contracts.pmr_id import encode_pmr_id
from node.privacy.record import PmrEntry
from node.workflows.asking import call, local_date, view
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.dealing import UNWRITTEN, Filed, file_record
from node.workflows.errors import ContractRevertError
from node.workflows.lending import leave_for_emergencies
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Doctor, Patient, Ward


@dataclass(frozen=True, slots=True)
class Visit:
    """What the flow leaves: an entry of a PMR."""

    pmr_id: int
    entry_index: int
    patient: Patient
    filed: Filed


def consult(
    ward: Ward,
    doctor: Doctor,
    patient: Patient,
    entry: PmrEntry,
    *,
    on: date | None,
    entropy: Entropy,
) -> Flow[Visit]:
    """Write a consultation; the first one of a day mints the PMR token.

    ``on``        the date of the visit in the hospitals' time zone; None: that of the head.
    raises        ContractRevertError: PatientUnknown, DoctorNotActive, DateTooFar, ...
    """
    if on is None:
        on = yield from local_date(ward, doctor.node)
    patient_id = yield from view(doctor.node, ward.contracts.patients.id_of(patient.wallet.address))
    if patient_id == 0:
        raise ContractRevertError("PatientUnknown", ())
    pmr_id = encode_pmr_id(patient_id, on)
    return (
        yield from write_entry(ward, doctor, patient, entry, pmr_id, second=False, entropy=entropy)
    )


def write_entry(
    ward: Ward,
    doctor: Doctor,
    patient: Patient,
    entry: PmrEntry,
    pmr_id: int,
    *,
    second: bool,
    entropy: Entropy,
) -> Flow[Visit]:
    """File an entry and append it, as a consultation or as a ``second`` opinion.

    raises        ContractRevertError: DoctorNotActive, DateTooFar, GrantNotActive, ...: then
                  nothing was sealed or handed out.
    """
    pmr = ward.contracts.pmr
    hospital_id = yield from hospital_id_of(ward, doctor)
    write = pmr.add_second_opinion if second else pmr.consult

    def written(content: Content) -> bytes:
        return write(pmr_id, hospital_id=hospital_id, content=content)

    return (
        yield from append_entry(
            ward, doctor, patient, entry, pmr_id=pmr_id, written=written, entropy=entropy
        )
    )


def hospital_id_of(ward: Ward, doctor: Doctor) -> Flow[int]:
    """Give the Hospital-ID under which a doctor writes."""
    hospital = doctor.hospital.signer.address
    return (yield from view(doctor.node, ward.contracts.hospitals.id_of(hospital)))


def append_entry(
    ward: Ward,
    author: Doctor | Patient,
    patient: Patient,
    entry: PmrEntry,
    *,
    pmr_id: int,
    written: Callable[[Content], bytes],
    entropy: Entropy,
) -> Flow[Visit]:
    """File an entry and append it by the call that ``written`` gives for its content.

    raises        ContractRevertError: the call is refused; if it is before the entry was filed,
                  nothing was sealed or handed out.
    """
    pmr, address = ward.contracts.pmr, author.signer.address
    yield from call(author.node, pmr.address, written(UNWRITTEN), address)
    filed = yield from file_record(
        ward,
        patient,
        entry,
        node=author.node,
        dealer=address,
        pmr_id=pmr_id,
        entropy=entropy,
    )
    data = written(filed.content)
    inclusion = yield from transact(ward, author.node, author.signer, pmr.address, data)
    added = event_of(inclusion, pmr.address, EntryAdded)
    assert isinstance(added, EntryAdded)
    with suppress(CustodiansMissingError):  # the entry stands; the next brings the letters
        yield from leave_for_emergencies(ward, patient, inclusion.timestamp, entropy)
    return Visit(pmr_id, added.index, patient, filed)
