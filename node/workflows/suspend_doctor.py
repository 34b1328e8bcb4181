"""The council's sanction: the authority suspends a doctor, for a time or for good."""

from collections.abc import Sequence

from node.contracts.government_actions import SUSPENDED_FOR_GOOD, SuspendDoctor
from node.workflows.asking import head, view
from node.workflows.errors import ContractRevertError
from node.workflows.register_hospital import decide
from node.workflows.requests import Flow
from node.workflows.ward import Doctor, Regulator, Ward


def suspend_doctor(
    ward: Ward, doctor: Doctor, regulators: Sequence[Regulator], *, seconds: int | None
) -> Flow[int]:
    """Suspend for so many seconds of block time, or for good; give the proposal's number.

    raises        ContractRevertError: DoctorUnknown, NotAuthorityMember, ...
    """
    node = regulators[0].node
    doctor_id = yield from view(node, ward.contracts.doctors.id_of(doctor.signer.address))
    if doctor_id == 0:
        raise ContractRevertError("DoctorUnknown", ())
    until_s = SUSPENDED_FOR_GOOD
    if seconds is not None:
        now = yield from head(node)
        until_s = now.timestamp + seconds
    return (yield from decide(ward, regulators, SuspendDoctor(doctor_id, until_s)))
