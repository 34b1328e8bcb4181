"""What the exchange client remembers: about its peers, its wants and its sessions."""

from dataclasses import dataclass, field
from typing import Final

from node.base.limits import PAST_ASKS_COUNT_MAX
from node.base.types import Address, Cid
from node.ipfs_lite.events import FetchStarted

TIMEOUT_US_MIN: Final = 1_000_000
_WINDOW_START: Final = 8


@dataclass(slots=True)
class PeerBook:
    """What we asked of one peer, and how fast it answers."""

    is_connected: bool = False
    banned_until: int = 0
    window: int = _WINDOW_START
    outstanding: dict[Cid, int] = field(default_factory=dict[Cid, int])
    """Blocks asked for and not yet answered or given up, with the time of asking."""
    live: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Entries of its want list that are ours, oldest first; a timeout leaves them there."""
    past: dict[Cid, None] = field(default_factory=dict[Cid, None])
    """Entries that were: their blocks may still arrive and are no lie."""
    quiet_since: int = 0
    average_us: int = 0
    unasked: int = 0

    def has_room(self) -> bool:
        """Say whether one more block may be asked for."""
        return len(self.outstanding) < self.window

    def timeout_us(self) -> int:
        """Give how long this peer may be silent while it owes us something."""
        return max(TIMEOUT_US_MIN, 4 * self.average_us)

    def forget(self, cid: Cid) -> None:
        """Close an entry; its block may still be on the way."""
        self.outstanding.pop(cid, None)
        if cid in self.live:
            del self.live[cid]
            self.past[cid] = None
            if len(self.past) > PAST_ASKS_COUNT_MAX:
                del self.past[next(iter(self.past))]


@dataclass(slots=True)
class Want:
    """One block, for all sessions that miss it."""

    cid: Cid
    sessions: dict[int, None] = field(default_factory=dict[int, None])
    sources: dict[Address, None] = field(default_factory=dict[Address, None])
    """Named holders, then peers that said HAVE."""
    asked: dict[Address, None] = field(default_factory=dict[Address, None])
    tried: set[Address] = field(default_factory=set[Address])
    """Who said no or nothing since everybody was last asked; only asked for membership."""


@dataclass(slots=True)
class Session:
    """One caller's fetch."""

    start: FetchStarted
    progress_at: int
    missing: dict[Cid, None] = field(default_factory=dict[Cid, None])
    seen: set[Cid] = field(default_factory=set[Cid])
    asked: dict[Address, None] = field(default_factory=dict[Address, None])
    fetched_bytes: int = 0
