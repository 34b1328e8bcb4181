"""The exchange server: what peers want, what they may have, what goes out next.

Sans-IO.  Data, presence and access are read at the moment of sending, never when a want is queued:
an expired grant stops a waiting block.  A refusal looks exactly like absence, in bytes and in
silence, and the want waits on: it is answered when the block arrives or the access begins
(content-store.md, sections 11 and 12).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.base.limits import (
    BLOCK_BYTES_MAX,
    GIVE_BLOCKS_COUNT_MAX,
    GIVE_BYTES_MAX,
    WANT_ENTRIES_COUNT_MAX,
)
from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.ipfs_lite.blockstore import BlockKeeper
from node.ipfs_lite.cid import multihash_of, prefix_of
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError
from node.ipfs_lite.events import (
    AccessChanged,
    BlockCorrupt,
    BlockStored,
    Effect,
    PeerGone,
    PeerJoined,
    ScheduleTimer,
    SendGive,
    TimerExpired,
    WantEntry,
    WantEvent,
    WantFlag,
    WantReceived,
)

Allowed = Callable[[Address, bytes], bool]
"""Says whether a peer may have the block of a multihash, now."""

TIMER: Final = "wants"
SMALL_BLOCK_BYTES_MAX: Final = 1_024
"""Up to here a want-have is answered with the block itself."""
_PACK_BYTES_MAX: Final = 64 * 1_024
"""Small blocks are joined up to here; a larger one goes alone."""
_RATE_BYTES: Final = 64 * 2**20
"""Per second, over all peers."""
_BURST_BYTES: Final = 8 * 2**20
_PENDING_MAX: Final = 2**32 - 1
assert _PACK_BYTES_MAX + BLOCK_BYTES_MAX < GIVE_BYTES_MAX


@dataclass(slots=True)
class _Want:
    entry: WantEntry
    multihash: bytes
    arrival: int
    is_denied_aloud: bool = False
    """DONT_HAVE was said; the want still waits."""


@dataclass(slots=True)
class _Ledger:
    wants: dict[Cid, _Want] = field(default_factory=dict[Cid, _Want])
    is_stale: bool = False
    """Something changed since the list was last looked through."""


@dataclass(slots=True)
class _Draft:
    """A message in the making."""

    blocks: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    have: list[Cid] = field(default_factory=list[Cid])
    dont: list[Cid] = field(default_factory=list[Cid])
    block_bytes: int = 0
    pending: int = 0
    corrupt: list[Cid] = field(default_factory=list[Cid])


class WantServer:
    """Answers the wants of all peers out of one store."""

    def __init__(self, store: BlockKeeper, allowed: Allowed) -> None:
        self._store = store
        self._allowed = allowed
        self._ledgers: dict[Address, _Ledger] = {}
        """Round robin: who was served goes to the end."""
        self._arrivals = 0
        self._tokens = _BURST_BYTES
        self._filled_at = 0

    def waiting(self, peer: Address) -> tuple[Cid, ...]:
        """Give what a peer still waits for, in the order of its arrival."""
        ledger = self._ledgers.get(peer)
        return tuple(ledger.wants) if ledger else ()

    def handle(self, event: WantEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds.

        raises        BadCidError, HashNotAllowedError: a want names no storable block; nothing
                      of that message was applied.
        """
        match event:
            case PeerJoined(peer):
                self._ledgers[peer] = _Ledger()
            case PeerGone(peer):
                self._ledgers.pop(peer, None)
            case WantReceived(peer, entries, full):
                self._receive(peer, entries, full=full)
            case BlockStored(cid):
                self._mark(multihash_of(cid))
            case AccessChanged():
                self._mark(None)
            case TimerExpired(timer):
                if timer != TIMER:
                    return ()
        return self._pump(now)

    def _receive(self, peer: Address, entries: tuple[WantEntry, ...], *, full: bool) -> None:
        keys = [multihash_of(entry.cid) for entry in entries]
        ledger = self._ledgers.setdefault(peer, _Ledger())
        if full:
            ledger.wants.clear()
        for entry, key in zip(entries, keys, strict=True):
            if entry.flags & WantFlag.CANCEL:
                ledger.wants.pop(entry.cid, None)
                continue
            self._arrivals += 1
            ledger.wants[entry.cid] = _Want(entry, key, self._arrivals)
        if len(ledger.wants) > WANT_ENTRIES_COUNT_MAX:
            by_urgency = sorted(ledger.wants.values(), key=_urgency, reverse=True)
            for want in by_urgency[WANT_ENTRIES_COUNT_MAX:]:
                del ledger.wants[want.entry.cid]
        ledger.is_stale = True

    def _mark(self, multihash: bytes | None) -> None:
        for ledger in self._ledgers.values():
            if any(multihash in (None, want.multihash) for want in ledger.wants.values()):
                ledger.is_stale = True

    def _pump(self, now: int) -> tuple[Effect, ...]:
        """Send one message per peer and turn until nothing is due or the bucket is empty."""
        elapsed = max(0, now - self._filled_at)
        self._tokens = min(_BURST_BYTES, self._tokens + elapsed * _RATE_BYTES // MICROS_PER_SECOND)
        self._filled_at = now
        effects: list[Effect] = []
        while (peer := self._next_stale()) is not None:
            if self._tokens <= 0:
                wait_us = -(-(1 - self._tokens) * MICROS_PER_SECOND // _RATE_BYTES)
                effects.append(ScheduleTimer(TIMER, now + wait_us))
                break
            ledger = self._ledgers.pop(peer)
            self._ledgers[peer] = ledger
            draft = self._draft(peer, ledger)
            effects += (BlockCorrupt(cid) for cid in draft.corrupt)
            if draft.blocks or draft.have or draft.dont:
                self._tokens -= draft.block_bytes
                effects.append(
                    SendGive(
                        peer,
                        tuple(draft.blocks),
                        tuple(draft.have),
                        tuple(draft.dont),
                        min(draft.pending, _PENDING_MAX),
                    )
                )
        return tuple(effects)

    def _next_stale(self) -> Address | None:
        return next((peer for peer, ledger in self._ledgers.items() if ledger.is_stale), None)

    def _draft(self, peer: Address, ledger: _Ledger) -> _Draft:
        """Fill one message from the most urgent wants; what does not fit stays stale."""
        draft = _Draft()
        ledger.is_stale = False
        for want in sorted(ledger.wants.values(), key=_urgency, reverse=True):
            cid = want.entry.cid
            # both questions always, so that a refusal costs what an absence costs
            size = self._store.size(cid)
            may = self._allowed(peer, want.multihash)
            if size is None or not may:
                self._say_dont(draft, want)
                continue
            if want.entry.flags & WantFlag.HAVE and size > SMALL_BLOCK_BYTES_MAX:
                draft.have.append(cid)
                del ledger.wants[cid]
                continue
            has_room = draft.block_bytes + size <= _PACK_BYTES_MAX or not draft.blocks
            if not has_room or len(draft.blocks) == GIVE_BLOCKS_COUNT_MAX:
                draft.pending += size
                ledger.is_stale = True
                continue
            data = self._read(cid, draft)
            if data is None:
                self._say_dont(draft, want)
                continue
            draft.blocks.append((prefix_of(cid), data))
            draft.block_bytes += size
            del ledger.wants[cid]
        return draft

    def _read(self, cid: Cid, draft: _Draft) -> bytes | None:
        try:
            return self._store.get(cid)
        except CorruptBlockError:
            draft.corrupt.append(cid)
        except NotFoundError:
            pass  # deleted between the two questions
        return None

    @staticmethod
    def _say_dont(draft: _Draft, want: _Want) -> None:
        if want.entry.flags & WantFlag.DONT_HAVE and not want.is_denied_aloud:
            want.is_denied_aloud = True
            draft.dont.append(want.entry.cid)


def _urgency(want: _Want) -> tuple[int, int]:
    """Higher is more urgent: priority, then who came first."""
    return want.entry.priority, -want.arrival
