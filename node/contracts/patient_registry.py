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


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (PatientRegistered, PatientKeyChanged)

_REGISTER = Function(
    "register(address,bytes32,(bytes32,uint8,bytes32),(bytes32,uint8,bytes32))", ("uint64",)
)
_SET_KEY = Function("setKey(bytes32)")
_PATIENT = Function("patient(uint64)", ("address", "uint64", "bytes32"))
_ID_OF = Function("idOf(address)", ("uint64",))
_ACCOUNT_OF = Function("accountOf(uint64)", ("address",))
_BY_PARTICIPANT = Function("idByParticipant(bytes32)", ("uint64",))
_NEXT = Function("nextPatientId()", ("uint64",))
FUNCTIONS: Final = (_REGISTER, _SET_KEY, _PATIENT, _ID_OF, _ACCOUNT_OF, _BY_PARTICIPANT, _NEXT)
CONSTRUCTOR: Final = ("address", "uint64")
"""hospitals, first Patient-ID."""


def participant_id(commitment: bytes, role: bytes = PATIENT_ROLE) -> Hash32:
    """Give ``keccak256(abi.encode(role, commitment))``: records.md section 1.

    The role is its ASCII name in a zero-padded word, so that it cannot be confused with another.
    """
    return keccak256(role + commitment)


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


def constructor(*, hospitals: Address, first_patient_id: int) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values("PatientRegistry", CONSTRUCTOR, (hospitals, first_patient_id))
