"""Everything the exchange hears and everything it may ask of the world (content-store.md, 11).

The two cores, ``wants`` (server) and ``session`` (client), speak these values only.  The node that
owns them turns ``SendWant`` and ``SendGive`` into frames and frames into events.  A peer is the
address of a validator.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import TypeAlias

from node.base.limits import DAG_WALK_ENTRIES_MAX
from node.base.types import Address, Cid
from node.ipfs_lite.bans import Evidence
from node.ipfs_lite.selector import Selector


class WantFlag(IntFlag):
    """Bits of an entry as they travel; none of them means: send the block, or be silent."""

    CANCEL = 1
    HAVE = 2
    """Say whether you have it (a small block comes at once)."""
    DONT_HAVE = 4
    """Answer also when you do not have it."""


@dataclass(frozen=True, slots=True)
class WantEntry:
    """One line of a want list."""

    cid: Cid
    priority: int
    flags: int
    """Bits of WantFlag; unknown ones are ignored."""


# Events


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """A peer can be asked from now on.  ``certificate`` is the serial of its connection's."""

    peer: Address
    certificate: bytes = b""


@dataclass(frozen=True, slots=True)
class PeerGone:
    """A connection ended: what was asked over it is not answered any more."""

    peer: Address


@dataclass(frozen=True, slots=True)
class WantReceived:
    """A peer's XWant; ``full`` replaces its list instead of adding to it."""

    peer: Address
    entries: tuple[WantEntry, ...]
    full: bool = False


@dataclass(frozen=True, slots=True)
class GiveReceived:
    """A peer's XGive; each block is (prefix, data)."""

    peer: Address
    blocks: tuple[tuple[bytes, bytes], ...]
    have: tuple[Cid, ...] = ()
    dont: tuple[Cid, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveLeft:
    """The connection has written blocks out: so much more may follow.

    Without these reports PEER_QUEUE_BYTES_MAX leave for a peer, and one message more.
    """

    peer: Address
    block_bytes: int


@dataclass(frozen=True, slots=True)
class BlockStored:
    """A block is in the own store: who waits for it gets it now."""

    cid: Cid


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """A finalised head changed who may read what: waiting wants are judged again."""


@dataclass(frozen=True, slots=True)
class FetchStarted:
    """A caller wants blocks.

    ``session``      the caller's own number, not in use.
    ``selector``     which blocks.
    ``holders``      whom to ask first, in this order of preference.
    ``claim``        the root whose ingest this is.  Then only the holders are asked and listened
                     to: a claim says that the bytes came from the owner's node, and what anybody
                     else gave, or what is here for another root, says nothing (section 12).
    ``bytes_max``    stop when the blocks make more than this.
    ``blocks_max``   stop when there are more blocks than this, present ones included.
    ``patience_us``  give up after so long without a new block.
    ``deadline_us``  give up at this local time.
    """

    session: int
    selector: Selector
    holders: tuple[Address, ...]
    bytes_max: int
    claim: Cid | None = None
    blocks_max: int = DAG_WALK_ENTRIES_MAX
    patience_us: int = 30_000_000
    deadline_us: int | None = None


@dataclass(frozen=True, slots=True)
class FetchCancelled:
    """The caller does not want the blocks any more."""

    session: int


@dataclass(frozen=True, slots=True)
class TimerExpired:
    """A timer rang; early, late and doubled rings are harmless."""

    timer: str


# Effects


@dataclass(frozen=True, slots=True)
class SendWant:
    """Ask a peer."""

    peer: Address
    entries: tuple[WantEntry, ...]


@dataclass(frozen=True, slots=True)
class SendGive:
    """Answer a peer."""

    peer: Address
    blocks: tuple[tuple[bytes, bytes], ...]
    have: tuple[Cid, ...]
    dont: tuple[Cid, ...]
    pending: int
    """Bytes that this peer may have and that are still to come."""


@dataclass(frozen=True, slots=True)
class BlockFetched:
    """A verified block for a session; the caller stores it with the class that it knows."""

    session: int
    cid: Cid
    data: bytes
    giver: Address


@dataclass(frozen=True, slots=True)
class FetchFinished:
    """All blocks of a session are here."""

    session: int


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """A session ended without all blocks; nobody can tell refusal from absence."""

    session: int
    missing: tuple[Cid, ...]
    asked: tuple[Address, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Ring ``timer`` at ``at_us``; a later one under the same name may replace it."""

    timer: str
    at_us: int


@dataclass(frozen=True, slots=True)
class BanPeer:
    """A peer sent bytes that are not the block asked for: drop the connection."""

    evidence: Evidence
    until_us: int | None
    """None: until the operator lifts the ban."""


@dataclass(frozen=True, slots=True)
class DropPeer:
    """A peer breaks the protocol or wastes our time, without having lied: close the connection."""

    peer: Address
    why: str


@dataclass(frozen=True, slots=True)
class BlockCorrupt:
    """A block of the own store has rotted; it was given to nobody."""

    cid: Cid


WantEvent: TypeAlias = (
    PeerJoined | PeerGone | WantReceived | GiveLeft | BlockStored | AccessChanged | TimerExpired
)
"""What the server listens to."""
FetchEvent: TypeAlias = (
    PeerJoined | PeerGone | GiveReceived | FetchStarted | FetchCancelled | TimerExpired
)
"""What the client listens to."""
Effect: TypeAlias = (
    SendWant
    | SendGive
    | BlockFetched
    | FetchFinished
    | FetchFailed
    | ScheduleTimer
    | BanPeer
    | DropPeer
    | BlockCorrupt
)
