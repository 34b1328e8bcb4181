"""Binding of ``HospitalRegistry``: applications, Hospital-IDs and custody keys (records.md §3)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from node.base.types import Address
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.registration import registration_text, registration_word


class HospitalStatus(IntEnum):
    """Where a hospital stands; the numbers are those of the contract."""

    UNKNOWN = 0
    APPLIED = 1
    VERIFIED = 2
    SUSPENDED = 3
    REVOKED = 4


@dataclass(frozen=True, slots=True)
class Hospital:
    """What the chain's state holds; the other details stand in ``HospitalApplied``."""

    account: Address
    hospital_id: int
    """0 until the first verification."""
    status: HospitalStatus
    registration: str
    custody_key: bytes
    """X25519 public key, 32 bytes; deposits are sealed to it."""

    @property
    def is_verified(self) -> bool:
        """Whether the hospital may act."""
        return self.status is HospitalStatus.VERIFIED


@dataclass(frozen=True, slots=True)
class HospitalApplied(LedgerEvent):
    """An account applied for a Hospital-ID."""

    SPEC: ClassVar = EventSpec(
        "HospitalApplied(address indexed account,bytes32 indexed registration,string name,"
        "string location,string specialisation,string contact,bytes32 custodyKey)"
    )
    account: Address
    registration: bytes
    name: str
    location: str
    specialisation: str
    contact: str
    custody_key: bytes


@dataclass(frozen=True, slots=True)
class HospitalRegistered(LedgerEvent):
    """A Hospital-ID was issued."""

    SPEC: ClassVar = EventSpec(
        "HospitalRegistered(uint64 indexed hospitalId,address indexed account,"
        "bytes32 indexed registration)"
    )
    hospital_id: int
    account: Address
    registration: bytes


@dataclass(frozen=True, slots=True)
class HospitalKeyChanged(LedgerEvent):
    """A hospital has a new custody key (``KeyChanged`` of this contract)."""

    SPEC: ClassVar = EventSpec("KeyChanged(address indexed account,bytes32 key)")
    account: Address
    key: bytes


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    HospitalApplied,
    HospitalRegistered,
    HospitalKeyChanged,
)

_APPLY = Function("submitApplication(bytes32,string,string,string,string,bytes32)")
_SET_KEY = Function("setKey(bytes32)")
_HOSPITAL = Function("hospital(address)", ("uint64", "uint8", "bytes32", "bytes32"))
_ID_OF = Function("idOf(address)", ("uint64",))
_ACCOUNT_OF = Function("accountOf(uint64)", ("address",))
_IS_VERIFIED = Function("isVerified(uint64)", ("bool",))
_IS_ACTIVE = Function("isActive(address)", ("bool",))
_BY_REGISTRATION = Function("accountByRegistration(bytes32)", ("address",))
_COUNT = Function("hospitalCount()", ("uint64",))
FUNCTIONS: Final = (
    _APPLY,
    _SET_KEY,
    _HOSPITAL,
    _ID_OF,
    _ACCOUNT_OF,
    _IS_VERIFIED,
    _IS_ACTIVE,
    _BY_REGISTRATION,
    _COUNT,
)
CONSTRUCTOR: Final = ("address",)
"""government."""


@dataclass(frozen=True, slots=True)
class HospitalRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def submit_application(
        self,
        registration: str,
        *,
        name: str,
        location: str,
        specialisation: str,
        contact: str,
        custody_key: bytes,
    ) -> bytes:
        """Apply, as the hospital's account; may be repeated after being turned down.

        raises        RegistrationCodeError: ``registration`` is no code.
        """
        word = registration_word(registration)
        return _APPLY.encode(word, name, location, specialisation, contact, custody_key)

    def is_application(self, to: Address | None, data: bytes) -> bool:
        """Whether calldata for ``to`` calls ``submit_application`` here."""
        return to == self.address and data.startswith(_APPLY.selector)

    def set_key(self, custody_key: bytes) -> bytes:
        """Replace the custody key, as the hospital's account."""
        return _SET_KEY.encode(custody_key)

    def hospital(self, account: Address) -> View[Hospital]:
        """One hospital; status UNKNOWN for an account that never applied."""

        def decode(hospital_id: int, status: int, registration: bytes, key: bytes) -> Hospital:
            code = registration_text(registration)
            return Hospital(account, hospital_id, HospitalStatus(status), code, key)

        return _HOSPITAL.view(self.address, decode, account)

    def id_of(self, account: Address) -> View[int]:
        """The Hospital-ID of an account, 0 if it has none."""
        return _ID_OF.view(self.address, int, account)

    def account_of(self, hospital_id: int) -> View[Address]:
        """The account of a Hospital-ID, the zero address if there is no such hospital."""
        return _ACCOUNT_OF.view(self.address, Address, hospital_id)

    def is_verified(self, hospital_id: int) -> View[bool]:
        """Whether the hospital may act now."""
        return _IS_VERIFIED.view(self.address, bool, hospital_id)

    def is_active(self, account: Address) -> View[bool]:
        """Whether the account is that of a Verified hospital."""
        return _IS_ACTIVE.view(self.address, bool, account)

    def account_by_registration(self, registration: str) -> View[Address]:
        """Who holds a government registration id, the zero address if nobody.

        raises        RegistrationCodeError: ``registration`` is no code.
        """
        return _BY_REGISTRATION.view(self.address, Address, registration_word(registration))

    def hospital_count(self) -> View[int]:
        """The newest Hospital-ID, 0 before the first."""
        return _COUNT.view(self.address, int)


def constructor(*, government: Address) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values("HospitalRegistry", CONSTRUCTOR, (government,))
