"""Binding of ``ConsentRegistry``: requests, grants, refusals, revocations.

What it has besides stands in ``complaints``, ``emergencies`` and ``copies``.

A grant id is the EIP-712 digest of its ``Consent``.  The chain's state keeps one word per grant
(its window and a tag of its id); the rest of a Consent stands in ``Granted``, from which
``node.contracts.grant_book`` rebuilds grants and access lists.
Source: records.md section 3, privacy-and-interop.md section 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.types import Address, Hash32
from node.contracts import complaints, copies, emergencies
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_signature
from node.contracts.bindings import consent_registry as bound
from node.contracts.complaints import ComplaintCalls
from node.contracts.copies import CopyCalls
from node.contracts.emergencies import EmergencyCalls
from node.contracts.errors import CallArgumentError

CONSENTS_PER_TRANSACTION_MAX: Final = 16
SCOPE_LATER: Final = 1 << 255
"""Scope bit: also records made after the grant."""
SCOPE_SECTIONS: Final = 0x7F
"""Scope bits 0..6: present illness, past illness, diagnosis, treatment summary, lab reports,
IoMT, insurance."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The signed fields, in the order of the EIP-712 type."""

    pmr_id: int
    """PMR-ID, or 0 for all records of the patient."""
    patient: Address
    grantee: Address
    purpose: bytes
    """ASCII code right-padded with zeros to 32 bytes."""
    scope: bytes
    """32-byte bit field, big-endian."""
    grantee_key: bytes
    """X25519 public key, 32 bytes."""
    valid_from_s: int
    valid_until_s: int
    nonce: int

    def as_abi(self) -> tuple[object, ...]:
        """Give the Solidity struct."""
        return (
            self.pmr_id,
            self.patient,
            self.grantee,
            self.purpose,
            self.scope,
            self.grantee_key,
            self.valid_from_s,
            self.valid_until_s,
            self.nonce,
        )


@dataclass(frozen=True, slots=True)
class AccessRequested(LedgerEvent):
    """A doctor or hospital asks a patient for access, with the fields of a Consent."""

    SPEC: ClassVar = EventSpec(
        "AccessRequested(bytes32 indexed requestId,address indexed patient,"
        "address indexed grantee,uint256 pmrId,bytes32 purpose,bytes32 scope,bytes32 granteeKey,"
        "uint64 validFrom,uint64 validUntil)"
    )
    request_id: Hash32
    patient: Address
    grantee: Address
    pmr_id: int
    purpose: bytes
    scope: bytes
    grantee_key: bytes
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Granted(LedgerEvent):
    """A patient's Consent stands on the ledger."""

    SPEC: ClassVar = EventSpec(
        "Granted(bytes32 indexed grantId,address indexed patient,address indexed grantee,"
        "uint256 pmrId,bytes32 purpose,bytes32 scope,bytes32 granteeKey,uint64 validFrom,"
        "uint64 validUntil,uint256 nonce)"
    )
    grant_id: Hash32
    patient: Address
    grantee: Address
    pmr_id: int
    purpose: bytes
    scope: bytes
    grantee_key: bytes
    valid_from: int
    valid_until: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Denied(LedgerEvent):
    """A patient turned a request down."""

    SPEC: ClassVar = EventSpec("Denied(bytes32 indexed requestId,address indexed patient)")
    request_id: Hash32
    patient: Address


@dataclass(frozen=True, slots=True)
class Revoked(LedgerEvent):
    """A patient took a grant back, or the authority ended it."""

    SPEC: ClassVar = EventSpec("Revoked(bytes32 indexed grantId)")
    grant_id: Hash32


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    AccessRequested,
    Granted,
    Denied,
    Revoked,
    *complaints.EVENTS,
    *emergencies.EVENTS,
    *copies.EVENTS,
)

_CONSENT: Final = "(uint256,address,address,bytes32,bytes32,bytes32,uint64,uint64,uint256)"
_SIGNATURE: Final = "(bytes32,bytes32,uint8)"
_REQUEST = Function(
    "requestAccess(address,uint256,bytes32,bytes32,bytes32,uint64,uint64)", ("bytes32",)
)
_DENY = Function("deny(bytes32)")
_GRANT = Function(f"grant({_CONSENT},{_SIGNATURE})", ("bytes32",))
_GRANT_MANY = Function(f"grantMany({_CONSENT}[],{_SIGNATURE}[])")
_REVOKE = Function("revoke(bytes32,address,uint256)")
_REVOKE_SIGNED = Function(f"revokeSigned(bytes32,address,uint256,uint256,{_SIGNATURE})")
_NONCE = Function("nonces(address)", ("uint256",))
_IS_ALLOWED = Function("isAllowed(address,uint256,uint256)", ("bool",))
_IS_STANDING = Function(f"isStanding({_CONSENT})", ("bool",))
_GRANT_ID = Function(f"grantIdOf({_CONSENT})", ("bytes32",))
_REQUESTED_OF = Function("requestedOf(bytes32)", ("uint256",))
_GRANT_SECONDS_MAX = Function("GRANT_SECONDS_MAX()", ("uint64",))
FUNCTIONS: Final = (
    _REQUEST,
    _DENY,
    _GRANT,
    _GRANT_MANY,
    _REVOKE,
    _REVOKE_SIGNED,
    _NONCE,
    _IS_ALLOWED,
    _IS_STANDING,
    _GRANT_ID,
    _REQUESTED_OF,
    _GRANT_SECONDS_MAX,
    *complaints.FUNCTIONS,
    *emergencies.FUNCTIONS,
    *copies.FUNCTIONS,
)
CONSTRUCTOR: Final = bound.CONSTRUCTOR
constructor: Final = bound.constructor


@dataclass(frozen=True, slots=True)
class ConsentRegistry(ComplaintCalls, EmergencyCalls, CopyCalls):
    """Calls of the contract at ``address``.  Signatures are 65 bytes r, s, v (v 0/1 or 27/28)."""

    address: Address

    def request_access(
        self,
        patient: Address,
        *,
        pmr_id: int,
        purpose: bytes,
        scope: bytes,
        grantee_key: bytes,
        valid_from_s: int,
        valid_until_s: int,
    ) -> bytes:
        """Ask a patient, as an active doctor or hospital; the id is in ``AccessRequested``."""
        return _REQUEST.encode(
            patient, pmr_id, purpose, scope, grantee_key, valid_from_s, valid_until_s
        )

    def deny(self, request_id: Hash32) -> bytes:
        """Turn a request down, as the patient who was asked."""
        return _DENY.encode(request_id)

    def grant(self, consent: Consent, signature: bytes) -> bytes:
        """Relay a patient's signed Consent; anybody may send it.

        raises        CallArgumentError: the signature is not 65 bytes.
        """
        return _GRANT.encode(consent.as_abi(), encode_signature(signature))

    def grant_many(self, consents: Sequence[tuple[Consent, bytes]]) -> bytes:
        """Relay up to 16 signed Consents in one transaction; all stand or none.

        raises        CallArgumentError: none or more than 16, or a signature is not 65 bytes.
        """
        if not 0 < len(consents) <= CONSENTS_PER_TRANSACTION_MAX:
            most = CONSENTS_PER_TRANSACTION_MAX
            raise CallArgumentError("grantMany", f"takes 1 to {most} consents, got {len(consents)}")
        return _GRANT_MANY.encode(
            [consent.as_abi() for consent, _ in consents],
            [encode_signature(signature) for _, signature in consents],
        )

    def revoke(self, grant_id: Hash32, *, grantee: Address, pmr_id: int) -> bytes:
        """Take a grant back, as the patient; grantee and pmr_id are those of its Consent."""
        return _REVOKE.encode(grant_id, grantee, pmr_id)

    def revoke_signed(
        self, grant_id: Hash32, *, grantee: Address, pmr_id: int, nonce: int, signature: bytes
    ) -> bytes:
        """Relay a patient's signed ``Revoke(grantId,nonce)``; anybody may send it.

        raises        CallArgumentError: the signature is not 65 bytes.
        """
        return _REVOKE_SIGNED.encode(grant_id, grantee, pmr_id, nonce, encode_signature(signature))

    def nonce(self, patient: Address) -> View[int]:
        """The nonce that the patient's next Consent or Revoke must carry."""
        return _NONCE.view(self.address, int, patient)

    def is_allowed(self, grantee: Address, pmr_id: int, at_s: int) -> View[bool]:
        """Whether a standing grant covers the record at a second of block time.

        A grant for all records covers those minted up to the grant, or also later ones with
        ``SCOPE_LATER``.  The licence of the grantee is not looked at.  A moment before the head's
        time may read as not allowed, since words of expired grants are used again.
        """
        return _IS_ALLOWED.view(self.address, bool, grantee, pmr_id, at_s)

    def is_standing(self, consent: Consent) -> View[bool]:
        """Whether this very Consent was granted and not revoked; its window is not looked at.

        False may also mean that it expired and its word has been used again.
        """
        return _IS_STANDING.view(self.address, bool, consent.as_abi())

    def grant_id_of(self, consent: Consent) -> View[Hash32]:
        """The EIP-712 digest of a Consent."""
        return _GRANT_ID.view(self.address, Hash32, consent.as_abi())

    def requested_of(self, request_id: Hash32) -> View[int]:
        """The Patient-ID of an unanswered request, 0 if there is none."""
        return _REQUESTED_OF.view(self.address, int, request_id)

    def grant_seconds_max(self) -> View[int]:
        """The longest window of a grant."""
        return _GRANT_SECONDS_MAX.view(self.address, int)
