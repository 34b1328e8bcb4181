"""Workflow 3: a hospital's desk registers a patient, with an attendant if any."""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.contracts.cids import Content
from node.contracts.patient_registry import PatientRegistered
from node.workflows.asking import call
from node.workflows.dealing import REGISTRATION_PMR_ID, UNWRITTEN, Filed, file_record
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Patient, Ward


@dataclass(frozen=True, slots=True)
class RegisteredPatient:
    """What the flow leaves."""

    patient_id: int
    details: Filed
    attendant: Filed | None


def register_patient(ward: Ward, patient: Patient, entropy: Entropy) -> Flow[RegisteredPatient]:
    """Seal the details, then register commitment and CID with the desk's key.

    raises        ContractRevertError: HospitalNotVerified, DuplicateRegistration(existingId).
                  PlacementInfeasibleError: too few Verified hospitals to keep the details.
    """
    registry = ward.contracts.patients
    desk = patient.hospital
    unwritten = _call(ward, patient, UNWRITTEN, None)
    yield from call(desk.node, registry.address, unwritten, desk.signer.address)
    details = yield from file_record(
        ward,
        patient,
        patient.person.details,
        node=desk.node,
        dealer=desk.signer.address,
        pmr_id=REGISTRATION_PMR_ID,
        entropy=entropy,
    )
    attendant = None
    if patient.has_attendant:
        attendant = yield from file_record(
            ward,
            patient,
            patient.person.attendant,
            node=desk.node,
            dealer=desk.signer.address,
            pmr_id=REGISTRATION_PMR_ID,
            entropy=entropy,
        )
    data = _call(ward, patient, details.content, attendant.content if attendant else None)
    inclusion = yield from transact(ward, desk.node, desk.signer, registry.address, data)
    event = event_of(inclusion, registry.address, PatientRegistered)
    assert isinstance(event, PatientRegistered)
    patient.patient_id = event.patient_id
    return RegisteredPatient(event.patient_id, details, attendant)


def _call(ward: Ward, patient: Patient, details: Content, attendant: Content | None) -> bytes:
    return ward.contracts.patients.register(
        patient.wallet.address,
        key=patient.wallet.sealing_public,
        details=details,
        attendant=attendant,
    )
