"""Workflow 2: a hospital onboards a doctor; a registration number stands for one doctor."""

from node.contracts.doctor_registry import DoctorOnboarded
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Doctor, Ward


def onboard_doctor(ward: Ward, doctor: Doctor) -> Flow[int]:
    """Onboard with the key of the doctor's hospital; give the Doctor-ID.

    raises        ContractRevertError: HospitalNotVerified, DuplicateRegistration(existingId).
    """
    registry = ward.contracts.doctors
    data = registry.onboard(
        doctor.signer.address,
        doctor.registration,
        name=doctor.title,
        specialisation=doctor.specialisation,
        contact=doctor.contact,
        key=doctor.reader.sealing_public,
    )
    signer = doctor.hospital.signer
    inclusion = yield from transact(ward, doctor.node, signer, registry.address, data)
    event = event_of(inclusion, registry.address, DoctorOnboarded)
    assert isinstance(event, DoctorOnboarded)
    return event.doctor_id
