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
    PEER_QUEUE_BYTES_MAX,
    WANT_ENTRIES_COUNT_MAX,
)
from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.ipfs_lite.blockstore import BlockReader
from node.ipfs_lite.cid import multihash_of, prefix_of
from node.ipfs_lite.errors import BadWantListError, CorruptBlockError, NotFoundError
from node.ipfs_lite.events import (
    AccessChanged,
    BlockCorrupt,
    BlockStored,
    Effect,
    GiveLeft,
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
from node.ipfs_lite.want_list import Want, WantList

Allowed = Callable[[Address, bytes, int], bool]
"""Says whether a peer may have the block of a multihash, at this microsecond."""

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
class _Ledger:
    """One peer: its list, and the bytes between us."""

    wants: WantList = field(default_factory=WantList)
    leaving_bytes: int = 0
    """Handed to the connection, and not written out yet."""
    sent_bytes: int = 0


@dataclass(slots=True)
class _Draft:
    """A message in the making."""

    blocks: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    have: list[Cid] = field(default_factory=list[Cid])
    dont: list[Cid] = field(default_factory=list[Cid])
    block_bytes: int = 0


class WantServer:
    """Answers the wants of all peers out of one store.

    ``allowed``   is asked for every want, whether or not its block is here.
    """

    def __init__(self, store: BlockReader, allowed: Allowed) -> None:
        self._store = store
        self._allowed = allowed
        self._ledgers: dict[Address, _Ledger] = {}
        """Round robin: who was served goes to the end."""
        self._arrivals = 0
        self._tokens = _BURST_BYTES
        self._filled_at = 0
        self._armed_at = 0

    def waiting(self, peer: Address) -> tuple[Cid, ...]:
        """Give what a peer still waits for, in the order of its arrival."""
        ledger = self._ledgers.get(peer)
        return ledger.wants.cids() if ledger else ()

    def sent_bytes(self, peer: Address) -> int:
        """Give the bytes of blocks sent to a peer since it joined."""
        ledger = self._ledgers.get(peer)
        return ledger.sent_bytes if ledger else 0

    def handle(self, event: WantEvent, now: int) -> tuple[Effect, ...]:
        """Apply one event at ``now`` microseconds.

        raises        BadCidError, HashNotAllowedError: a want names no storable block.
                      BadWantListError: too many entries, or a priority of more than 32 bits.
                      Nothing of that message was applied: its sender broke the protocol.
        """
        match event:
            case PeerJoined(peer):
                self._ledgers[peer] = _Ledger()
            case PeerGone(peer):
                self._ledgers.pop(peer, None)
            case WantReceived(peer, entries, full):
                self._receive(peer, entries, full=full)
            case GiveLeft(peer, block_bytes):
                if peer in self._ledgers:
                    ledger = self._ledgers[peer]
                    ledger.leaving_bytes = max(0, ledger.leaving_bytes - block_bytes)
            case BlockStored(cid):
                multihash = multihash_of(cid)
                for ledger in self._ledgers.values():
                    ledger.wants.look_again_at(multihash)
            case AccessChanged():
                for ledger in self._ledgers.values():
                    ledger.wants.look_again()
            case TimerExpired(timer):
                if timer != TIMER:
                    return ()
        return self._pump(now)

    def _receive(self, peer: Address, entries: tuple[WantEntry, ...], *, full: bool) -> None:
        if len(entries) > WANT_ENTRIES_COUNT_MAX:
            raise BadWantListError(f"{len(entries)} entries, at most {WANT_ENTRIES_COUNT_MAX}")
        for entry in entries:
            if not -(2**31) <= entry.priority < 2**31:
                raise BadWantListError(f"priority {entry.priority}, wants 32 bits with a sign")
        keys = [multihash_of(entry.cid) for entry in entries]
        wants = self._ledgers.setdefault(peer, _Ledger()).wants
        if full:
            wants.clear()
        for entry, key in zip(entries, keys, strict=True):
            if entry.flags & WantFlag.CANCEL:
                wants.drop(entry.cid)
                continue
            self._arrivals += 1
            wants.add(entry, key, self._arrivals)
        wants.cut(WANT_ENTRIES_COUNT_MAX)

    def _pump(self, now: int) -> tuple[Effect, ...]:
        """Send one message per peer and turn until nothing is due or the bucket is empty."""
        elapsed = max(0, now - self._filled_at)
        self._tokens = min(_BURST_BYTES, self._tokens + elapsed * _RATE_BYTES // MICROS_PER_SECOND)
        self._filled_at = max(now, self._filled_at)
        effects: list[Effect] = []
        while (peer := self._next_due()) is not None:
            if self._tokens <= 0:
                effects += self._arm(now)
                break
            ledger = self._ledgers.pop(peer)
            self._ledgers[peer] = ledger
            draft = self._draft(peer, ledger.wants, effects, now)
            if not (draft.blocks or draft.have or draft.dont):
                continue
            self._tokens -= draft.block_bytes
            ledger.leaving_bytes += draft.block_bytes
            ledger.sent_bytes += draft.block_bytes
            pending = min(ledger.wants.queued_bytes, _PENDING_MAX)
            blocks, have, dont = tuple(draft.blocks), tuple(draft.have), tuple(draft.dont)
            effects.append(SendGive(peer, blocks, have, dont, pending))
        return tuple(effects)

    def _arm(self, now: int) -> tuple[Effect, ...]:
        """Go on when there is enough for a packed message, not byte by byte."""
        if now < self._armed_at:
            return ()
        wait_us = (_PACK_BYTES_MAX - self._tokens) * MICROS_PER_SECOND // _RATE_BYTES
        self._armed_at = now + wait_us
        return (ScheduleTimer(TIMER, self._armed_at),)

    def _next_due(self) -> Address | None:
        """Give the next peer that has something coming and room on its connection."""
        for peer, ledger in self._ledgers.items():
            if ledger.wants.is_due() and ledger.leaving_bytes < PEER_QUEUE_BYTES_MAX:
                return peer
        return None

    def _draft(self, peer: Address, wants: WantList, effects: list[Effect], now: int) -> _Draft:
        """Look at what changed, then fill one message from the most urgent queued wants."""
        draft = _Draft()
        for want in wants.take_changed():
            size = self._size_for(peer, want, now)
            if size is None:
                self._say_dont(draft, want)
            elif want.entry.flags & WantFlag.HAVE and size > SMALL_BLOCK_BYTES_MAX:
                draft.have.append(want.entry.cid)
                wants.drop(want.entry.cid)
            else:
                wants.queue(want, size)
        while (first := wants.first()) is not None:
            has_room = draft.block_bytes + first.queued_bytes <= _PACK_BYTES_MAX
            if draft.blocks and (not has_room or len(draft.blocks) == GIVE_BLOCKS_COUNT_MAX):
                break
            size = self._size_for(peer, first, now)  # again: it may have waited for its turn
            data = None if size is None else self._read(first.entry.cid, effects)
            if data is None:
                wants.unqueue(first)
                self._say_dont(draft, first)
                continue
            wants.drop(first.entry.cid)
            draft.blocks.append((prefix_of(first.entry.cid), data))
            draft.block_bytes += len(data)
        return draft

    def _size_for(self, peer: Address, want: Want, now: int) -> int | None:
        """Give the size of a block for who may have it; both questions are asked always.

        So a refusal costs what an absence costs.
        """
        size = self._store.size(want.entry.cid)
        may = self._allowed(peer, want.multihash, now)
        return size if may else None

    def _read(self, cid: Cid, effects: list[Effect]) -> bytes | None:
        try:
            return self._store.get(cid)
        except CorruptBlockError:
            effects.append(BlockCorrupt(cid))
        except NotFoundError:
            pass  # deleted between the two questions
        return None

    @staticmethod
    def _say_dont(draft: _Draft, want: Want) -> None:
        if want.entry.flags & WantFlag.DONT_HAVE and not want.is_denied_aloud:
            want.is_denied_aloud = True
            draft.dont.append(want.entry.cid)
