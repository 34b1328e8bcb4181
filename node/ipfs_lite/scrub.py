"""Scrub: reads every block again, slowly, and has bad ones fetched anew.

Disks forget in silence; a block that is read once a year is found bad when it is needed
(content-store.md, section 14).  Reading hashes, so a bad block is marked by the read itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.errors import StorageError
from node.base.limits import HEALS_COUNT_MAX, SCRUB_BYTES_PER_SECOND_MAX
from node.base.types import MICROS_PER_SECOND, Cid
from node.ipfs_lite.blockstore import BlockReader
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError
from node.ipfs_lite.events import ScheduleTimer, TimerExpired

TIMER: Final = "scrub"
_SLICE_BYTES: Final = 2**20
"""Read at once, then the timer: an eighth of a second's part."""
_UNREAD_BYTES: Final = _SLICE_BYTES // HEALS_COUNT_MAX
"""What a block counts for whose length is not known any more."""
PAUSE_US: Final = 3_600 * MICROS_PER_SECOND
"""Between two passes: a small store is not read all day long."""
_RAW: Final = b"\x01\x55"
"""The store is keyed by multihash: any CID of a block reads it."""


@dataclass(frozen=True, slots=True)
class ScrubStarted:
    """Begin; a second time changes nothing."""


@dataclass(frozen=True, slots=True)
class HealEnded:
    """What HealBlock asked for is over."""

    multihash: bytes
    is_healed: bool


@dataclass(frozen=True, slots=True)
class HealBlock:
    """Fetch a bad block from its other holders and put it: that replaces it."""

    multihash: bytes


@dataclass(frozen=True, slots=True)
class BlockLost:
    """Nobody gave the block, or the disk fails under it: repair must know (CopyMissed)."""

    multihash: bytes


@dataclass(frozen=True, slots=True)
class ScrubFinished:
    """A pass is over."""

    blocks: int
    bad: int


ScrubEvent: TypeAlias = ScrubStarted | HealEnded | TimerExpired
ScrubEffect: TypeAlias = HealBlock | BlockLost | ScrubFinished | ScheduleTimer


class Scrubber:
    """Walks through one store, pass after pass."""

    def __init__(self, store: BlockReader, pause_us: int = PAUSE_US) -> None:
        self._store = store
        self._pause_us = pause_us
        self._walk: Iterator[bytes] | None = None
        self._healing: dict[bytes, None] = {}
        self._blocks = self._bad = 0
        self._is_started = self._is_waiting = False

    def handle(self, event: ScrubEvent, now: int) -> tuple[ScrubEffect, ...]:
        """Apply one event at ``now`` microseconds; a disk that fails under a block ends nothing."""
        match event:
            case ScrubStarted():
                if self._is_started:
                    return ()
                self._is_started = True
                return (ScheduleTimer(TIMER, now),)
            case HealEnded(multihash, is_healed):
                return self._heal_ended(multihash, now, is_healed=is_healed)
            case TimerExpired(timer):
                if timer != TIMER or not self._is_started:
                    return ()
                return self._slice(now)

    def _heal_ended(
        self, multihash: bytes, now: int, *, is_healed: bool
    ) -> tuple[ScrubEffect, ...]:
        if multihash not in self._healing:
            return ()
        del self._healing[multihash]
        effects: list[ScrubEffect] = [] if is_healed else [BlockLost(multihash)]
        if self._is_waiting:
            self._is_waiting = False
            effects.append(ScheduleTimer(TIMER, now))
        return tuple(effects)

    def _slice(self, now: int) -> tuple[ScrubEffect, ...]:
        """Read on, up to a slice, and rest as long as the rate wants."""
        effects: list[ScrubEffect] = []
        if self._walk is None:
            # all keys at once: a store need not stand changes while it is walked through
            self._walk = iter(tuple(self._store.multihashes()))
            self._blocks = self._bad = 0
        read_bytes = 0
        while read_bytes < _SLICE_BYTES:
            if len(self._healing) >= HEALS_COUNT_MAX:
                self._is_waiting = True  # a disk full of bad blocks: HealEnded goes on
                return tuple(effects)
            multihash = next(self._walk, None)
            if multihash is None:
                self._walk = None
                effects.append(ScrubFinished(self._blocks, self._bad))
                effects.append(ScheduleTimer(TIMER, now + self._pause_us))
                return tuple(effects)
            read_bytes += self._read(multihash, effects)
        rest_us = -(-read_bytes * MICROS_PER_SECOND // SCRUB_BYTES_PER_SECOND_MAX)
        return (*effects, ScheduleTimer(TIMER, now + rest_us))

    def _read(self, multihash: bytes, effects: list[ScrubEffect]) -> int:
        self._blocks += 1
        try:
            return len(self._store.get(Cid(_RAW + multihash)))
        except NotFoundError:
            return 0  # deleted since the walk began
        except CorruptBlockError:
            self._bad += 1
            if multihash not in self._healing:
                self._healing[multihash] = None
                effects.append(HealBlock(multihash))
            return _UNREAD_BYTES
        except StorageError:
            # raising would end the scrub and lose what this slice has found
            self._bad += 1
            effects.append(BlockLost(multihash))
            return _UNREAD_BYTES
