import pytest
from eth_abi import encode as eth_encode

from node.base.types import Address, Hash32
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import (
    Action,
    ActionKind,
    AddMember,
    AdmitValidator,
    EmergencyWithdraw,
    RemoveMember,
    RevokeHospital,
    SetLicence,
    SuspendDoctor,
    SuspendHospital,
    UpholdComplaint,
    VerifyHospital,
    WithdrawValidator,
    action_payload,
)

A = Address(b"\xaa" * 20)
B = Address(b"\xbb" * 20)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (AddMember(A), ActionKind.ADD_MEMBER),
        (RemoveMember(A), ActionKind.REMOVE_MEMBER),
        (VerifyHospital(A), ActionKind.VERIFY_HOSPITAL),
        (SuspendHospital(A), ActionKind.SUSPEND_HOSPITAL),
        (RevokeHospital(A), ActionKind.REVOKE_HOSPITAL),
        (WithdrawValidator(A), ActionKind.WITHDRAW_VALIDATOR),
        (EmergencyWithdraw(A), ActionKind.EMERGENCY_WITHDRAW),
    ],
)
def test_action_on_an_account_carries_the_account(action: Action, kind: ActionKind) -> None:
    assert action_payload(action) == (kind, bytes(12) + A)


def test_admission_carries_hospital_key_node_and_licence() -> None:
    node_id, licence = Hash32(b"\x01" * 32), Hash32(b"\x02" * 32)
    types = ["address", "address", "bytes32", "bytes32"]
    assert action_payload(AdmitValidator(A, B, node_id, licence)) == (
        ActionKind.ADMIT_VALIDATOR,
        eth_encode(types, [A, B, node_id, licence]),
    )


def test_suspension_of_a_doctor_carries_id_and_end() -> None:
    payload = (7).to_bytes(32) + (99).to_bytes(32)
    assert action_payload(SuspendDoctor(7, 99)) == (ActionKind.SUSPEND_DOCTOR, payload)


@pytest.mark.parametrize("until_s", [-1, 2**64])
def test_end_outside_uint64_is_refused(until_s: int) -> None:
    with pytest.raises(CallArgumentError, match="SuspendDoctor"):
        action_payload(SuspendDoctor(7, until_s))


def test_licence_carries_hospital_and_end() -> None:
    payload = bytes(12) + A + (99).to_bytes(32)
    assert action_payload(SetLicence(A, 99)) == (ActionKind.SET_LICENCE, payload)


def test_complaint_carries_its_grant() -> None:
    grant_id = Hash32(b"\x07" * 32)
    assert action_payload(UpholdComplaint(grant_id)) == (ActionKind.UPHOLD_COMPLAINT, grant_id)
