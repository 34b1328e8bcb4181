"""Binding of ``CustodyLedger``: receipts, epochs, holders, generations of shares (records.md §3).

What custodians post stands in events; state holds only what the next call is judged by: the next
receipt's number, the newest epoch, the newest manifest, and who holds a share now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.types import Address, Cid, Hash32
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.cids import join_cid, split_cid

NOTES_COUNT_MAX: Final = 64
"""How many notes the contract takes in one transaction; ``BatchSize`` for 0 or more."""
OWN_RELEASE: Final = Hash32(bytes(32))
"""The grant id of a release to the record's own patient, who needs no grant."""


@dataclass(frozen=True, slots=True)
class ReceiptNote:
    """One receipt of a custodian; its sequence number is its place in the batch."""

    grant_id: bytes
    """``OWN_RELEASE`` for a release to the owner."""
    deal_id: bytes
    receipt_id: bytes
    status: int
    """0: released; else the status of the refusal (secret-sharing.md §9)."""


@dataclass(frozen=True, slots=True)
class EpochNote:
    """A share has stepped."""

    deal_id: bytes
    index: int
    """Of the share in its deal, 1 .. 255."""
    epoch: int
    digest: bytes
    """Of the share container of that epoch, 32 bytes."""


@dataclass(frozen=True, slots=True)
class ErasureNote:
    """A share is destroyed."""

    deal_id: bytes
    index: int
    certificate: bytes
    """Id of the erasure certificate, 32 bytes."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """The newest generation of an entry's shares."""

    generation: int
    """0: never rotated, the entry itself names the manifest."""
    manifest: Cid | None
    """None: never rotated."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who holds a share since it was last handed over; both are zero if it never was."""

    holder: Address
    original: Address
    """Whom the first replacement took for the custodian of the manifest.

    A reader who finds another in the manifest takes the seat for not replaced: the contract knows
    no manifest, and a single member of the authority may have named somebody else.
    """


@dataclass(frozen=True, slots=True)
class ShareReleased(LedgerEvent):
    """A custodian released a share; ``grant_id`` zero: to the record's own patient."""

    SPEC: ClassVar = EventSpec(
        "ShareReleased(bytes32 indexed grantId,bytes32 indexed dealId,address indexed custodian,"
        "uint64 sequence,bytes32 receiptId)"
    )
    grant_id: bytes
    deal_id: bytes
    custodian: Address
    sequence: int
    receipt_id: bytes


@dataclass(frozen=True, slots=True)
class ShareRefused(LedgerEvent):
    """A custodian refused a share; ``status`` says why (secret-sharing.md §9)."""

    SPEC: ClassVar = EventSpec(
        "ShareRefused(bytes32 indexed grantId,bytes32 indexed dealId,address indexed custodian,"
        "uint64 sequence,bytes32 receiptId,uint8 status)"
    )
    grant_id: bytes
    deal_id: bytes
    custodian: Address
    sequence: int
    receipt_id: bytes
    status: int


@dataclass(frozen=True, slots=True)
class EpochRefreshed(LedgerEvent):
    """A custodian's share has stepped to an epoch."""

    SPEC: ClassVar = EventSpec(
        "EpochRefreshed(bytes32 indexed dealId,address indexed custodian,uint8 index,"
        "uint32 epoch,bytes32 digest)"
    )
    deal_id: bytes
    custodian: Address
    index: int
    epoch: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class ShareErased(LedgerEvent):
    """A custodian certified that its share is destroyed."""

    SPEC: ClassVar = EventSpec(
        "ShareErased(bytes32 indexed dealId,address indexed custodian,uint8 index,"
        "bytes32 certificate)"
    )
    deal_id: bytes
    custodian: Address
    index: int
    certificate: bytes


@dataclass(frozen=True, slots=True)
class CustodianReplaced(LedgerEvent):
    """A share changes hands; ``old`` = ``new``: it is repaired where it was."""

    SPEC: ClassVar = EventSpec(
        "CustodianReplaced(bytes32 indexed dealId,uint256 indexed pmrId,uint8 index,"
        "address from,address to)"
    )
    deal_id: bytes
    pmr_id: int
    index: int
    old: Address
    new: Address


@dataclass(frozen=True, slots=True)
class GenerationRotated(LedgerEvent):
    """A patient shared an entry anew."""

    SPEC: ClassVar = EventSpec(
        "GenerationRotated(uint256 indexed pmrId,uint256 indexed entryIndex,uint32 generation,"
        "uint8 codec,bytes32 digest)"
    )
    pmr_id: int
    entry_index: int
    generation: int
    codec: int
    digest: bytes

    @property
    def manifest(self) -> Cid:
        """The CID of the new manifest."""
        return join_cid(self.codec, self.digest)


@dataclass(frozen=True, slots=True)
class ShareComplaint(LedgerEvent):
    """Somebody says that a custodian's share was bad, or never came."""

    SPEC: ClassVar = EventSpec(
        "ShareComplaint(bytes32 indexed dealId,address indexed custodian,"
        "address indexed complainant,uint8 index,bytes32 receiptId,bytes32 evidence)"
    )
    deal_id: bytes
    custodian: Address
    complainant: Address
    index: int
    receipt_id: bytes
    evidence: bytes


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    ShareReleased,
    ShareRefused,
    EpochRefreshed,
    ShareErased,
    CustodianReplaced,
    GenerationRotated,
    ShareComplaint,
)

_RECEIPTS = Function("recordReceipts(uint64,(bytes32,bytes32,bytes32,uint8)[])")
_EPOCHS = Function("recordEpochs((bytes32,uint8,uint32,bytes32)[])")
_ERASURES = Function("recordErasures((bytes32,uint8,bytes32)[])")
_REPLACE = Function("replaceCustodian(bytes32,uint256,uint8,address,address)")
_ROTATE = Function("rotate(uint256,uint256,uint32,uint8,bytes32)")
_COMPLAIN = Function("complain(bytes32,uint8,address,bytes32,bytes32)")
_NEXT_SEQUENCE = Function("nextSequence(address)", ("uint64",))
_EPOCH_OF = Function("epochOf(bytes32,address)", ("uint32",))
_CUSTODIAN_OF = Function("custodianOf(uint256,bytes32,uint8)", ("address", "address"))
_ROTATION_OF = Function("rotationOf(uint256,uint256)", ("uint32", "uint8", "bytes32"))
FUNCTIONS: Final = (
    _RECEIPTS,
    _EPOCHS,
    _ERASURES,
    _REPLACE,
    _ROTATE,
    _COMPLAIN,
    _NEXT_SEQUENCE,
    _EPOCH_OF,
    _CUSTODIAN_OF,
    _ROTATION_OF,
)
CONSTRUCTOR: Final = ("address", "address", "address", "address", "address")
"""hospitals, doctors, patients, pmr token, government."""


def _rotation(generation: int, codec: int, digest: bytes) -> Rotation:
    return Rotation(generation, join_cid(codec, digest) if generation else None)


def _holder(holder: bytes, _original: bytes) -> Address:
    return Address(holder)


def _seat(holder: bytes, original: bytes) -> Seat:
    return Seat(Address(holder), Address(original))


@dataclass(frozen=True, slots=True)
class CustodyLedger:
    """Calls of the contract at ``address``."""

    address: Address

    def record_receipts(self, first_sequence: int, notes: Sequence[ReceiptNote]) -> bytes:
        """Record one's next receipts without a gap, as an account with a Hospital-ID.

        raises        CallArgumentError: a field of another length, or a number out of range.
        """
        rows = [(n.grant_id, n.deal_id, n.receipt_id, n.status) for n in notes]
        return _RECEIPTS.encode(first_sequence, rows)

    def record_epochs(self, notes: Sequence[EpochNote]) -> bytes:
        """Record steps of one's shares, each to a later epoch, as an account with a Hospital-ID.

        raises        CallArgumentError: a field of another length, or a number out of range.
        """
        return _EPOCHS.encode([(n.deal_id, n.index, n.epoch, n.digest) for n in notes])

    def record_erasures(self, notes: Sequence[ErasureNote]) -> bytes:
        """Record one's erasure certificates, as an account with a Hospital-ID.

        raises        CallArgumentError: a field of another length, or a number out of range.
        """
        return _ERASURES.encode([(n.deal_id, n.index, n.certificate) for n in notes])

    def replace_custodian(
        self, deal_id: bytes, *, pmr_id: int, index: int, old: Address, new: Address
    ) -> bytes:
        """Name a share's holder, as the record's patient; ``old`` = ``new``: repair in place.

        A member of the authority may as well, once ``old`` is no active hospital.
        """
        return _REPLACE.encode(deal_id, pmr_id, index, old, new)

    def rotate(self, pmr_id: int, entry_index: int, *, generation: int, manifest: Cid) -> bytes:
        """Name the manifest of an entry's next generation (the first: 1), as its patient.

        raises        CidFormError: a CID that the ledger does not take.
        """
        codec, digest = split_cid(manifest)
        return _ROTATE.encode(pmr_id, entry_index, generation, codec, digest)

    def complain(
        self, deal_id: bytes, *, index: int, custodian: Address, receipt_id: bytes, evidence: bytes
    ) -> bytes:
        """Complain about a share, as an active doctor or hospital or a patient.

        ``receipt_id`` is zero where no receipt came; ``evidence`` is the hash of what shows it.
        """
        return _COMPLAIN.encode(deal_id, index, custodian, receipt_id, evidence)

    def next_sequence(self, custodian: Address) -> View[int]:
        """The number that the custodian's next receipt on the ledger has; the first has 0."""
        return _NEXT_SEQUENCE.view(self.address, int, custodian)

    def epoch_of(self, deal_id: bytes, custodian: Address) -> View[int]:
        """The newest epoch that a custodian has recorded for a deal, 0 if none."""
        return _EPOCH_OF.view(self.address, int, deal_id, custodian)

    def custodian_of(self, pmr_id: int, deal_id: bytes, index: int) -> View[Address]:
        """Who holds a share since it was handed over, the zero address if it never was."""
        return _CUSTODIAN_OF.view(self.address, _holder, pmr_id, deal_id, index)

    def seat_of(self, pmr_id: int, deal_id: bytes, index: int) -> View[Seat]:
        """The same with whom the manifest must name, which ``Seat`` explains."""
        return _CUSTODIAN_OF.view(self.address, _seat, pmr_id, deal_id, index)

    def rotation_of(self, pmr_id: int, entry_index: int) -> View[Rotation]:
        """The newest generation of an entry's shares; generation 0: never rotated."""
        return _ROTATION_OF.view(self.address, _rotation, pmr_id, entry_index)


def constructor(
    *, hospitals: Address, doctors: Address, patients: Address, pmr: Address, government: Address
) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values(
        "CustodyLedger", CONSTRUCTOR, (hospitals, doctors, patients, pmr, government)
    )
