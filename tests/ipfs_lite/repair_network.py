"""Several nodes that repair, in virtual time: a heap of events, messages that take 50 ms."""

from heapq import heappop, heappush

from node.base.types import MICROS_PER_SECOND, Address
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.events import ScheduleTimer, TimerExpired
from node.ipfs_lite.repair import RepairKeeper, RepairSettings
from node.ipfs_lite.repair_events import (
    CancelCopy,
    CopyFailed,
    CopyFinished,
    CopyHeard,
    CopyMissed,
    CopyProven,
    Held,
    Member,
    MembersChanged,
    NothingToProve,
    ObjectTracked,
    RebuildFragment,
    ShareKind,
    SharesTracked,
    StartCopy,
    TellCopy,
)

MINUTE = 60 * MICROS_PER_SECOND
HOUR = 60 * MINUTE
_LATENCY = 50_000
_SECOND = MICROS_PER_SECOND


def address(number):
    return Address(bytes((number + 1,)) * 20)


class Network:
    """``operators[i]`` is the operator of node i; every node proves itself every ``beat_us``."""

    def __init__(
        self, operators, *, settings=None, copy_us=5 * _SECOND, free_bytes=2**40, beat_us=MINUTE
    ):
        self.settings = settings or RepairSettings(live_us=5 * MINUTE)
        self.members = [Member(address(at), name) for at, name in enumerate(operators)]
        self.nodes = [
            RepairKeeper(member.address, self.settings, free_bytes) for member in self.members
        ]
        self.index = {member.address: at for at, member in enumerate(self.members)}
        self.up = [True] * len(self.nodes)
        self.stored = [{} for _ in self.nodes]
        """What really lies on each node."""
        self.running = [{} for _ in self.nodes]
        self.log = []
        """(time, node, effect)"""
        self.copy_us = copy_us
        self._beat_us = beat_us
        self.now = 0
        self._heap = []
        self._count = 0
        self._timers = {}
        self.after_each = lambda: None
        for at in range(len(self.nodes)):
            self._at(0, self._start_node, at)

    def _at(self, when, do, *arguments):
        self._count += 1
        heappush(self._heap, (when, self._count, do, arguments))

    def _start_node(self, at):
        self.give(at, MembersChanged(tuple(self.members)))
        self._beat(at)

    def _beat(self, at):
        if self.up[at]:
            proof = next(iter(self.stored[at]), None)
            me = address(at)
            event = NothingToProve(me) if proof is None else CopyProven(me, proof)
            for other in range(len(self.nodes)):
                if other != at:
                    self._deliver(other, event)
        self._at(self.now + self._beat_us, self._beat, at)

    def _deliver(self, to, event):
        self._at(self.now + _LATENCY, self._receive, to, event)

    def _receive(self, to, event):
        if self.up[to]:
            self.give(to, event)

    def track(self, event, *objects):
        """Tell all nodes; what the holders have is put on their disks."""
        for held in objects:
            for node in held.holders:
                self.stored[self.index[node]][held.cid] = None
        for at in range(len(self.nodes)):
            self.give(at, event)

    def give(self, at, event):
        for effect in self.nodes[at].handle(event, self.now):
            self.log.append((self.now, at, effect))
            self._do(at, effect)
        self.after_each()

    def _do(self, at, effect):
        match effect:
            case ScheduleTimer(timer, at_us):
                self._timers[at] = at_us
                self._at(at_us, self._ring, at, timer, at_us)
            case StartCopy(cid, _, holders):
                self.running[at][cid] = None
                self._at(self.now + self.copy_us, self._end_copy, at, cid, (holders,))
            case RebuildFragment(_, cid, _, sources):
                self.running[at][cid] = None
                holders = tuple(one.holders for one in sources)
                self._at(self.now + self.copy_us, self._end_copy, at, cid, holders)
            case CancelCopy(cid):
                self.running[at].pop(cid, None)
            case TellCopy(cid, stage):
                for other in range(len(self.nodes)):
                    if other != at:
                        self._deliver(other, CopyHeard(address(at), cid, stage))

    def _ring(self, at, timer, at_us):
        if self.up[at] and self._timers.get(at) == at_us:
            self.give(at, TimerExpired(timer))

    def _end_copy(self, at, cid, sources):
        if cid not in self.running[at] or not self.up[at]:
            return
        del self.running[at][cid]
        if all(any(self.up[self.index[node]] for node in holders) for holders in sources):
            self.stored[at][cid] = None
            self.give(at, CopyFinished(cid))
        else:
            self.give(at, CopyFailed(cid))

    def stop(self, at):
        """A node goes away: it hears and does nothing; its disk stays."""
        self.up[at] = False

    def start(self, at):
        """A node is back and learns what it missed: who has what."""
        self.up[at] = True
        for cid in list(self.running[at]):
            del self.running[at][cid]
            self.give(at, CopyFailed(cid))
        self.give(at, TimerExpired("repair"))

    def lose(self, at, cid):
        """A node's bytes are gone; all nodes notice, itself first."""
        self.stored[at].pop(cid, None)
        for other in [at, *(one for one in range(len(self.nodes)) if one != at)]:
            self._deliver(other, CopyMissed(address(at), cid))

    def run_until(self, when):
        while self._heap and self._heap[0][0] <= when:
            self.now, _, do, arguments = heappop(self._heap)
            do(*arguments)
        self.now = when

    def copies(self, cid, *, live=True):
        """The nodes on whose disks something lies."""
        return [
            at
            for at, stored in enumerate(self.stored)
            if cid in stored and (self.up[at] or not live)
        ]

    def effects(self, kind):
        return [entry for entry in self.log if isinstance(entry[2], kind)]


CID = make_cid(b"an object")
SIZE = 2**20
ROOT = make_cid(b"a record")
SETTLED = 2 * HOUR


def held_by(holders, *, cid=CID, size=SIZE):
    return Held(cid, size, tuple(address(at) for at in holders))


def network_of(count, holders, *, rf_min=2, rf_max=3, **more):
    network = Network([b"h%d" % at for at in range(count)], **more)
    network.run_until(0)
    held = held_by(holders)
    network.track(ObjectTracked(held, rf_min, rf_max), held)
    return network


def track_shares(network, holders, *, kind=ShareKind.KEY, needed=2, cap=1, replicas=1):
    shares = tuple(
        held_by(nodes, cid=make_cid(b"share %d" % number)) for number, nodes in enumerate(holders)
    )
    network.track(SharesTracked(ROOT, kind, shares, needed, cap, replicas), *shares)
    return [share.cid for share in shares]


def share_network(count, holders, **more):
    network = Network([b"h%d" % at for at in range(count)])
    network.run_until(0)
    return network, track_shares(network, holders, **more)
