"""Binding of ``GovernmentRegistry``: the authority, its votes, and the validator set.

Proposals carry one action each.  The proposer's vote is counted with the proposal; the vote that
makes a strict majority of the present members enacts it in the same transaction.
Source: records.md section 3, consensus.md section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from node.base.types import Address, Hash32
from node.contracts.abi import (
    EventSpec,
    Function,
    LedgerEvent,
    View,
    encode_signature,
    encode_values,
)
from node.contracts.government_actions import Action, ActionKind, action_payload


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands; ``votes`` counts present members only."""

    kind: ActionKind
    proposer: Address
    deadline_s: int
    is_enacted: bool
    votes: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Validator:
    """A validator key; it is in the set of block t when active_from <= t < active_until.

    A key that was withdrawn before its rotation came into force ends before it begins.
    """

    key: Address
    hospital_id: int
    """0 for a key of the genesis whose hospital has not been verified yet."""
    node_id: Hash32
    licence_hash: Hash32
    active_from: int
    active_until: int
    """0 = open."""
    is_waiting: bool
    """Withdrawn, but held back by the minimum."""


@dataclass(frozen=True, slots=True)
class Proposed(LedgerEvent):
    """A member made a proposal."""

    SPEC: ClassVar = EventSpec(
        "Proposed(uint256 indexed proposalId,uint8 indexed kind,address indexed proposer,"
        "uint64 deadline,bytes payload)"
    )
    proposal_id: int
    kind: int
    proposer: Address
    deadline: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Voted(LedgerEvent):
    """A member voted for a proposal."""

    SPEC: ClassVar = EventSpec("Voted(uint256 indexed proposalId,address indexed member)")
    proposal_id: int
    member: Address


@dataclass(frozen=True, slots=True)
class Enacted(LedgerEvent):
    """A proposal reached its majority and took effect."""

    SPEC: ClassVar = EventSpec("Enacted(uint256 indexed proposalId,uint8 indexed kind)")
    proposal_id: int
    kind: int


@dataclass(frozen=True, slots=True)
class HospitalVerified(LedgerEvent):
    """The authority accepted a hospital or lifted its suspension."""

    SPEC: ClassVar = EventSpec(
        "HospitalVerified(address indexed account,uint64 indexed hospitalId)"
    )
    account: Address
    hospital_id: int


@dataclass(frozen=True, slots=True)
class HospitalSuspended(LedgerEvent):
    """The authority suspended a hospital."""

    SPEC: ClassVar = EventSpec(
        "HospitalSuspended(address indexed account,uint64 indexed hospitalId)"
    )
    account: Address
    hospital_id: int


@dataclass(frozen=True, slots=True)
class HospitalRevoked(LedgerEvent):
    """The authority revoked a hospital (id 0: turned an application down)."""

    SPEC: ClassVar = EventSpec("HospitalRevoked(address indexed account,uint64 indexed hospitalId)")
    account: Address
    hospital_id: int


@dataclass(frozen=True, slots=True)
class ValidatorAdmitted(LedgerEvent):
    """A key joins the set of block ``active_from``."""

    SPEC: ClassVar = EventSpec(
        "ValidatorAdmitted(address indexed key,uint64 indexed hospitalId,bytes32 nodeId,"
        "bytes32 licenceHash,uint64 activeFrom)"
    )
    key: Address
    hospital_id: int
    node_id: Hash32
    licence_hash: Hash32
    active_from: int


@dataclass(frozen=True, slots=True)
class ValidatorWithdrawn(LedgerEvent):
    """A key is in the sets of blocks below ``active_until`` only."""

    SPEC: ClassVar = EventSpec(
        "ValidatorWithdrawn(address indexed key,uint64 indexed hospitalId,uint64 activeUntil)"
    )
    key: Address
    hospital_id: int
    active_until: int


@dataclass(frozen=True, slots=True)
class ValidatorRotated(LedgerEvent):
    """``new_key`` joins the set in block ``active_from``, in which ``old_key`` leaves it."""

    SPEC: ClassVar = EventSpec(
        "ValidatorRotated(address indexed oldKey,address indexed newKey,uint64 activeFrom)"
    )
    old_key: Address
    new_key: Address
    active_from: int


@dataclass(frozen=True, slots=True)
class LicenceSet(LedgerEvent):
    """A hospital's licence lasts until ``until``, a second of block time; 0 = no end."""

    SPEC: ClassVar = EventSpec("LicenceSet(uint64 indexed hospitalId,uint64 until)")
    hospital_id: int
    until: int


@dataclass(frozen=True, slots=True)
class LicenceSwept(LedgerEvent):
    """The keys of a hospital whose licence ended at ``until`` are withdrawn."""

    SPEC: ClassVar = EventSpec("LicenceSwept(uint64 indexed hospitalId,uint64 until)")
    hospital_id: int
    until: int


@dataclass(frozen=True, slots=True)
class BelowMinimum(LedgerEvent):
    """A withdrawal waits: without the key only ``remaining`` of ``minimum`` would be left."""

    SPEC: ClassVar = EventSpec(
        "BelowMinimum(address indexed key,uint256 remaining,uint256 minimum)"
    )
    key: Address
    remaining: int
    minimum: int


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    Proposed,
    Voted,
    Enacted,
    HospitalVerified,
    HospitalSuspended,
    HospitalRevoked,
    ValidatorAdmitted,
    ValidatorWithdrawn,
    ValidatorRotated,
    LicenceSet,
    LicenceSwept,
    BelowMinimum,
)

_PROPOSE = Function("propose(uint8,bytes)", ("uint256",))
_VOTE = Function("vote(uint256)")
_MEMBERS = Function("members()", ("address[]",))
_IS_MEMBER = Function("isMember(address)", ("bool",))
_PROPOSAL = Function(
    "proposal(uint256)", ("uint8", "address", "uint64", "bool", "uint256", "bytes")
)
_PROPOSAL_COUNT = Function("proposalCount()", ("uint256",))
_HAS_VOTED = Function("hasVoted(uint256,address)", ("bool",))
_VOTING_SECONDS = Function("votingSeconds()", ("uint64",))
_MIN_VALIDATORS = Function("minValidators()", ("uint256",))
_GET_VALIDATORS = Function("getValidators()", ("address[]",))
_VALIDATOR = Function(
    "validator(address)", ("uint64", "bytes32", "bytes32", "uint64", "uint64", "bool")
)
_WAITING = Function("waitingWithdrawals()", ("address[]",))
_LICENCE_UNTIL = Function("licenceUntil(uint64)", ("uint64",))
_SWEEP = Function("sweepExpired(uint64)")
_ROTATE = Function(
    "rotateKey(address,address,(bytes32,bytes32,uint8),(bytes32,bytes32,uint8))", ("uint64",)
)
FUNCTIONS: Final = (
    _PROPOSE,
    _VOTE,
    _MEMBERS,
    _IS_MEMBER,
    _PROPOSAL,
    _PROPOSAL_COUNT,
    _HAS_VOTED,
    _VOTING_SECONDS,
    _MIN_VALIDATORS,
    _GET_VALIDATORS,
    _VALIDATOR,
    _WAITING,
    _LICENCE_UNTIL,
    _SWEEP,
    _ROTATE,
)
CONSTRUCTOR: Final = ("address[]", "address[]", "uint256", "uint64", *["address"] * 5)
"""members, first validator keys, MIN_VALIDATORS, voting seconds, hospitals, doctors,
insurers, researchers, complaints."""


@dataclass(frozen=True, slots=True)
class GovernmentRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def propose(self, action: Action) -> bytes:
        """Propose and vote for it (members only); the id is in the event ``Proposed``."""
        return _PROPOSE.encode(*action_payload(action))

    def vote(self, proposal_id: int) -> bytes:
        """Vote for a proposal (members, once each, before its deadline)."""
        return _VOTE.encode(proposal_id)

    def rotate_key(self, old: Address, new: Address, *, by_old: bytes, by_new: bytes) -> bytes:
        """Change a validator's key, as anybody; ``key_rotation.RotateKey`` makes the signatures.

        raises        CallArgumentError: a signature is not 65 bytes.
        """
        return _ROTATE.encode(old, new, encode_signature(by_old), encode_signature(by_new))

    def sweep_expired(self, hospital_id: int) -> bytes:
        """Withdraw the keys of a hospital whose licence has ended, as anybody."""
        return _SWEEP.encode(hospital_id)

    def members(self) -> View[tuple[Address, ...]]:
        """The authority."""
        return _MEMBERS.view(self.address, tuple)

    def is_member(self, account: Address) -> View[bool]:
        """Whether the account may propose and vote now."""
        return _IS_MEMBER.view(self.address, bool, account)

    def proposal(self, proposal_id: int) -> View[Proposal]:
        """One proposal; ids count from 1, an unknown id reverts."""

        def decode(kind: int, *rest: Any) -> Proposal:  # noqa: ANN401 - decoded words
            return Proposal(ActionKind(kind), *rest)

        return _PROPOSAL.view(self.address, decode, proposal_id)

    def proposal_count(self) -> View[int]:
        """The id of the newest proposal, 0 before the first."""
        return _PROPOSAL_COUNT.view(self.address, int)

    def has_voted(self, proposal_id: int, member: Address) -> View[bool]:
        """Whether the account has voted for the proposal."""
        return _HAS_VOTED.view(self.address, bool, proposal_id, member)

    def voting_seconds(self) -> View[int]:
        """How long a proposal is open, in seconds of block time."""
        return _VOTING_SECONDS.view(self.address, int)

    def min_validators(self) -> View[int]:
        """MIN_VALIDATORS."""
        return _MIN_VALIDATORS.view(self.address, int)

    def get_validators(self) -> View[tuple[Address, ...]]:
        """S(block.number + 1), ascending; the call context is part of consensus."""
        return _GET_VALIDATORS.view(self.address, tuple)

    def validator(self, key: Address) -> View[Validator]:
        """What is on record for a key; all zero for one that never was a validator."""
        return _VALIDATOR.view(self.address, lambda *values: Validator(key, *values), key)

    def waiting_withdrawals(self) -> View[tuple[Address, ...]]:
        """Keys whose withdrawal the minimum holds back, oldest first."""
        return _WAITING.view(self.address, tuple)

    def licence_until(self, hospital_id: int) -> View[int]:
        """When a hospital's licence ends, in seconds of block time; 0 = never."""
        return _LICENCE_UNTIL.view(self.address, int, hospital_id)


def constructor(
    members: Sequence[Address],
    validators: Sequence[Address],
    *,
    min_validators: int,
    voting_seconds: int,
    hospitals: Address,
    doctors: Address,
    insurers: Address,
    researchers: Address,
    complaints: Address,
) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values(
        "GovernmentRegistry",
        CONSTRUCTOR,
        (
            tuple(members),
            tuple(validators),
            min_validators,
            voting_seconds,
            hospitals,
            doctors,
            insurers,
            researchers,
            complaints,
        ),
    )
