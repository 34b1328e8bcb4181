"""Binding of ``DoctorRegistry``: Doctor-IDs, affiliations and suspensions (records.md §3)."""

from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.types import Address
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.registration import registration_text, registration_word


@dataclass(frozen=True, slots=True)
class Doctor:
    """What the chain's state holds; name, specialisation, contact stand in ``DoctorOnboarded``."""

    doctor_id: int
    account: Address
    """Zero for an unknown Doctor-ID."""
    home_hospital_id: int
    """The hospital that onboarded the doctor; the first of the affiliations."""
    suspended_until_s: int
    """Block time in seconds; 0 = never suspended, 2**64-1 = for good."""
    key: bytes
    """X25519 public key, 32 bytes."""


@dataclass(frozen=True, slots=True)
class DoctorOnboarded(LedgerEvent):
    """A hospital onboarded a doctor; a Doctor-ID was issued."""

    SPEC: ClassVar = EventSpec(
        "DoctorOnboarded(uint64 indexed doctorId,address indexed account,"
        "bytes32 indexed registration,uint64 hospitalId,string name,string specialisation,"
        "string contact,bytes32 key)"
    )
    doctor_id: int
    account: Address
    registration: bytes
    hospital_id: int
    name: str
    specialisation: str
    contact: str
    key: bytes


@dataclass(frozen=True, slots=True)
class DoctorAffiliated(LedgerEvent):
    """A doctor works for one more hospital (the first one included)."""

    SPEC: ClassVar = EventSpec(
        "DoctorAffiliated(uint64 indexed doctorId,uint64 indexed hospitalId)"
    )
    doctor_id: int
    hospital_id: int


@dataclass(frozen=True, slots=True)
class DoctorSuspended(LedgerEvent):
    """The authority suspended a doctor until a second of block time, or lifted it (0)."""

    SPEC: ClassVar = EventSpec("DoctorSuspended(uint64 indexed doctorId,uint64 until)")
    doctor_id: int
    until: int


@dataclass(frozen=True, slots=True)
class DoctorKeyChanged(LedgerEvent):
    """A doctor has a new X25519 key (``KeyChanged`` of this contract)."""

    SPEC: ClassVar = EventSpec("KeyChanged(address indexed account,bytes32 key)")
    account: Address
    key: bytes


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    DoctorOnboarded,
    DoctorAffiliated,
    DoctorSuspended,
    DoctorKeyChanged,
)

_ONBOARD = Function("onboard(address,bytes32,string,string,string,bytes32)", ("uint64",))
_AFFILIATE = Function("affiliate(uint64)")
_SET_KEY = Function("setKey(bytes32)")
_DOCTOR = Function("doctor(uint64)", ("address", "uint64", "uint64", "bytes32"))
_ID_OF = Function("idOf(address)", ("uint64",))
_BY_REGISTRATION = Function("idByRegistration(bytes32)", ("uint64",))
_AFFILIATIONS = Function("affiliations(uint64)", ("uint64[]",))
_IS_ACTIVE = Function("isActive(address)", ("bool",))
_COUNT = Function("doctorCount()", ("uint64",))
FUNCTIONS: Final = (
    _ONBOARD,
    _AFFILIATE,
    _SET_KEY,
    _DOCTOR,
    _ID_OF,
    _BY_REGISTRATION,
    _AFFILIATIONS,
    _IS_ACTIVE,
    _COUNT,
)
CONSTRUCTOR: Final = ("address", "address")
"""government, hospitals."""


@dataclass(frozen=True, slots=True)
class DoctorRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def onboard(
        self,
        account: Address,
        registration: str,
        *,
        name: str,
        specialisation: str,
        contact: str,
        key: bytes,
    ) -> bytes:
        """Onboard a doctor, as the account of a Verified hospital.

        raises        RegistrationCodeError: ``registration`` is no code.
        """
        word = registration_word(registration)
        return _ONBOARD.encode(account, word, name, specialisation, contact, key)

    def affiliate(self, doctor_id: int) -> bytes:
        """Add a doctor of another hospital to one's own, as the account of a Verified hospital."""
        return _AFFILIATE.encode(doctor_id)

    def set_key(self, key: bytes) -> bytes:
        """Replace the X25519 key, as the doctor."""
        return _SET_KEY.encode(key)

    def doctor(self, doctor_id: int) -> View[Doctor]:
        """One doctor; zero fields for an unknown Doctor-ID."""
        return _DOCTOR.view(self.address, lambda *values: Doctor(doctor_id, *values), doctor_id)

    def id_of(self, account: Address) -> View[int]:
        """The Doctor-ID of an account, 0 if it has none."""
        return _ID_OF.view(self.address, int, account)

    def id_by_registration(self, registration: str) -> View[int]:
        """The Doctor-ID of a registration number, 0 if nobody has it.

        raises        RegistrationCodeError: ``registration`` is no code.
        """
        return _BY_REGISTRATION.view(self.address, int, registration_word(registration))

    def affiliations(self, doctor_id: int) -> View[tuple[int, ...]]:
        """The Hospital-IDs that the doctor works for, in order of affiliation."""
        return _AFFILIATIONS.view(self.address, tuple, doctor_id)

    def is_active(self, account: Address) -> View[bool]:
        """Whether the account is a doctor, not suspended, with a Verified hospital, now."""
        return _IS_ACTIVE.view(self.address, bool, account)

    def doctor_count(self) -> View[int]:
        """The newest Doctor-ID, 0 before the first."""
        return _COUNT.view(self.address, int)


def constructor(*, government: Address, hospitals: Address) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values("DoctorRegistry", CONSTRUCTOR, (government, hospitals))


def registration_of(event: DoctorOnboarded) -> str:
    """Give the registration number in an event as text."""
    return registration_text(event.registration)
