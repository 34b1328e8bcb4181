"""Workflow 5: a doctor orders a study, a lab performs it.

The study is de-identified before anything else happens to it; what cannot be de-identified is
refused, and nothing of it is stored or said to the ledger.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from node.base.ports import Entropy
from node.base.types import Address
from node.contracts.cids import Content
from node.contracts.lab_registry import LabFiled, LabOrdered, SharePlan
from node.privacy.dicom_engine import DicomReport, anonymise
from node.privacy.record import Study
from node.privacy.studies import study_facts
from node.sss.shares import Scheme
from node.workflows.asking import await_inclusion, call, local_date, view
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.dealing import UNWRITTEN, Filed, file_record
from node.workflows.errors import ContractRevertError, ModalityError
from node.workflows.lending import leave_for_emergencies
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Doctor, Lab, Patient, Ward

REASON_DEFAULT: Final = "ROUTINE"


@dataclass(frozen=True, slots=True)
class Order:
    """What an order leaves."""

    order_id: int
    pmr_id: int
    patient: Patient
    modality: str
    reason: str


@dataclass(frozen=True, slots=True)
class FiledStudy:
    """What a performed order leaves."""

    order: Order
    entry_index: int
    filed: Filed
    report: DicomReport

    @property
    def pmr_id(self) -> int:
        """The record that the study belongs to."""
        return self.order.pmr_id

    @property
    def patient(self) -> Patient:
        """Whose study it is."""
        return self.order.patient


def order_lab(
    ward: Ward,
    doctor: Doctor,
    patient: Patient,
    lab: Lab,
    pmr_id: int,
    *,
    modality: str,
    reason: str | None,
) -> Flow[Order]:
    """Order a study for a visit; the hospital lists its lab first if nobody has.

    raises        ContractRevertError: DoctorNotActive, LabNotListed, ReasonMissing, ...
    """
    labs = ward.contracts.labs
    hospital = doctor.hospital.signer.address
    hospital_id = yield from view(doctor.node, ward.contracts.hospitals.id_of(hospital))
    code = REASON_DEFAULT if reason is None else reason
    data = labs.order(
        pmr_id,
        hospital_id=hospital_id,
        lab=lab.signer.address,
        modality=modality,
        reason=code,
    )
    try:
        yield from call(doctor.node, labs.address, data, doctor.signer.address)
    except ContractRevertError as error:
        if error.name != "LabNotListed":
            raise
        yield from _list_lab(ward, lab, seen_by=doctor.node)
    inclusion = yield from transact(ward, doctor.node, doctor.signer, labs.address, data)
    ordered = event_of(inclusion, labs.address, LabOrdered)
    assert isinstance(ordered, LabOrdered)
    return Order(ordered.order_id, pmr_id, patient, modality, code)


def _list_lab(ward: Ward, lab: Lab, *, seen_by: Address) -> Flow[None]:
    """List a lab with its hospital's key, and wait until another node knows it too."""
    labs, desk = ward.contracts.labs, lab.hospital
    data = labs.list_lab(lab.signer.address, lab.name)
    listed = yield from transact(ward, desk.node, desk.signer, labs.address, data, final=False)
    yield from await_inclusion(seen_by, listed.tx_hash, final=False)


def perform_lab(
    ward: Ward, lab: Lab, order: Order, study: bytes, entropy: Entropy
) -> Flow[FiledStudy]:
    """De-identify a study, split it, and file it under its order.

    raises        NotDicomError, TruncatedDicomError, UnsupportedObjectError,
                  QuarantineRequiredError: the study is refused as it is.
                  ModalityError: it is of another modality than the order.
                  ContractRevertError: OrderNotOpen, NotOrderedLab, ...
    In all these cases nothing was sealed or handed out.
    """
    facts = study_facts(study)
    if facts.modality != order.modality:
        raise ModalityError(order.modality, facts.modality)
    clean = anonymise(study, site_key=lab.hospital.site_key, patient=order.patient.person.identity)
    captured = facts.date_of_capture
    if captured is None:
        captured = yield from local_date(ward, lab.node)
    labs = ward.contracts.labs
    unwritten = _filing(ward, order, captured, UNWRITTEN)
    yield from call(lab.node, labs.address, unwritten, lab.signer.address)
    filed = yield from file_record(
        ward,
        order.patient,
        Study(clean.data),
        node=lab.node,
        dealer=lab.signer.address,
        pmr_id=order.pmr_id,
        entropy=entropy,
    )
    data = _filing(ward, order, captured, filed.content)
    inclusion = yield from transact(ward, lab.node, lab.signer, labs.address, data)
    event = event_of(inclusion, labs.address, LabFiled)
    assert isinstance(event, LabFiled)
    with suppress(CustodiansMissingError):  # the study stands; the next brings the letters
        yield from leave_for_emergencies(ward, order.patient, inclusion.timestamp, entropy)
    return FiledStudy(order, event.entry_index, filed, clean.report)


def _filing(ward: Ward, order: Order, captured: date, content: Content) -> bytes:
    return ward.contracts.labs.file(
        order.order_id,
        modality=order.modality,
        captured=captured,
        reason=order.reason,
        content=content,
        plan=SharePlan(int(Scheme.SSMS), ward.sharing.t, ward.sharing.n),
    )
