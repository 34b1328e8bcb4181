"""Workflow 10: a doctor breaks the glass, and a member of the authority reviews it.

Nobody is asked first: the event is on the ledger at once, custodians release what the patient has
left for emergencies, and nothing else.  Afterwards the patient shares the opened records anew
(``after_emergency``): who has seen a key may have kept it.
"""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.base.types import Hash32
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.workflows.asking import view
from node.workflows.lending import named_deals, record_deals
from node.workflows.requests import Flow
from node.workflows.rotate_key import Rotated, rotate_key
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Doctor, HeldGrant, Patient, Regulator, Ward


@dataclass(frozen=True, slots=True)
class EmergencyMade:
    """What breaking the glass leaves."""

    emergency_id: Hash32
    doctor: Doctor
    patient: Patient
    until_s: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review leaves."""

    emergency_id: Hash32
    is_late: bool
    until_s: int
    """The emergency's end: the review's own time, if it found none while it ran."""


def emergency_access(
    ward: Ward, doctor: Doctor, patient: Patient, *, reason: str, seconds: int
) -> Flow[EmergencyMade]:
    """Break the glass; then ``read_record`` reads in its name, as under a grant.

    raises        ContractRevertError: DoctorNotActive, ReasonMissing, ConsentPeriod, ...
                  CallArgumentError: a reason code over 32 ASCII characters.
    """
    consents, hospitals = ward.contracts.consents, ward.contracts.hospitals
    hospital_id = yield from view(doctor.node, hospitals.id_of(doctor.hospital.signer.address))
    account = patient.wallet.address
    patient_id = yield from view(doctor.node, ward.contracts.patients.id_of(account))
    data = consents.emergency_access(
        patient_id, hospital_id=hospital_id, reason=reason, seconds=seconds
    )
    inclusion = yield from transact(ward, doctor.node, doctor.signer, consents.address, data)
    event = event_of(inclusion, consents.address, EmergencyAccess)
    assert isinstance(event, EmergencyAccess)
    doctor.grants.append(HeldGrant(event.emergency_id, 0, account, event.until))
    return EmergencyMade(event.emergency_id, doctor, patient, event.until)


def review_emergency(
    ward: Ward, member: Regulator, emergency_id: Hash32, *, outcome: str, is_justified: bool
) -> Flow[Reviewed]:
    """Say what came of an emergency, with the key of one member of the authority.

    raises        ContractRevertError: NotAuthorityMember, EmergencyUnknown, AlreadyReviewed, ...
                  CallArgumentError: an outcome code over 32 ASCII characters.
    """
    consents = ward.contracts.consents
    data = consents.review_emergency(emergency_id, outcome=outcome, is_justified=is_justified)
    inclusion = yield from transact(ward, member.node, member.signer, consents.address, data)
    event = event_of(inclusion, consents.address, EmergencyReviewed)
    assert isinstance(event, EmergencyReviewed)
    return Reviewed(emergency_id, event.late, event.until)


def after_emergency(
    ward: Ward, patient: Patient, entropy: Entropy
) -> Flow[tuple[tuple[bytes, Rotated], ...]]:
    """Share every record anew that the patient had left for emergencies; give each old deal.

    Whoever read keeps a key that opens nothing any more.  Grants that go on, and the next
    emergency, get deposits for the new generation.

    raises        what ``rotate_key`` raises: records before the one at fault are shared anew.
    """
    done: list[tuple[bytes, Rotated]] = []
    for deal_id in (yield from named_deals(ward, patient, record_deals(patient))):
        rotated = yield from rotate_key(ward, patient, deal_id, entropy, without=None)
        done.append((deal_id, rotated))
    return tuple(done)
