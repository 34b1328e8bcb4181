"""Repair: makes the copies that are missing, one node for each, slowly, and never a key.

Sans-IO.  Every node runs one and decides for itself alone: is it my turn to take a copy?  Ranks
of rendezvous hashing answer that without a vote.  The first ranks act when the grace is over, each
later one waits a step longer, and who starts tells the others.  If two start at once all the same,
the later rank stops (content-store.md, section 14).
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple, assert_never

from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.ipfs_lite.assignments import Assignment
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.events import ScheduleTimer, TimerExpired
from node.ipfs_lite.repair_events import (
    CancelCopy,
    CopyFailed,
    CopyFinished,
    CopyHeard,
    CopyMissed,
    CopyProven,
    CopyStage,
    Held,
    MembersChanged,
    NothingToProve,
    ObjectTracked,
    PlacementChanged,
    RebuildFragment,
    RepairEffect,
    RepairEvent,
    ShareKind,
    SharesTracked,
    SpaceChanged,
    StartCopy,
    TellCopy,
    Untracked,
)
from node.ipfs_lite.repair_queue import CopyQueue, Turn
from node.ipfs_lite.repair_risk import RiskWatch
from node.ipfs_lite.repair_state import (
    Copies,
    GroupName,
    RepairBook,
    ShareGroup,
    can_rebuild,
    copies_of,
    group_of,
    live_shares,
)

TIMER: Final = "repair"
_MINUTE_US: Final = 60 * MICROS_PER_SECOND
_FOREVER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RepairSettings:
    """How patient repair is; times in microseconds."""

    is_on: bool = True
    """``repair: off`` still watches and reports, and copies nothing."""
    live_us: int = 24 * 60 * _MINUTE_US
    """A node lives for so long after its last good answer to a challenge."""
    grace_us: int = 15 * _MINUTE_US
    """Missing copies are borne for so long: most nodes that go away come back."""
    rank_us: int = MICROS_PER_SECOND * 30
    """Each rank waits so much longer than the one before; far above any delay of the network."""
    claim_us: int = 10 * _MINUTE_US
    """A node that said it copies and then nothing is believed for so long."""


class RepairStat(NamedTuple):
    """What ``repo stat`` shows of repair."""

    is_on: bool
    tracked: int
    short: int
    """Objects and shares with fewer live copies than wanted."""
    copying: int
    at_risk: int
    """Sets of shares that cannot bear another loss."""


class RepairKeeper:
    """The repair of one node."""

    def __init__(self, me: Address, settings: RepairSettings, free_bytes: int) -> None:
        self._me = me
        self._settings = settings
        self._book = RepairBook(me, settings.live_us)
        self._copies: dict[Cid, Copies] = {}
        self._groups: dict[GroupName, ShareGroup] = {}
        self._by_holder: dict[Address, dict[Cid, None]] = {}
        self._short: dict[Cid, None] = {}
        self._queue = CopyQueue(free_bytes)
        self._risks = RiskWatch(self._book, settings.grace_us, asks=settings.is_on)
        self._claim_ends: list[tuple[int, Address, Cid]] = []
        self._timer_at: int | None = None

    def stat(self) -> RepairStat:
        """Give the figures of ``repo stat``."""
        risky = sum(group.is_reported for group in self._groups.values())
        counts = len(self._copies), len(self._short), len(self._queue.running)
        return RepairStat(self._settings.is_on, *counts, risky)

    def holders(self, cid: Cid) -> tuple[Address, ...]:
        """Give the live holders of what is tracked, the preferred one first; else none."""
        copies = self._copies.get(cid)
        return self._book.live_holders(copies) if copies else ()

    def assigned(self, peer: Address) -> tuple[Cid, ...]:
        """Give the objects that a peer should have, whether or not it does; shares are secret."""
        cids = self._by_holder.get(peer, ())
        return tuple(cid for cid in cids if self._copies[cid].group is None)

    def handle(self, event: RepairEvent, now: int) -> tuple[RepairEffect, ...]:
        """Apply one event at ``now`` microseconds.  What is not tracked is passed over.

        raises        BadCidError, HashNotAllowedError: a tracked name is none of a block.
        """
        effects: list[RepairEffect] = []
        match event:
            case MembersChanged(members):
                self._lives_changed(self._book.set_members(members, now), now)
            case SpaceChanged(free_bytes):
                self._queue.free_bytes = free_bytes
                self._enqueue_short()
            case ObjectTracked(held, rf_min, rf_max):
                self._track(copies_of(held, rf_min, rf_max), now)
            case SharesTracked():
                self._track_group(event, effects, now)
            case Untracked(cid):
                self._untrack(cid, effects)
            case CopyProven(peer, cid):
                self._proven(peer, cid, now)
            case NothingToProve(peer):
                self._lives(peer, now)
            case CopyMissed(peer, cid):
                self._missed(peer, cid, now)
            case CopyHeard():
                self._heard(event, effects, now)
            case CopyFinished(cid):
                self._finished(cid, effects, now)
            case CopyFailed(cid):
                self._stop(cid, effects, now)
            case TimerExpired(timer):
                if timer != TIMER:
                    return ()
                self._timer_at = None
            case _:
                assert_never(event)
        self._pump(effects, now)
        return tuple(effects)

    # what is tracked

    def _track(self, copies: Copies, now: int) -> None:
        multihash_of(copies.cid)  # refuses what no store can hold, before anything is changed
        old = self._copies.get(copies.cid)
        if old is not None:
            copies.claims, copies.missed = old.claims, old.missed
            copies.given_up, copies.waits_since = old.given_up, old.waits_since
            copies.short_since, copies.is_filling = old.short_since, old.is_filling
            self._unindex(old)
        self._copies[copies.cid] = copies
        for node in copies.holders:
            self._by_holder.setdefault(node, {})[copies.cid] = None
        self._review(copies, now)

    def _track_group(self, order: SharesTracked, effects: list[RepairEffect], now: int) -> None:
        group = group_of(order)
        for copies in group.shares:
            multihash_of(copies.cid)
        name = order.root, order.kind
        old = self._groups.get(name)
        kept = {share.cid for share in order.shares}
        for copies in old.shares if old else ():
            if copies.cid not in kept:
                self._forget(copies, effects)
        self._groups[name] = group
        for copies in group.shares:
            self._track(copies, now)

    def _untrack(self, cid: Cid, effects: list[RepairEffect]) -> None:
        gone = [self._copies[cid]] if cid in self._copies else []
        for kind in ShareKind:
            group = self._groups.pop((cid, kind), None)
            gone += group.shares if group else ()
        for copies in gone:
            self._forget(copies, effects)

    def _forget(self, copies: Copies, effects: list[RepairEffect]) -> None:
        if self._copies.get(copies.cid) is not copies:
            return  # something else was tracked under its name
        self._unindex(copies)
        del self._copies[copies.cid]
        self._short.pop(copies.cid, None)
        if self._queue.stop(copies.cid):
            effects.extend((CancelCopy(copies.cid), TellCopy(copies.cid, CopyStage.GIVEN_UP)))

    def _unindex(self, copies: Copies) -> None:
        for node in copies.holders:
            self._by_holder[node].pop(copies.cid, None)

    # what is heard

    def _lives_changed(self, changed: tuple[Address, ...], now: int) -> None:
        for peer in changed:
            for cid in self._by_holder.get(peer, ()):
                self._review(self._copies[cid], now)
        if changed:
            self._enqueue_short()  # ranks have moved

    def _lives(self, peer: Address, now: int) -> None:
        if self._book.prove(peer, now):
            self._lives_changed((peer,), now)

    def _proven(self, peer: Address, cid: Cid, now: int) -> None:
        self._lives(peer, now)
        copies = self._copies.get(cid)
        if copies is not None and peer in copies.missed:
            del copies.missed[peer]
            self._review(copies, now)

    def _missed(self, peer: Address, cid: Cid, now: int) -> None:
        copies = self._copies.get(cid)
        if copies is not None and peer in copies.holders:
            copies.missed[peer] = None
            self._review(copies, now)

    def _heard(self, news: CopyHeard, effects: list[RepairEffect], now: int) -> None:
        copies = self._copies.get(news.cid)
        if copies is None or news.peer == self._me or news.peer not in self._book.operators:
            return
        match news.stage:
            case CopyStage.STARTED if not self._is_believed(news.peer, copies):
                return
            case CopyStage.STARTED:
                end = now + self._settings.claim_us
                copies.claims[news.peer] = end
                heappush(self._claim_ends, (end, news.peer, news.cid))
                self._yield_to(news.peer, copies, effects, now)
            case CopyStage.DONE:
                copies.claims.pop(news.peer, None)
                if self._book.may_hold(news.peer, copies):
                    self._add_holder(copies, news.peer)
            case CopyStage.GIVEN_UP:
                if copies.claims.pop(news.peer, None) is not None:
                    copies.given_up[news.peer] = None
                    copies.waits_since = now
        self._review(copies, now)

    def _is_believed(self, peer: Address, copies: Copies) -> bool:
        """Say whether to wait for a copy that a peer says it has started.

        Once for each: who could renew a claim, or begin again after letting one lapse, could keep
        all others from ever making the copy.  Nodes of the own operator are always believed: they
        share a cap.
        """
        if peer in copies.claims or (peer in copies.holders and peer not in copies.missed):
            return False
        is_own = self._book.operators[peer] == self._book.operators.get(self._me)
        return is_own or peer not in copies.given_up

    def _yield_to(
        self, peer: Address, copies: Copies, effects: list[RepairEffect], now: int
    ) -> None:
        """Stop own copies that clash with one that ``peer`` has started and goes before us."""
        for own in [copies] if copies.group is None else copies.group.shares:
            if own.cid in self._queue.running and self._book.must_yield(own, peer, copies):
                effects.append(CancelCopy(own.cid))
                self._stop(own.cid, effects, now)

    def _finished(self, cid: Cid, effects: list[RepairEffect], now: int) -> None:
        size_bytes = self._queue.running.pop(cid, None)
        if size_bytes is None:
            return  # was cancelled meanwhile
        self._queue.free_bytes -= size_bytes  # until the store says more exactly
        copies = self._copies[cid]
        copies.claims.pop(self._me, None)
        self._add_holder(copies, self._me)
        effects.append(TellCopy(cid, CopyStage.DONE))
        if copies.group is not None:
            operator = self._book.operators.get(self._me, b"")
            row = Assignment(copies.share, multihash_of(cid), operator, self._me)
            effects.append(PlacementChanged(copies.group.order.root, row))
        self._review(copies, now)

    def _stop(self, cid: Cid, effects: list[RepairEffect], now: int) -> None:
        if not self._queue.stop(cid):
            return
        copies = self._copies[cid]
        copies.claims.pop(self._me, None)
        copies.given_up[self._me] = None
        copies.waits_since = now
        effects.append(TellCopy(cid, CopyStage.GIVEN_UP))
        self._review(copies, now)

    def _add_holder(self, copies: Copies, node: Address) -> None:
        copies.holders[node] = None
        copies.missed.pop(node, None)
        copies.given_up.pop(node, None)
        self._by_holder.setdefault(node, {})[copies.cid] = None

    # what follows

    def _review(self, copies: Copies, now: int) -> None:
        """Decide anew whether something is short of copies; called after every change of it."""
        since = copies.short_since
        if since is not None and now >= since + self._settings.grace_us:
            copies.is_filling = True  # the others have begun, whether or not this node takes part
        live = len(self._book.live_holders(copies))
        wanted = self._book.ceiling(copies) if copies.is_filling else copies.rf_min
        if live >= wanted:
            copies.short_since, copies.is_filling = None, False
            copies.given_up.clear()
            self._short.pop(copies.cid, None)
        else:
            if copies.short_since is None:
                copies.short_since = now
            self._short[copies.cid] = None
            self._enqueue(copies)
        if copies.group is not None:
            self._risks.review(copies.group, now)

    def _enqueue(self, copies: Copies) -> None:
        turn = self._turn(copies.cid)
        if turn is not None:
            self._queue.push(turn.at_us, copies.cid)

    def _enqueue_short(self) -> None:
        for cid in self._short:
            self._enqueue(self._copies[cid])

    def _turn(self, cid: Cid) -> Turn | None:
        """Give when it is this node's turn to take a copy; None: as things are, never."""
        copies = self._copies.get(cid)
        if copies is None or copies.short_since is None or not self._settings.is_on:
            return None
        live = len(self._book.live_holders(copies))
        places = self._book.open_places(copies)
        if places < 1 or not (live or can_rebuild(copies, self._book)):
            return None
        order = self._book.candidates(copies)
        if self._me not in order:
            return None
        start = max(copies.short_since + self._settings.grace_us, copies.waits_since)
        if self._me in copies.given_up:
            start = max(start, copies.waits_since + self._settings.claim_us)
        steps = max(0, order.index(self._me) - places + 1)
        at_us = start + steps * self._settings.rank_us
        return Turn(at_us, live, copies.held.size_bytes)

    def _pump(self, effects: list[RepairEffect], now: int) -> None:
        self._lives_changed(self._book.lapse(now), now)
        while self._claim_ends and self._claim_ends[0][0] <= now:
            self._expire(*heappop(self._claim_ends))
        self._risks.report(self._groups, effects, now)
        cid = self._queue.next_start(self._turn, now)
        while cid is not None:
            self._start(self._copies[cid], effects)
            cid = self._queue.next_start(self._turn, now)
        self._schedule(effects, now)

    def _expire(self, end: int, peer: Address, cid: Cid) -> None:
        copies = self._copies.get(cid)
        if copies is None or copies.claims.get(peer) != end:
            return
        del copies.claims[peer]
        copies.given_up[peer] = None
        copies.waits_since = end
        self._review(copies, end)

    def _start(self, copies: Copies, effects: list[RepairEffect]) -> None:
        """Take one copy: the grace is over, so there will be as many as rf_max says."""
        copies.is_filling = True
        copies.claims[self._me] = _FOREVER
        effects.append(TellCopy(copies.cid, CopyStage.STARTED))
        size_bytes, group = copies.held.size_bytes, copies.group
        holders = self._book.live_holders(copies)
        if holders or group is None:
            effects.append(StartCopy(copies.cid, size_bytes, holders))
            return
        assert group.order.kind is ShareKind.FRAGMENT  # a key is never computed here
        sources = tuple(
            Held(one.cid, one.held.size_bytes, self._book.live_holders(one))
            for one in live_shares(group, self._book)
        )
        effects.append(RebuildFragment(group.order.root, copies.cid, size_bytes, sources))

    def _schedule(self, effects: list[RepairEffect], now: int) -> None:
        ends = self._claim_ends[0][0] if self._claim_ends else None
        times = (self._queue.wakes_at(), self._book.next_lapse(), self._risks.wakes_at(), ends)
        at = min((time for time in times if time is not None), default=None)
        if at is not None and at != self._timer_at:
            self._timer_at = at
            effects.append(ScheduleTimer(TIMER, max(at, now)))
