"""One peer's want list: what changed, what is queued to be sent, what waits.

Every want is in one of three places.  *Changed*: nobody has looked whether it can be answered.
*Queued*: it could, when somebody looked.  *Waiting*: it could not; a new block or a change of
access makes it changed again.  A refused want waits in the same place as a missing one.
"""

from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest
from typing import Final

from node.base.types import Cid
from node.ipfs_lite.events import WantEntry, WantFlag

_STALE_COUNT_MAX: Final = 64
"""Heap entries of wants that are gone, beyond one for each want: who cancels much pays no heap."""


@dataclass(slots=True)
class Want:
    """One entry of a peer's list."""

    entry: WantEntry
    multihash: bytes
    arrival: int
    is_denied_aloud: bool = False
    """DONT_HAVE was said; the want still waits."""
    queued_bytes: int = -1
    """Size of its block when it was queued; -1: it is not."""

    def urgency(self) -> tuple[int, int]:
        """Order of serving: the highest priority, then who came first; the smaller is served."""
        return -self.entry.priority, self.arrival


@dataclass(slots=True)
class WantList:
    """The wants of one peer, by CID."""

    queued_bytes: int = 0
    """Blocks that the peer may have and that are still to come."""
    _wants: dict[Cid, Want] = field(default_factory=dict[Cid, Want])
    _by_multihash: dict[bytes, dict[Cid, None]] = field(
        default_factory=dict[bytes, dict[Cid, None]]
    )
    _changed: dict[Cid, None] = field(default_factory=dict[Cid, None])
    _heap: list[tuple[tuple[int, int], Cid]] = field(
        default_factory=list[tuple[tuple[int, int], Cid]]
    )
    """Queued wants by urgency; entries of wants that left the queue are skipped."""

    def cids(self) -> tuple[Cid, ...]:
        """Give all wants in the order of their arrival."""
        return tuple(sorted(self._wants, key=lambda cid: self._wants[cid].arrival))

    def is_due(self) -> bool:
        """Say whether there is something to look at or to send."""
        return bool(self._changed) or self.first() is not None

    def add(self, entry: WantEntry, multihash: bytes, arrival: int) -> None:
        """Put a want on the list; who wants it again keeps the place, and a block stays wanted."""
        old = self._wants.get(entry.cid)
        if old is not None:
            arrival = old.arrival
            if not old.entry.flags & WantFlag.HAVE and entry.flags & WantFlag.HAVE:
                entry = WantEntry(entry.cid, entry.priority, entry.flags & ~WantFlag.HAVE)
            self.drop(entry.cid)
        self._wants[entry.cid] = Want(entry, multihash, arrival)
        self._by_multihash.setdefault(multihash, {})[entry.cid] = None
        self._changed[entry.cid] = None

    def drop(self, cid: Cid) -> None:
        """Take a want off: answered, cancelled or cut."""
        want = self._wants.pop(cid, None)
        if want is None:
            return
        self.unqueue(want)
        self._changed.pop(cid, None)
        names = self._by_multihash[want.multihash]
        del names[cid]
        if not names:
            del self._by_multihash[want.multihash]

    def clear(self) -> None:
        """Take all wants off."""
        for cid in tuple(self._wants):
            self.drop(cid)

    def cut(self, count: int) -> None:
        """Keep so many: the least urgent wants go."""
        spare = len(self._wants) - count
        if spare > 0:
            wants = self._wants.values()
            least = nsmallest(spare, wants, key=lambda w: (w.entry.priority, -w.arrival))
            for want in least:
                self.drop(want.entry.cid)

    def look_again_at(self, multihash: bytes) -> None:
        """A block came: its wants may be answered now."""
        for cid in self._by_multihash.get(multihash, ()):
            self._change(self._wants[cid])

    def look_again(self) -> None:
        """Access changed: every want is judged anew."""
        for want in self._wants.values():
            self._change(want)

    def take_changed(self) -> tuple[Want, ...]:
        """Give the wants to look at, most urgent first; each is waiting until it is queued."""
        changed = sorted((self._wants[cid] for cid in self._changed), key=Want.urgency)
        self._changed.clear()
        return tuple(changed)

    def queue(self, want: Want, size_bytes: int) -> None:
        """Put a want among those that are sent."""
        want.queued_bytes = size_bytes
        self.queued_bytes += size_bytes
        heappush(self._heap, (want.urgency(), want.entry.cid))
        if len(self._heap) > 2 * len(self._wants) + _STALE_COUNT_MAX:
            queued = (one for one in self._wants.values() if one.queued_bytes >= 0)
            self._heap = sorted((one.urgency(), one.entry.cid) for one in queued)

    def unqueue(self, want: Want) -> None:
        """Let a want wait again."""
        if want.queued_bytes >= 0:
            self.queued_bytes -= want.queued_bytes
            want.queued_bytes = -1

    def first(self) -> Want | None:
        """Give the most urgent queued want, None if there is none."""
        while self._heap:
            urgency, cid = self._heap[0]
            want = self._wants.get(cid)
            if want is not None and want.queued_bytes >= 0 and want.urgency() == urgency:
                return want
            heappop(self._heap)
        return None

    def _change(self, want: Want) -> None:
        self.unqueue(want)
        self._changed[want.entry.cid] = None
