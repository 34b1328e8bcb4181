"""Who validates: the authority's decisions on hospitals and keys, and what hospitals do themselves.

Each flow ends when its transaction is final, and gives the key's record as the contract has it
then: a withdrawal may have to wait its turn, or for the minimum (consensus.md section 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.contracts.government_actions import (
    LICENCE_WITHOUT_END,
    Action,
    AdmitValidator,
    EmergencyWithdraw,
    RevokeHospital,
    SetLicence,
    SuspendHospital,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.government_registry import Validator, ValidatorRotated
from node.contracts.hospital_registry import HospitalStatus
from node.contracts.key_rotation import RotateKey
from node.workflows.asking import head, view, vote_on_key
from node.workflows.errors import ContractRevertError
from node.workflows.register_hospital import decide
from node.workflows.requests import Flow
from node.workflows.transacting import REGISTRY_GAS, event_of, transact
from node.workflows.ward import Hospital, Regulator, Ward


@dataclass(frozen=True, slots=True)
class RotatedKey:
    """A hospital's node signs with ``signer`` in block ``active_from`` and later."""

    node: Address
    """The hospital's node, by its first validator key."""
    old_key: Address
    signer: PrivateKey
    active_from: int


def admit_validator(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Let a hospital's key into the set: a new one, or one that was withdrawn.

    raises        ContractRevertError: HospitalNotVerified, LicenceExpired, ValidatorKnown, ...
    """
    key = hospital.validator_key.address
    node_id = Hash32(bytes(12) + hospital.node)
    licence = keccak256(hospital.registration.encode())
    action = AdmitValidator(hospital.signer.address, key, node_id, licence)
    return (yield from _decided(ward, hospital, regulators, action))


def withdraw_validator(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Take a hospital's key out of the set.

    raises        ContractRevertError: ValidatorUnknown, ...
    """
    action = WithdrawValidator(hospital.validator_key.address)
    return (yield from _decided(ward, hospital, regulators, action))


def emergency_withdraw(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Take a hospital's key out of the set below its minimum: every member has to vote.

    raises        ContractRevertError: ValidatorUnknown, LastValidator, ...
    """
    action = EmergencyWithdraw(hospital.validator_key.address)
    return (yield from _decided(ward, hospital, regulators, action, everybody=True))


def suspend_hospital(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Stop a hospital for a time; its keys are withdrawn.

    raises        ContractRevertError: HospitalNotVerified, ...
    """
    action = SuspendHospital(hospital.signer.address)
    return (yield from _decided(ward, hospital, regulators, action))


def lift_suspension(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Let a suspended hospital act again; its keys come back by ``admit_validator``.

    raises        ContractRevertError: HospitalStatusWrong: it is not suspended.
    """
    account = hospital.signer.address
    node = _elsewhere(hospital, regulators)[0].node
    found = yield from view(node, ward.contracts.hospitals.hospital(account))
    if found.status is not HospitalStatus.SUSPENDED:  # the same vote would accept an application
        raise ContractRevertError("HospitalStatusWrong", ())
    return (yield from _decided(ward, hospital, regulators, VerifyHospital(account)))


def revoke_hospital(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[Validator]:
    """Stop a hospital for good; its keys are withdrawn.

    raises        ContractRevertError: HospitalStatusWrong, ...
    """
    action = RevokeHospital(hospital.signer.address)
    return (yield from _decided(ward, hospital, regulators, action))


def set_licence(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator], *, seconds: int | None
) -> Flow[int]:
    """Let a hospital's licence end so many seconds of block time from now, or never (None).

    Gives the end, 0 for never.
    raises        ContractRevertError: HospitalNotVerified, ...
    """
    until_s = LICENCE_WITHOUT_END
    if seconds is not None:
        now = yield from head(regulators[0].node)
        until_s = now.timestamp + seconds
    action = SetLicence(hospital.signer.address, until_s)
    yield from decide(ward, regulators, action, gas=REGISTRY_GAS)
    return until_s


def sweep_expired(ward: Ward, hospital: Hospital, anybody: Regulator) -> Flow[Validator]:
    """Withdraw the keys of a hospital whose licence has ended.

    raises        ContractRevertError: LicenceNotExpired, ValidatorUnknown: nothing is left.
    """
    contracts = ward.contracts
    node = anybody.node
    hospital_id = yield from view(node, contracts.hospitals.id_of(hospital.signer.address))
    government = contracts.government
    yield from transact(
        ward,
        node,
        anybody.signer,
        government.address,
        government.sweep_expired(hospital_id),
        gas=REGISTRY_GAS,
    )
    return (yield from view(node, government.validator(hospital.validator_key.address)))


def vote_in_headers(
    nodes: Sequence[Address], subject: Address, *, authorize: bool | None
) -> Flow[None]:
    """Have the engines of ``nodes`` vote on a key in the headers they seal; None: no more.

    Ends when all have taken the order.  What becomes of the votes is the engine's: Clique, IBFT 1
    and QBFT with sets in headers count them, the others know none.
    """
    for node in nodes:
        yield from vote_on_key(node, subject, authorize=authorize)


def rotate_validator_key(ward: Ward, hospital: Hospital, new_key: PrivateKey) -> Flow[RotatedKey]:
    """Let a hospital validate with another key: both sign, and no vote is needed.

    raises        ContractRevertError: HospitalNotVerified, LicenceExpired, ValidatorUnknown,
                  ValidatorKnown, ...
    """
    government, old = ward.contracts.government, hospital.validator_key
    record = yield from view(hospital.node, government.validator(old.address))
    by_old, by_new = RotateKey(old.address, new_key.address, record.active_from).proofs(
        old, new_key, chain_id=ward.chain_id, government=government.address
    )
    done = yield from transact(
        ward,
        hospital.node,
        hospital.signer,
        government.address,
        government.rotate_key(old.address, new_key.address, by_old=by_old, by_new=by_new),
        gas=REGISTRY_GAS,
    )
    rotated = event_of(done, government.address, ValidatorRotated)
    assert isinstance(rotated, ValidatorRotated)
    hospital.rotated_keys.append(new_key)
    return RotatedKey(hospital.node, old.address, new_key, rotated.active_from)


def _decided(
    ward: Ward,
    hospital: Hospital,
    regulators: Sequence[Regulator],
    action: Action,
    *,
    everybody: bool = False,
) -> Flow[Validator]:
    """Let the authority decide, and give the record of the hospital's key."""
    members = _elsewhere(hospital, regulators)
    yield from decide(ward, members, action, everybody=everybody, gas=REGISTRY_GAS)
    voters = len(members) if everybody else len(members) // 2 + 1
    question = ward.contracts.government.validator(hospital.validator_key.address)
    return (yield from view(members[voters - 1].node, question))


def _elsewhere(hospital: Hospital, regulators: Sequence[Regulator]) -> tuple[Regulator, ...]:
    """Have nobody act through the node of the hospital in question: peers may have left it."""
    other = next((one.node for one in regulators if one.node != hospital.node), hospital.node)
    return tuple(
        replace(one, node=other) if one.node == hospital.node else one for one in regulators
    )
