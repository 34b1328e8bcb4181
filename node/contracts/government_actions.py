"""What the authority can decide: one typed action per kind of proposal (records.md section 3)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.base.types import Address, Hash32
from node.contracts.abi import encode_values

SUSPENDED_FOR_GOOD: Final = 2**64 - 1
"""``until_s`` of a suspension that no time ends."""
LICENCE_WITHOUT_END: Final = 0
"""``until_s`` of a licence that no time ends."""


class ActionKind(IntEnum):
    """What a proposal does when it is enacted; the numbers are those of the contract."""

    ADD_MEMBER = 0
    REMOVE_MEMBER = 1
    VERIFY_HOSPITAL = 2
    SUSPEND_HOSPITAL = 3
    REVOKE_HOSPITAL = 4
    ADMIT_VALIDATOR = 5
    WITHDRAW_VALIDATOR = 6
    EMERGENCY_WITHDRAW = 7
    SUSPEND_DOCTOR = 8
    SET_LICENCE = 9
    LIST_INSURER = 10
    STRIKE_INSURER = 11
    LIST_RESEARCHER = 12
    STRIKE_RESEARCHER = 13
    UPHOLD_COMPLAINT = 14


@dataclass(frozen=True, slots=True)
class AddMember:
    """A regulator joins the authority."""

    account: Address


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """A regulator leaves the authority; the last one cannot."""

    account: Address


@dataclass(frozen=True, slots=True)
class VerifyHospital:
    """An application is accepted (Hospital-ID issued), or a suspension lifted."""

    account: Address


@dataclass(frozen=True, slots=True)
class SuspendHospital:
    """A Verified hospital stops acting and its validators are withdrawn."""

    account: Address


@dataclass(frozen=True, slots=True)
class RevokeHospital:
    """A hospital stops acting for good, or an application is turned down."""

    account: Address


@dataclass(frozen=True, slots=True)
class AdmitValidator:
    """A Verified hospital's key joins the validators from the next block on."""

    hospital: Address
    key: Address
    node_id: Hash32
    licence_hash: Hash32


@dataclass(frozen=True, slots=True)
class WithdrawValidator:
    """A key leaves; stored as waiting while the set would fall below its minimum."""

    key: Address


@dataclass(frozen=True, slots=True)
class EmergencyWithdraw:
    """A key leaves although the set falls below its minimum; every member must vote for it."""

    key: Address


@dataclass(frozen=True, slots=True)
class SuspendDoctor:
    """The council's sanction: until a second of block time, for good, or 0 = lifted."""

    doctor_id: int
    until_s: int


@dataclass(frozen=True, slots=True)
class SetLicence:
    """A Verified hospital's licence lasts until a second of block time, exclusive; 0 = no end."""

    hospital: Address
    until_s: int


@dataclass(frozen=True, slots=True)
class ListInsurer:
    """An account becomes an insurer, and then describes itself."""

    account: Address


@dataclass(frozen=True, slots=True)
class StrikeInsurer:
    """An insurer is one no more."""

    account: Address


@dataclass(frozen=True, slots=True)
class ListResearcher:
    """An account becomes a researcher, and then describes itself."""

    account: Address


@dataclass(frozen=True, slots=True)
class StrikeResearcher:
    """A researcher is one no more."""

    account: Address


@dataclass(frozen=True, slots=True)
class UpholdComplaint:
    """A complaint of how a grant is used is proven: the grant ends."""

    grant_id: Hash32


Action = (
    AddMember
    | RemoveMember
    | VerifyHospital
    | SuspendHospital
    | RevokeHospital
    | AdmitValidator
    | WithdrawValidator
    | EmergencyWithdraw
    | SuspendDoctor
    | SetLicence
    | ListInsurer
    | StrikeInsurer
    | ListResearcher
    | StrikeResearcher
    | UpholdComplaint
)


def action_payload(action: Action) -> tuple[ActionKind, bytes]:
    """Give the kind and the ABI-encoded arguments of an action.

    raises        CallArgumentError: a value does not fit its type.
    """
    match action:
        case AdmitValidator(hospital, key, node_id, licence_hash):
            return ActionKind.ADMIT_VALIDATOR, encode_values(
                "AdmitValidator",
                ("address", "address", "bytes32", "bytes32"),
                (hospital, key, node_id, licence_hash),
            )
        case SuspendDoctor(doctor_id, until_s):
            return ActionKind.SUSPEND_DOCTOR, encode_values(
                "SuspendDoctor", ("uint64", "uint64"), (doctor_id, until_s)
            )
        case SetLicence(hospital, until_s):
            return ActionKind.SET_LICENCE, encode_values(
                "SetLicence", ("address", "uint64"), (hospital, until_s)
            )
        case UpholdComplaint(grant_id):
            return ActionKind.UPHOLD_COMPLAINT, encode_values(
                "UpholdComplaint", ("bytes32",), (grant_id,)
            )
        case WithdrawValidator(account) | EmergencyWithdraw(account):
            pass
        case _:
            account = action.account
    name = type(action).__name__
    return _KINDS[type(action)], encode_values(name, ("address",), (account,))


_KINDS: Final[dict[type, ActionKind]] = {
    AddMember: ActionKind.ADD_MEMBER,
    RemoveMember: ActionKind.REMOVE_MEMBER,
    VerifyHospital: ActionKind.VERIFY_HOSPITAL,
    SuspendHospital: ActionKind.SUSPEND_HOSPITAL,
    RevokeHospital: ActionKind.REVOKE_HOSPITAL,
    WithdrawValidator: ActionKind.WITHDRAW_VALIDATOR,
    EmergencyWithdraw: ActionKind.EMERGENCY_WITHDRAW,
    ListInsurer: ActionKind.LIST_INSURER,
    StrikeInsurer: ActionKind.STRIKE_INSURER,
    ListResearcher: ActionKind.LIST_RESEARCHER,
    StrikeResearcher: ActionKind.STRIKE_RESEARCHER,
}
"""Actions on one account."""
