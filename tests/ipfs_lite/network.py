"""A few nodes with stores, joined by links of fixed delay, in virtual time.

Only the exchange runs on it: both cores of each node, and an order of delivery that depends on
nothing but the events.
"""

from heapq import heappop, heappush

from node.base.types import Address
from node.ipfs_lite import events as ev
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.selector import Blocks, Graph
from node.ipfs_lite.session import FetchClient
from node.ipfs_lite.wants import WantServer

DELAY_US = 10_000
START_US = 1_700_000_000_000_000


def address(number):
    return Address(bytes((number,)) * 20)


class Node:
    def __init__(self, name):
        self.name = name
        self.store = MemoryStore()
        self.server = WantServer(self.store, lambda _peer, _multihash, _now: True)
        self.client = FetchClient(self.store)
        self.fetched = []
        self.ended = []
        self.bans = []
        self.is_silent = False
        self.is_down = False
        self.lie = None
        """Replaces the bytes of every block that this node sends."""

    def restart(self):
        self.server = WantServer(self.store, self.server._allowed)
        self.client = FetchClient(self.store)

    def put(self, data):
        cid = make_cid(data)
        self.store.put(cid, data, BlockClass.SEALED)
        return cid


class Network:
    def __init__(self, count):
        self.now = START_US
        self.nodes = {address(n): Node(address(n)) for n in range(count)}
        self.wants = []
        """Every (asker, asked, entry) in the order of sending."""
        self.weather = lambda: (DELAY_US,)
        """Delays of the copies of one message that arrive: none is a loss, two a duplicate."""
        self._queue = []
        self._order = 0
        for node in self.nodes.values():
            for other in self.nodes:
                if other != node.name:
                    self._feed(node, ev.PeerJoined(other))

    def __getitem__(self, number):
        return self.nodes[address(number)]

    def fetch(self, number, cids, holders=(), session=1, *, walk=False, **options):
        options.setdefault("bytes_max", 2**30)
        options.setdefault("selector", (Graph if walk else Blocks)(tuple(cids)))
        names = tuple(address(holder) for holder in holders)
        self._feed(self[number], ev.FetchStarted(session=session, holders=names, **options))

    def feed(self, number, event):
        self._feed(self[number], event)

    def run(self, until_us=60_000_000):
        while self._queue and self._queue[0][0] <= START_US + until_us:
            self.now, _, name, event = heappop(self._queue)
            node = self.nodes[name]
            if isinstance(event, str):
                self._turn(node, event)
            elif not node.is_down:
                self._feed(node, event)

    def crash(self, number, at_us, until_us):
        """Take a node down for a while: its store stays, all else of it is gone."""
        self._at(START_US + at_us, address(number), "down")
        self._at(START_US + until_us, address(number), "up")

    def _turn(self, node, what):
        node.is_down = what == "down"
        node.restart()
        for other in self.nodes.values():
            if other is node or other.is_down:
                continue
            joined = ev.PeerGone if node.is_down else ev.PeerJoined
            self._feed(other, joined(node.name))
            if not node.is_down:
                self._feed(node, ev.PeerJoined(other.name))

    def _send(self, name, event):
        for delay_us in self.weather():
            self._at(self.now + delay_us, name, event)

    def _at(self, at_us, name, event):
        self._order += 1
        heappush(self._queue, (at_us, self._order, name, event))

    def _feed(self, node, event):
        clients = ev.GiveReceived | ev.FetchStarted | ev.FetchCancelled
        servers = ev.WantReceived | ev.GiveLeft | ev.BlockStored | ev.AccessChanged
        if not isinstance(event, servers):
            self._apply(node, node.client.handle(event, self.now))
        if not isinstance(event, clients):
            self._apply(node, node.server.handle(event, self.now))

    def _apply(self, node, effects):
        for effect in effects:
            match effect:
                case ev.SendWant(peer, entries):
                    self.wants += ((node.name, peer, entry) for entry in entries)
                    self._send(peer, ev.WantReceived(node.name, entries))
                case ev.SendGive(peer, blocks, have, dont, _):
                    left = sum(len(data) for _, data in blocks)
                    self._at(self.now + DELAY_US, node.name, ev.GiveLeft(peer, left))
                    if node.is_silent:
                        continue
                    if node.lie is not None:
                        blocks = tuple((prefix, node.lie) for prefix, _ in blocks)
                    event = ev.GiveReceived(node.name, blocks, have, dont)
                    self._send(peer, event)
                case ev.BlockFetched(_, cid, data, _):
                    node.store.put(cid, data, BlockClass.SEALED)
                    node.fetched.append(cid)
                    self._feed(node, ev.BlockStored(cid))
                case ev.ScheduleTimer(timer, at_us):
                    self._at(at_us, node.name, ev.TimerExpired(timer))
                case ev.FetchFinished() | ev.FetchFailed():
                    node.ended.append((effect, self.now - START_US))
                case ev.BanPeer() | ev.DropPeer() | ev.BlockCorrupt():
                    node.bans.append(effect)
