"""HAVE challenges: what each peer is asked to show, so that ``live`` means something.

A peer lives when it has answered one within a day (content-store.md, section 14).  Members of its
assignment are drawn at random, so it cannot keep only what it will be asked for; one in 64 is
asked for as a whole block, since the word HAVE alone costs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.limits import CHALLENGES_COUNT_MAX
from node.base.ports import Entropy
from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.ipfs_lite.events import PeerGone, PeerJoined, ScheduleTimer, TimerExpired
from node.ipfs_lite.repair_events import CopyMissed, CopyProven, NothingToProve

TIMER: Final = "challenge"
INTERVAL_US: Final = 3_600 * MICROS_PER_SECOND
"""24 chances to answer before a peer counts as dead."""
ANSWER_US_MAX: Final = 60 * MICROS_PER_SECOND
"""A later answer proves nothing: the block could have been fetched from another peer."""
WHOLE_ONE_IN: Final = 64

Assigned: TypeAlias = Callable[[Address], Sequence[Cid]]
"""Gives the blocks that a peer should have, in a stable order."""


@dataclass(frozen=True, slots=True)
class ChallengeAnswered:
    """A peer answered for a block: ``has_it`` is its HAVE, or a block whose hash was right.

    ``is_whole``  the block itself came.  Wrong bytes are ``has_it`` false.
    """

    peer: Address
    cid: Cid
    has_it: bool
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class AskPeer:
    """Ask a peer about a block it should have: with want-block if ``whole``, else want-have."""

    peer: Address
    cid: Cid
    whole: bool


ChallengeEvent: TypeAlias = PeerJoined | PeerGone | ChallengeAnswered | TimerExpired
ChallengeEffect: TypeAlias = AskPeer | CopyProven | NothingToProve | CopyMissed | ScheduleTimer
"""All but the first and the last are events of ``repair``."""


@dataclass(frozen=True, slots=True)
class _Open:
    until: int
    whole: bool


class Challenger:
    """Asks every connected peer once an interval, spread over the interval."""

    def __init__(
        self, assigned: Assigned, entropy: Entropy, interval_us: int = INTERVAL_US
    ) -> None:
        self._assigned = assigned
        self._entropy = entropy
        self._interval_us = interval_us
        self._next: dict[Address, int] = {}
        self._open: dict[tuple[Address, Cid], _Open] = {}
        self._timer_at: int | None = None

    def handle(self, event: ChallengeEvent, now: int) -> tuple[ChallengeEffect, ...]:
        """Apply one event.  An answer that nobody asked for, or that is late, says nothing."""
        effects: list[ChallengeEffect] = []
        match event:
            case PeerJoined(peer):
                # at once: a peer that comes back within the grace must be seen to be back
                self._next.setdefault(peer, now)
            case PeerGone(peer):
                self._next.pop(peer, None)
                self._open = {key: one for key, one in self._open.items() if key[0] != peer}
            case ChallengeAnswered():
                self._answered(event, effects, now)
            case TimerExpired(timer):
                if timer != TIMER:
                    return ()
                self._timer_at = None
        self._open = {key: one for key, one in self._open.items() if now <= one.until}
        for peer, due in self._next.items():
            if due <= now:
                self._ask(peer, effects, now)
        self._schedule(effects)
        return tuple(effects)

    def _answered(
        self, answer: ChallengeAnswered, effects: list[ChallengeEffect], now: int
    ) -> None:
        asked = self._open.pop((answer.peer, answer.cid), None)
        if asked is None or now > asked.until:
            return
        if not answer.has_it:
            effects.append(CopyMissed(answer.peer, answer.cid))
        elif answer.is_whole or not asked.whole:
            effects.append(CopyProven(answer.peer, answer.cid))

    def _ask(self, peer: Address, effects: list[ChallengeEffect], now: int) -> None:
        # half to one and a half intervals: who is asked when cannot be foreseen
        self._next[peer] = now + self._interval_us // 2 + self._entropy.below(self._interval_us)
        blocks = self._assigned(peer)
        if not blocks:
            effects.append(NothingToProve(peer))
        for _ in range(min(CHALLENGES_COUNT_MAX, len(blocks))):
            cid = blocks[self._entropy.below(len(blocks))]
            whole = self._entropy.below(WHOLE_ONE_IN) == 0
            if (peer, cid) not in self._open:
                self._open[peer, cid] = _Open(now + ANSWER_US_MAX, whole)
                effects.append(AskPeer(peer, cid, whole))

    def _schedule(self, effects: list[ChallengeEffect]) -> None:
        at = min(self._next.values(), default=None)
        if at is not None and at != self._timer_at:
            self._timer_at = at
            effects.append(ScheduleTimer(TIMER, at))
