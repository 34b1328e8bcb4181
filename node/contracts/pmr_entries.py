"""What both record tokens have in common: append-only entries, whatever token stands for them.

The rules are those of ``PmrEntries.sol`` (records.md §3).  The first visit of a day mints the
token of the PMR-ID, every later entry is appended.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from node.base.types import Address
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.cids import Content

INTERFACE_ERC165: Final = bytes.fromhex("01ffc9a7")
INTERFACE_ERC5192: Final = bytes.fromhex("b45a3c0e")


class EntryKind(IntEnum):
    """What an entry is; the numbers are those of the contract."""

    CONSULTATION = 1
    SECOND_OPINION = 2
    AMENDMENT = 3
    LAB = 4
    IOMT = 5
    INSURANCE = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a token."""

    doctor_id: int
    hospital_id: int
    time_s: int
    """Block time of the entry."""
    kind: EntryKind
    is_marked: bool
    """An amendment of the same author stands for it."""
    content: Content
    about: int | None = None
    """The entry that this one amends, refuses to amend, or disagrees about."""


@dataclass(frozen=True, slots=True)
class EntryAdded(LedgerEvent):
    """An entry was written."""

    SPEC: ClassVar = EventSpec(
        "EntryAdded(uint256 indexed pmrId,uint64 indexed doctorId,uint64 indexed hospitalId,"
        "uint256 index,uint8 kind,uint8 codec,bytes32 digest,bytes32 commitment)"
    )
    pmr_id: int
    doctor_id: int
    hospital_id: int
    index: int
    kind: int
    codec: int
    digest: bytes
    commitment: bytes

    @property
    def content(self) -> Content:
        """Commitment and CID."""
        return Content.from_abi(self.commitment, self.codec, self.digest)


@dataclass(frozen=True, slots=True)
class EntryMarked(LedgerEvent):
    """Entry ``index`` is amended by entry ``by``."""

    SPEC: ClassVar = EventSpec("EntryMarked(uint256 indexed pmrId,uint256 index,uint256 by)")
    pmr_id: int
    index: int
    by: int


@dataclass(frozen=True, slots=True)
class Erased(LedgerEvent):
    """A patient had a record erased; ``basis`` is zero where the retention time was over."""

    SPEC: ClassVar = EventSpec("Erased(uint256 indexed pmrId,bytes32 basis,uint64 at)")
    pmr_id: int
    basis: bytes
    at: int
    """Block time in seconds."""


@dataclass(frozen=True, slots=True)
class Locked(LedgerEvent):
    """ERC-5192: a token cannot be transferred."""

    SPEC: ClassVar = EventSpec("Locked(uint256 tokenId)")
    token_id: int


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (EntryAdded, EntryMarked, Erased, Locked)

CONTENT: Final = "(bytes32,uint8,bytes32)"
_ENTRY: Final = f"(uint64,uint64,uint64,uint8,bool,uint32,{CONTENT})"
_CONSULT = Function(f"consult(uint256,uint64,{CONTENT})")
_SECOND_OPINION = Function(f"addSecondOpinion(uint256,uint64,{CONTENT})")
_CLAIM = Function("claim(uint256)")
_ERASE = Function("erase(uint256,bytes32)")
_ENTRIES = Function("entries(uint256)", (f"{_ENTRY}[]",))
_ENTRY_AT = Function("entry(uint256,uint256)", (_ENTRY,))
_ENTRY_COUNT = Function("entryCount(uint256)", ("uint256",))
_MINTED_AT = Function("mintedAt(uint256)", ("uint64",))
_RETAINED_UNTIL = Function("retainedUntil(uint256)", ("uint256",))
_ERASED_AT = Function("erasedAt(uint256)", ("uint64",))
_PATIENT_OF = Function("patientOf(uint256)", ("address",))
_LOCKED = Function("locked(uint256)", ("bool",))
_OWNER_OF = Function("ownerOf(uint256)", ("address",))
_SUPPORTS = Function("supportsInterface(bytes4)", ("bool",))
_OFFSET = Function("utcOffsetSeconds()", ("int32",))
_RETENTION = Function("retentionSeconds()", ("uint64",))
_FROM_COMMENCEMENT = Function("retentionFromCommencement()", ("bool",))
FUNCTIONS: Final = (
    _CONSULT,
    _SECOND_OPINION,
    _CLAIM,
    _ERASE,
    _ENTRIES,
    _ENTRY_AT,
    _ENTRY_COUNT,
    _MINTED_AT,
    _RETAINED_UNTIL,
    _ERASED_AT,
    _PATIENT_OF,
    _LOCKED,
    _OWNER_OF,
    _SUPPORTS,
    _OFFSET,
    _RETENTION,
    _FROM_COMMENCEMENT,
)
CONSTRUCTOR: Final = (*["address"] * 6, "int32", "uint64", "bool")
"""Doctors, patients, labs, devices, insurance, consents; seconds that local time is ahead of UTC,
retention, and whether that runs from the first entry."""


_EntryWords = tuple[int, int, int, int, bool, int, tuple[bytes, int, bytes]]


def _entry(values: _EntryWords) -> Entry:
    doctor_id, hospital_id, time_s, kind, is_marked, about, content = values
    return Entry(
        doctor_id,
        hospital_id,
        time_s,
        EntryKind(kind),
        is_marked,
        Content.from_abi(*content),
        about - 1 if about else None,
    )


def _entries(rows: tuple[_EntryWords, ...]) -> tuple[Entry, ...]:
    return tuple(_entry(row) for row in rows)


@dataclass(frozen=True, slots=True)
class PmrEntries:
    """Calls of the contract at ``address``."""

    address: Address

    def consult(self, pmr_id: int, *, hospital_id: int, content: Content) -> bytes:
        """Write a consultation, as an active doctor of the hospital; mints on the first of a day.

        raises        CidFormError: a CID that the ledger does not take.
        """
        return _CONSULT.encode(pmr_id, hospital_id, content.as_abi())

    def add_second_opinion(self, pmr_id: int, *, hospital_id: int, content: Content) -> bytes:
        """Write a second opinion, as an active doctor who holds an active grant.

        raises        CidFormError: a CID that the ledger does not take.
        """
        return _SECOND_OPINION.encode(pmr_id, hospital_id, content.as_abi())

    def claim(self, pmr_id: int) -> bytes:
        """Let a token follow its patient to the account of a recovery, as anybody."""
        return _CLAIM.encode(pmr_id)

    def erase(self, pmr_id: int, basis: bytes = bytes(32)) -> bytes:
        """Erase a record, as its patient; inside the retention time with a legal basis code.

        raises        CallArgumentError: the basis has more than 32 bytes.
        """
        return _ERASE.encode(pmr_id, basis)

    def entries(self, pmr_id: int) -> View[tuple[Entry, ...]]:
        """All entries, oldest first; none for a token that does not exist."""
        return _ENTRIES.view(self.address, _entries, pmr_id)

    def entry(self, pmr_id: int, index: int) -> View[Entry]:
        """One entry; ``EntryUnknown`` where there is none."""
        return _ENTRY_AT.view(self.address, _entry, pmr_id, index)

    def entry_count(self, pmr_id: int) -> View[int]:
        """How many entries a token has, 0 if it does not exist."""
        return _ENTRY_COUNT.view(self.address, int, pmr_id)

    def minted_at(self, pmr_id: int) -> View[int]:
        """Block time of the mint in seconds, 0 if the token does not exist."""
        return _MINTED_AT.view(self.address, int, pmr_id)

    def retained_until(self, pmr_id: int) -> View[int]:
        """From this block time on a record is erased without a legal basis.

        ``RecordUnknown`` where there is none.
        """
        return _RETAINED_UNTIL.view(self.address, int, pmr_id)

    def erased_at(self, pmr_id: int) -> View[int]:
        """Block time of the erasure in seconds, 0 for a record that stands."""
        return _ERASED_AT.view(self.address, int, pmr_id)

    def patient_of(self, pmr_id: int) -> View[Address]:
        """The account that speaks for a record; ``RecordUnknown`` where there is none.

        After a recovery that is at once the new account, while ``owner_of`` waits for a claim: so
        ask this one before anything is handed out.
        """
        return _PATIENT_OF.view(self.address, Address, pmr_id)

    def locked(self, pmr_id: int) -> View[bool]:
        """ERC-5192; true for every token, refused for one that does not exist."""
        return _LOCKED.view(self.address, bool, pmr_id)

    def owner_of(self, pmr_id: int) -> View[Address]:
        """The patient's account; refused for a token that does not exist."""
        return _OWNER_OF.view(self.address, Address, pmr_id)

    def supports_interface(self, interface_id: bytes) -> View[bool]:
        """ERC-165."""
        return _SUPPORTS.view(self.address, bool, interface_id)

    def utc_offset_seconds(self) -> View[int]:
        """How far the hospitals' local time is ahead of UTC."""
        return _OFFSET.view(self.address, int)

    def retention_seconds(self) -> View[int]:
        """How long a record is erased only on a legal basis."""
        return _RETENTION.view(self.address, int)

    def retention_from_commencement(self) -> View[bool]:
        """Whether that time runs from a record's first entry; else from its newest."""
        return _FROM_COMMENCEMENT.view(self.address, bool)


def construction(
    contract: str,
    *,
    doctors: Address,
    patients: Address,
    labs: Address,
    devices: Address,
    insurance: Address,
    consents: Address,
    utc_offset_seconds: int,
    retention_seconds: int,
    retention_from_commencement: bool,
) -> bytes:
    """Give the ABI-encoded constructor arguments of one of the two contracts."""
    values = (
        doctors,
        patients,
        labs,
        devices,
        insurance,
        consents,
        utc_offset_seconds,
        retention_seconds,
        retention_from_commencement,
    )
    return encode_values(contract, CONSTRUCTOR, values)
