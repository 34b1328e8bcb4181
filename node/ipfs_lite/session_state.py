"""What the exchange client remembers: about its peers, its wants and its sessions."""

from dataclasses import dataclass, field
from typing import Final

from node.base.limits import (
    BLOCK_BYTES_MAX,
    PAST_ASKS_COUNT_MAX,
    PEER_QUEUE_BYTES_MAX,
    PEER_WINDOW_COUNT_MAX,
)
from node.base.types import Address, Cid
from node.ipfs_lite.events import FetchStarted
from node.ipfs_lite.selector import Step

TIMEOUT_US_MIN: Final = 1_000_000
FIRST_HOLDERS: Final = 2
"""So many of the named holders are asked for blocks at once, the others whether they have them."""
_WINDOW_START: Final = 8


@dataclass(slots=True)
class PeerBook:
    """What we asked of one peer, and how fast it answers."""

    is_connected: bool = False
    certificate: bytes = b""
    window: int = _WINDOW_START
    outstanding: dict[Cid, int] = field(default_factory=dict[Cid, int])
    """Blocks asked for and not yet answered or given up, with the time of asking; oldest first."""
    live: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Entries of its want list that are ours, oldest first; a timeout leaves them there."""
    past: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Entries that were: their blocks may still arrive and are no lie."""
    offered: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Blocks that it said it has and was not asked for yet."""
    quiet_since: int = 0
    average_us: int = 0
    """Moving average of the time per block, counted from its asking or from the block before."""
    average_bytes: int = PEER_QUEUE_BYTES_MAX // _WINDOW_START
    """Moving average of the size of a block: what an outstanding one is taken for."""
    unasked: int = 0
    refusals: int = 0
    """DONT_HAVEs for blocks asked of it, since the last block."""

    def has_room(self) -> bool:
        """Say whether one more block may be asked for."""
        fits = max(1, PEER_QUEUE_BYTES_MAX // max(1, self.average_bytes))
        return len(self.outstanding) < min(self.window, fits)

    def timeout_us(self) -> int:
        """Give how long this peer may be silent while it owes us something."""
        return max(TIMEOUT_US_MIN, 4 * self.average_us)

    def next_after_us(self) -> int:
        """Give how long one more block will take to come, by what it gave so far."""
        return (len(self.outstanding) + 1) * max(1, self.average_us)

    def gave(self, cid: Cid, size_bytes: int, now: int) -> None:
        """Count a block that was asked for."""
        asked_at = self.outstanding.get(cid)
        if asked_at is not None:
            took = now - max(asked_at, self.quiet_since)
            self.average_us = (7 * self.average_us + took) // 8 if self.average_us else took
        self.average_bytes = (7 * self.average_bytes + min(size_bytes, BLOCK_BYTES_MAX)) // 8
        self.window = min(PEER_WINDOW_COUNT_MAX, self.window + 1)
        self.quiet_since = now
        self.refusals = 0

    def forget(self, cid: Cid) -> None:
        """Close an entry; its block may still be on the way."""
        self.outstanding.pop(cid, None)
        self.offered.pop(cid, None)
        if cid in self.live:
            del self.live[cid]
            self.past[cid] = None
            if len(self.past) > PAST_ASKS_COUNT_MAX:
                del self.past[next(iter(self.past))]


@dataclass(slots=True)
class Session:
    """One caller's fetch."""

    start: FetchStarted
    progress_at: int
    waiting: dict[Cid, list[Step]] = field(default_factory=dict[Cid, list[Step]])
    """Blocks that are not here, and where they stand in the selection."""
    idle: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Those of them that nobody is asked to send right now."""
    seen: set[Step] = field(default_factory=set[Step])
    sources: dict[Address, None] = field(default_factory=dict[Address, None])
    """Who is asked for any of its blocks: the first holders, and who said HAVE or gave one."""
    dropped: set[Address] = field(default_factory=set[Address])
    """Who refused too often to be a source; only asked for membership."""
    asked: dict[Address, None] = field(default_factory=dict[Address, None])
    fetched_bytes: int = 0

    def takes_from(self, peer: Address) -> bool:
        """Say whether this peer's bytes count: those of anybody, unless a claim rests on them."""
        return self.start.claim is None or peer in self.start.holders

    def trust(self, peer: Address) -> None:
        """Make a peer a source."""
        if self.takes_from(peer) and peer not in self.dropped:
            self.sources.setdefault(peer)


@dataclass(slots=True)
class Want:
    """One block, for all sessions that miss it."""

    cid: Cid
    sessions: dict[int, Session] = field(default_factory=dict[int, Session])
    asked: dict[Address, None] = field(default_factory=dict[Address, None])
    """On whose want lists it stands."""
    askers: dict[Address, None] = field(default_factory=dict[Address, None])
    """Who is to send the block: at most two, the second in the end game."""
    offers: dict[Address, None] = field(default_factory=dict[Address, None])
    """Who said HAVE."""
    tried: set[Address] = field(default_factory=set[Address])
    """Who said no or nothing since everybody was last asked; only asked for membership."""

    def takes_from(self, peer: Address) -> bool:
        """Say whether a session wants this block from this peer."""
        return any(session.takes_from(peer) for session in self.sessions.values())
