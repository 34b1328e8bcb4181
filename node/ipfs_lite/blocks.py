"""What a block store takes and says: blocks, pins, guards, batches, access rows.

Plain values, shared by every store and by all that stands above one (content-store.md, 8 to 12).
Times are whole seconds since the Unix epoch, handed in by the caller.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from node.base.types import Cid


class BlockClass(Enum):
    """What a block may be shown to.  There is no default: the writer has to say it."""

    SEALED = "sealed"
    """Ciphertext or a share: a CID of guessable plaintext would answer guesses."""
    PUBLIC = "public"
    """Open to every validator."""


class Block(NamedTuple):
    """Bytes under the name that their writer gave them."""

    cid: Cid
    data: bytes


class PinMode(Enum):
    """How far a pin reaches."""

    RECURSIVE = "recursive"
    """The block and all that can be reached from it."""
    DIRECT = "direct"
    """The block alone."""


class PinState(Enum):
    """Where a pin stands; only ``PINNED`` holds blocks."""

    QUEUED = "queued"
    PINNING = "pinning"
    PINNED = "pinned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pin:
    """What keeps blocks from the garbage collector.  One per CID."""

    cid: Cid
    mode: PinMode = PinMode.RECURSIVE
    name: str = ""
    """At most NAME_BYTES_MAX bytes of UTF-8."""
    profile: str = ""
    """Name of the UnixFS profile that made the CID; empty for what was not added here."""
    rf_min: int = 0
    """Copies in the network that must stand; 0: this pin is of this store alone."""
    rf_max: int = 0
    """Copies to make; -1: one on every node."""
    created_s: int = 0
    state: PinState = PinState.PINNED


class Guard(NamedTuple):
    """Keeps the blocks of a running add, import or fetch until ``expires_s`` (exclusive)."""

    session: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What becomes durable together, or not at all.

    At most STORE_BATCH_BLOCKS_COUNT_MAX blocks and STORE_BATCH_BYTES_MAX bytes.
    """

    blocks: tuple[Block, ...] = ()
    klass: BlockClass = BlockClass.SEALED
    guard: Guard | None = None
    """Taken for every block of the batch, for present ones too."""
    claim: Cid | None = None
    """The root in whose ingest these bytes arrived from its owner (section 12)."""
    pins: tuple[Pin, ...] = ()
    """Set after the blocks: recursive ones need their whole graph here."""
    release: str | None = None
    """The session whose guards end with this batch."""
    is_hashed: bool = False
    """The committer itself has made every CID from these very bytes just now, or has checked it:
    they are not hashed once more on their way in.  On their way out they always are."""


class AccessRule(NamedTuple):
    """Somebody may read what a root claims, for a time."""

    root: Cid
    subject: bytes
    """Operator of the peer, in bytes."""
    source: str
    """``replica``, ``owner`` or ``grant``."""
    not_before_s: int = 0
    not_after_s: int = 2**63 - 1
    """Half-open: the rule counts while not_before_s <= t < not_after_s."""


@dataclass(frozen=True, slots=True)
class EraseOrder:
    """A checked order to destroy a graph (section 10); the caller has verified who gave it."""

    order_id: bytes
    """32 bytes."""
    root: Cid
    at_s: int
    retain_until_s: int = 0
    """A duty to keep: refused while ``at_s`` is before it."""
    force: bool = False
    """Also what other pins hold; they become FAILED."""


class Kept(NamedTuple):
    """A block that an erasure left, and the pin for whose sake."""

    multihash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did, all in ascending order."""

    order_id: bytes
    erased: tuple[bytes, ...]
    """Multihashes of what went this time."""
    tombstones: tuple[bytes, ...]
    """Double hashes of all that this order has forbidden, at earlier attempts too."""
    kept: tuple[Kept, ...]
    """What is still here for the sake of others."""


class Problem(NamedTuple):
    """What ``verify`` found wrong."""

    multihash: bytes
    """Empty where no block is at fault: the index, a file that no block knows."""
    what: str
