"""Binding of ``PatientRegistry``: Patient-IDs, identity hashes and keys (records.md §3)."""

from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.keccak import keccak256
from node.base.types import ZERO_HASH, Address, Hash32
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.cids import Content, join_cid

PATIENT_ROLE: Final = b"patient".ljust(32, b"\0")
_NOTHING: Final = (bytes(32), 0, bytes(32))


@dataclass(frozen=True, slots=True)
class Patient:
    """What the chain's state holds; commitments and CIDs stand in ``PatientRegistered``."""

    patient_id: int
    account: Address
    """Zero for an unknown Patient-ID."""
    hospital_id: int
    """The hospital whose desk registered the patient."""
    key: bytes
    """X25519 public key, 32 bytes."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery that runs; all zero if none does."""

    new_account: Address
    new_key: bytes
    ready_at: int
    """Block time in seconds from which it can be finished; 0: no hospital has confirmed it."""
    hospital_id: int
    """Of the hospital that confirmed; 0: none has."""


@dataclass(frozen=True, slots=True)
class PatientRegistered(LedgerEvent):
    """A desk registered a patient; a Patient-ID was issued."""

    SPEC: ClassVar = EventSpec(
        "PatientRegistered(uint64 indexed patientId,address indexed account,"
        "bytes32 indexed participantId,uint64 hospitalId,bytes32 key,"
        "(bytes32,uint8,bytes32) details,(bytes32,uint8,bytes32) attendant)"
    )
    patient_id: int
    account: Address
    participant_id: Hash32
    hospital_id: int
    key: bytes
    details: tuple[bytes, int, bytes]
    attendant: tuple[bytes, int, bytes]

    @property
    def details_content(self) -> Content:
        """Commitment and CID of {name, age, gender, weight, height, contact}."""
        return Content.from_abi(*self.details)

    @property
    def attendant_content(self) -> Content | None:
        """Commitment and CID of {name, phone, relationship}, or None without an attendant."""
        commitment, codec, digest = self.attendant
        if commitment == ZERO_HASH:
            return None
        return Content(Hash32(commitment), join_cid(codec, digest))


@dataclass(frozen=True, slots=True)
class PatientKeyChanged(LedgerEvent):
    """A patient has a new X25519 key (``KeyChanged`` of this contract)."""

    SPEC: ClassVar = EventSpec("KeyChanged(address indexed account,bytes32 key)")
    account: Address
    key: bytes


@dataclass(frozen=True, slots=True)
class GuardianSet(LedgerEvent):
    """A patient named a guardian; the zero address: has none any more."""

    SPEC: ClassVar = EventSpec("GuardianSet(uint64 indexed patientId,address indexed guardian)")
    patient_id: int
    guardian: Address


@dataclass(frozen=True, slots=True)
class RecoveryStarted(LedgerEvent):
    """A guardian named a patient's new account and key; replaces what was running."""

    SPEC: ClassVar = EventSpec(
        "RecoveryStarted(uint64 indexed patientId,address newAccount,bytes32 newKey)"
    )
    patient_id: int
    new_account: Address
    new_key: bytes


@dataclass(frozen=True, slots=True)
class RecoveryConfirmed(LedgerEvent):
    """A hospital confirmed a recovery; the waiting time runs."""

    SPEC: ClassVar = EventSpec(
        "RecoveryConfirmed(uint64 indexed patientId,uint64 hospitalId,uint64 readyAt)"
    )
    patient_id: int
    hospital_id: int
    ready_at: int


@dataclass(frozen=True, slots=True)
class RecoveryCancelled(LedgerEvent):
    """The old key objected."""

    SPEC: ClassVar = EventSpec("RecoveryCancelled(uint64 indexed patientId)")
    patient_id: int


@dataclass(frozen=True, slots=True)
class Recovered(LedgerEvent):
    """A patient has another account and key; the old account is nobody's any more."""

    SPEC: ClassVar = EventSpec(
        "Recovered(uint64 indexed patientId,address indexed oldAccount,"
        "address indexed newAccount,bytes32 key)"
    )
    patient_id: int
    old_account: Address
    new_account: Address
    key: bytes


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    PatientRegistered,
    PatientKeyChanged,
    GuardianSet,
    RecoveryStarted,
    RecoveryConfirmed,
    RecoveryCancelled,
    Recovered,
)

_REGISTER = Function(
    "register(address,bytes32,(bytes32,uint8,bytes32),(bytes32,uint8,bytes32))", ("uint64",)
)
_SET_KEY = Function("setKey(bytes32)")
_PATIENT = Function("patient(uint64)", ("address", "uint64", "bytes32"))
_ID_OF = Function("idOf(address)", ("uint64",))
_ACCOUNT_OF = Function("accountOf(uint64)", ("address",))
_BY_PARTICIPANT = Function("idByParticipant(bytes32)", ("uint64",))
_NEXT = Function("nextPatientId()", ("uint64",))
_SET_GUARDIAN = Function("setGuardian(address)")
_START = Function("startRecovery(uint64,address,bytes32)")
_CONFIRM = Function("confirmRecovery(uint64,address,bytes32)")
_CANCEL = Function("cancelRecovery()")
_FINISH = Function("finishRecovery(uint64)")
_GUARDIAN_OF = Function("guardianOf(uint64)", ("address",))
_WARD_COUNT = Function("wardCount(address)", ("uint64",))
_RECOVERY_OF = Function("recoveryOf(uint64)", ("address", "bytes32", "uint64", "uint64"))
_RECOVERY_SECONDS = Function("recoverySeconds()", ("uint64",))
FUNCTIONS: Final = (
    _REGISTER,
    _SET_KEY,
    _PATIENT,
    _ID_OF,
    _ACCOUNT_OF,
    _BY_PARTICIPANT,
    _NEXT,
    _SET_GUARDIAN,
    _START,
    _CONFIRM,
    _CANCEL,
    _FINISH,
    _GUARDIAN_OF,
    _WARD_COUNT,
    _RECOVERY_OF,
    _RECOVERY_SECONDS,
)
CONSTRUCTOR: Final = ("address", "address", "uint64", "uint64")
"""hospitals, consents, first Patient-ID, seconds that a confirmed recovery waits."""


def participant_id(commitment: bytes, role: bytes = PATIENT_ROLE) -> Hash32:
    """Give ``keccak256(abi.encode(role, commitment))``: records.md section 1.

    The role is its ASCII name in a zero-padded word, so that it cannot be confused with another.
    """
    return keccak256(role + commitment)


def _recovery(new_account: bytes, new_key: bytes, ready_at: int, hospital_id: int) -> Recovery:
    return Recovery(Address(new_account), new_key, ready_at, hospital_id)


@dataclass(frozen=True, slots=True)
class PatientRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def register(
        self, account: Address, *, key: bytes, details: Content, attendant: Content | None = None
    ) -> bytes:
        """Register a patient, as the account of a Verified hospital (its desk).

        raises        CidFormError: a CID that the ledger does not take.
        """
        companion = attendant.as_abi() if attendant else _NOTHING
        return _REGISTER.encode(account, key, details.as_abi(), companion)

    def set_key(self, key: bytes) -> bytes:
        """Replace the X25519 key, as the patient."""
        return _SET_KEY.encode(key)

    def patient(self, patient_id: int) -> View[Patient]:
        """One patient; zero fields for an unknown Patient-ID."""
        return _PATIENT.view(self.address, lambda *values: Patient(patient_id, *values), patient_id)

    def id_of(self, account: Address) -> View[int]:
        """The Patient-ID of an account, 0 if it has none."""
        return _ID_OF.view(self.address, int, account)

    def account_of(self, patient_id: int) -> View[Address]:
        """The account of a Patient-ID, the zero address if there is no such patient."""
        return _ACCOUNT_OF.view(self.address, Address, patient_id)

    def id_by_participant(self, identity: Hash32) -> View[int]:
        """The Patient-ID of an identity hash, 0 if it is unknown."""
        return _BY_PARTICIPANT.view(self.address, int, identity)

    def next_patient_id(self) -> View[int]:
        """The Patient-ID that the next registration gets."""
        return _NEXT.view(self.address, int)

    def set_guardian(self, guardian: Address) -> bytes:
        """Name one's guardian, as the patient; the zero address: none."""
        return _SET_GUARDIAN.encode(guardian)

    def start_recovery(self, patient_id: int, *, new_account: Address, new_key: bytes) -> bytes:
        """Name a patient's new account and X25519 key, as the guardian; replaces what runs."""
        return _START.encode(patient_id, new_account, new_key)

    def confirm_recovery(self, patient_id: int, *, new_account: Address, new_key: bytes) -> bytes:
        """Confirm what the guardian started, as a Verified hospital; the waiting time begins.

        Account and key are named again: ``RecoveryDiffers`` if the guardian has replaced them.
        """
        return _CONFIRM.encode(patient_id, new_account, new_key)

    def cancel_recovery(self) -> bytes:
        """Object to the recovery that runs, as the old account, before the waiting time is over."""
        return _CANCEL.encode()

    def finish_recovery(self, patient_id: int) -> bytes:
        """Move the patient to the new account, as anybody, once the waiting time is over."""
        return _FINISH.encode(patient_id)

    def guardian_of(self, patient_id: int) -> View[Address]:
        """A patient's guardian, the zero address if there is none."""
        return _GUARDIAN_OF.view(self.address, Address, patient_id)

    def ward_count(self, guardian: Address) -> View[int]:
        """How many patients name an account as their guardian."""
        return _WARD_COUNT.view(self.address, int, guardian)

    def recovery_of(self, patient_id: int) -> View[Recovery]:
        """The recovery that runs for a patient; all zero if none does."""
        return _RECOVERY_OF.view(self.address, _recovery, patient_id)

    def recovery_seconds(self) -> View[int]:
        """How long a confirmed recovery waits."""
        return _RECOVERY_SECONDS.view(self.address, int)


def constructor(
    *, hospitals: Address, consents: Address, first_patient_id: int, recovery_seconds: int
) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    values = (hospitals, consents, first_patient_id, recovery_seconds)
    return encode_values("PatientRegistry", CONSTRUCTOR, values)
