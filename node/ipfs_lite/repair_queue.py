"""The copies that one node makes: few at once, slowly, the rarest first."""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, Protocol

from node.base.limits import REPAIR_BYTES_PER_SECOND_MAX, REPAIR_COPIES_COUNT_MAX
from node.base.types import MICROS_PER_SECOND, Cid

_BURST_US: Final = 100_000
"""Copies may run ahead of the rate by so much, so that small ones need no timer each."""


@dataclass(frozen=True, slots=True)
class Turn:
    """When this node may take a copy of something, as things are now."""

    at_us: int
    live: int
    """Copies that stand."""
    size_bytes: int


class TurnOf(Protocol):
    """Asks for the turn of an object at the last moment; None: it is not wanted any more."""

    def __call__(self, cid: Cid) -> Turn | None:
        """Give the turn."""
        ...


class CopyQueue:
    """What waits for its time, what waits for a place, and what runs.

    The rate is kept by when a copy starts: each one delays the next by its own bytes.  Entries
    are hints, asked about again before they start, so that a late one does no harm.
    """

    def __init__(self, free_bytes: int) -> None:
        self.free_bytes = free_bytes
        self.running: dict[Cid, int] = {}
        """Bytes of each copy that runs."""
        self._waiting: list[tuple[int, Cid]] = []
        self._due: dict[Cid, int] = {}
        """The earliest entry of each in ``_waiting``: a later one adds nothing to it."""
        self._ready: list[tuple[int, int, Cid]] = []
        self._no_room: dict[Cid, None] = {}
        """What did not fit beside what ran."""
        self._free_at = 0

    def stop(self, cid: Cid) -> bool:
        """Say whether this ran, and count it as running no more: there is room for others."""
        if self.running.pop(cid, None) is None:
            return False
        for waiting in self._no_room:
            self.push(0, waiting)
        self._no_room = {}
        return True

    def push(self, at_us: int, cid: Cid) -> None:
        """Look at something again at ``at_us``, or before."""
        if self._due.get(cid, at_us + 1) <= at_us:
            return
        self._due[cid] = at_us
        heappush(self._waiting, (at_us, cid))

    def next_start(self, turn_of: TurnOf, now: int) -> Cid | None:
        """Give what starts now, and count it as running; None: nothing may."""
        while self._waiting and self._waiting[0][0] <= now:
            due, cid = heappop(self._waiting)
            if self._due.get(cid) != due:
                continue  # an earlier entry was looked at, and what it led to counts
            del self._due[cid]
            turn = None if cid in self.running else turn_of(cid)
            if turn is not None:
                heappush(self._ready, (turn.live, due, cid))
        while self._ready and self._has_place() and self._free_at <= now + _BURST_US:
            live, due, cid = heappop(self._ready)
            turn = None if cid in self.running else turn_of(cid)
            if turn is None:
                continue
            if turn.at_us > now:
                self.push(turn.at_us, cid)
            elif turn.live != live:
                heappush(self._ready, (turn.live, due, cid))
            elif turn.size_bytes <= self.free_bytes - sum(self.running.values()):
                self._run(cid, turn.size_bytes, now)
                return cid
            else:
                self._no_room[cid] = None
        return None

    def _run(self, cid: Cid, size_bytes: int, now: int) -> None:
        self.running[cid] = size_bytes
        took_us = -(-size_bytes * MICROS_PER_SECOND // REPAIR_BYTES_PER_SECOND_MAX)
        self._free_at = max(now, self._free_at) + took_us

    def _has_place(self) -> bool:
        return len(self.running) < REPAIR_COPIES_COUNT_MAX

    def wakes_at(self) -> int | None:
        """Give when to ask again; None: only when something happens."""
        times = [self._waiting[0][0]] if self._waiting else []
        if self._ready and self._has_place():
            times.append(self._free_at - _BURST_US)
        return min(times, default=None)
