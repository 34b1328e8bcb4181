"""What a patient signs: Consent, Deposit and Revoke as EIP-712 typed data.

The order of the fields is law, and so is the domain (privacy-and-interop.md section 9; EIP-712).
The digest of a Consent is the grant's id on chain.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.base.keccak import keccak256
from node.base.ports import Signer
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.privacy.release_errors import ConsentFieldError

SECTIONS: Final = (
    "present_illness",
    "past_illness",
    "diagnosis",
    "treatment_summary",
    "lab_reports",
    "iomt",
    "insurance",
)
"""Names of bits 0 .. 6 of a scope, in this order."""
LATER: Final = "later"
"""Bit 255: also records made after the grant."""
LATER_BIT: Final = 1 << 255
ALL_SECTIONS: Final = (1 << len(SECTIONS)) - 1

_DOMAIN_TYPE: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME: Final = keccak256(b"wardnet")
_VERSION: Final = keccak256(b"1")
_CONSENT_TYPE: Final = keccak256(
    b"Consent(uint256 pmrId,address patient,address grantee,bytes32 purpose,bytes32 scope,"
    b"bytes32 granteeKey,uint64 validFrom,uint64 validUntil,uint256 nonce)"
)
_DEPOSIT_TYPE: Final = keccak256(
    b"Deposit(bytes32 grantId,bytes32 dealId,uint32 epoch,bytes32 depositRoot)"
)
_REVOKE_TYPE: Final = keccak256(b"Revoke(bytes32 grantId,uint256 nonce)")


class Purpose(Enum):
    """Why access is asked for: codes of HL7 PurposeOfUse."""

    TREATMENT = "TREAT"
    EMERGENCY = "ETREAT"
    PAYMENT = "HPAYMT"
    RESEARCH = "HRESCH"
    PATIENT_REQUEST = "PATRQT"

    def encode(self) -> bytes:
        """Give the code in ASCII, padded with zeros on the right to 32 bytes."""
        return self.value.encode("ascii").ljust(32, b"\x00")

    @classmethod
    def decode(cls, data: bytes) -> "Purpose":
        """Read 32 bytes.

        raises        ConsentFieldError: no known code.
        """
        for purpose in cls:
            if purpose.encode() == data:
                return purpose
        known = " ".join(purpose.value for purpose in cls)
        raise ConsentFieldError("purpose", known, data.hex())


def scope_of(names: Iterable[str]) -> int:
    """Give the bit field of section names.

    raises        ConsentFieldError: a name that is no section and not ``later``.
    """
    scope = 0
    for name in names:
        if name == LATER:
            scope |= LATER_BIT
        elif name in SECTIONS:
            scope |= 1 << SECTIONS.index(name)
        else:
            raise ConsentFieldError("scope", " ".join((*SECTIONS, LATER)), name)
    return scope


def sections_of(scope: int) -> tuple[str, ...]:
    """Give the names of a bit field, ``later`` last.

    raises        ConsentFieldError: a bit without a meaning is set.
    """
    unknown = scope & ~(ALL_SECTIONS | LATER_BIT)
    if unknown or scope < 0:
        raise ConsentFieldError("scope", "bits 0 to 6 and 255", f"{scope:#x}")
    names = tuple(name for bit, name in enumerate(SECTIONS) if scope >> bit & 1)
    return (*names, LATER) if scope & LATER_BIT else names


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one chain and one ``ConsentRegistry``."""

    chain_id: int
    verifying_contract: Address

    def separator(self) -> Hash32:
        """Give the domain separator of EIP-712."""
        return keccak256(
            _DOMAIN_TYPE
            + _NAME
            + _VERSION
            + _uint("chainId", self.chain_id, 256)
            + _address("verifyingContract", self.verifying_contract)
        )

    def digest(self, struct_hash: Hash32) -> Hash32:
        """Give what is signed for a typed structure."""
        return keccak256(b"\x19\x01" + self.separator() + struct_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A patient lets one grantee read, for a time.  ``pmr_id`` 0 means all of this patient's."""

    pmr_id: int
    patient: Address
    grantee: Address
    purpose: Purpose
    scope: int
    grantee_key: bytes
    """X25519 public key to which released shares are sealed."""
    valid_from_s: int
    valid_until_s: int
    """Half-open: at this second of block time nothing is released any more."""
    nonce: int

    def struct_hash(self) -> Hash32:
        """Give hashStruct of EIP-712.

        raises        ConsentFieldError: a field that no contract would take.
        """
        sections_of(self.scope)
        if self.valid_from_s >= self.valid_until_s:
            raise ConsentFieldError(
                "validUntil", f"more than validFrom {self.valid_from_s}", str(self.valid_until_s)
            )
        for name, address in (("patient", self.patient), ("grantee", self.grantee)):
            if address == ZERO_ADDRESS:
                raise ConsentFieldError(name, "an account", "the zero address")
        if self.patient == self.grantee:
            raise ConsentFieldError("grantee", "somebody else than the patient", "the patient")
        return keccak256(
            _CONSENT_TYPE
            + _uint("pmrId", self.pmr_id, 256)
            + _address("patient", self.patient)
            + _address("grantee", self.grantee)
            + self.purpose.encode()
            + _uint("scope", self.scope, 256)
            + _word("granteeKey", self.grantee_key)
            + _uint("validFrom", self.valid_from_s, 64)
            + _uint("validUntil", self.valid_until_s, 64)
            + _uint("nonce", self.nonce, 256)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A patient lends shares of one deal's e under a grant; it goes to custodians only."""

    grant_id: bytes
    deal_id: bytes
    epoch: int
    deposit_root: bytes

    def struct_hash(self) -> Hash32:
        """Give hashStruct of EIP-712.  raises ConsentFieldError."""
        return keccak256(
            _DEPOSIT_TYPE
            + _word("grantId", self.grant_id)
            + _word("dealId", self.deal_id)
            + _uint("epoch", self.epoch, 32)
            + _word("depositRoot", self.deposit_root)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """A patient ends a grant; it counts when it is final."""

    grant_id: bytes
    nonce: int

    def struct_hash(self) -> Hash32:
        """Give hashStruct of EIP-712.  raises ConsentFieldError."""
        return keccak256(
            _REVOKE_TYPE + _word("grantId", self.grant_id) + _uint("nonce", self.nonce, 256)
        )


def grant_id_of(consent: Consent, domain: Domain) -> Hash32:
    """Give the id of the grant that a consent makes: its EIP-712 digest."""
    return domain.digest(consent.struct_hash())


def sign(message: Consent | Deposit | Revoke, domain: Domain, signer: Signer) -> bytes:
    """Give the 65-byte signature r, s, v with v in {0, 1} over a typed message."""
    return signer.sign(domain.digest(message.struct_hash()))


def contract_signature(signature: bytes) -> bytes:
    """Give a signature as contracts take it: r, s, v with v in {27, 28}."""
    assert len(signature) == 65
    assert signature[64] <= 1
    return signature[:64] + bytes((signature[64] + 27,))


def _uint(field: str, value: int, bits: int) -> bytes:
    if not 0 <= value < 1 << bits:
        raise ConsentFieldError(field, f"uint{bits}", str(value))
    return value.to_bytes(32)


def _address(field: str, value: Address) -> bytes:
    if len(value) != 20:
        raise ConsentFieldError(field, "20 bytes", f"{len(value)} bytes")
    return bytes(12) + value


def _word(field: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise ConsentFieldError(field, "32 bytes", f"{len(value)} bytes")
    return value
