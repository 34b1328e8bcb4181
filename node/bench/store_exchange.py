"""The block exchange at work: one fetcher, its holders, no sockets, virtual time.

Both ends run in this process on stores in memory, and all their CPU counts: reading and hashing at
the sender, hashing and storing at the receiver (content-store.md, section 18).
"""

from dataclasses import dataclass, field
from hashlib import shake_128
from heapq import heappop, heappush
from time import process_time
from typing import Final, TypeAlias

from node.base.types import Address
from node.ipfs_lite import events as ev
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.selector import Blocks
from node.ipfs_lite.session import FetchClient
from node.ipfs_lite.wants import WantServer

DELAY_US: Final = 1_000
"""One way, of every link."""
_FETCHER: Final = 0
_SESSION: Final = 1

_Event: TypeAlias = ev.FetchEvent | ev.WantEvent


@dataclass(frozen=True, slots=True)
class ExchangeRun:
    """What a run took and came to."""

    fetched_bytes: int
    cpu_s: float
    virtual_us: int
    bans: int
    duplicate_blocks: int
    """Blocks that came more often than once."""
    is_whole: bool
    """Every block is in the fetcher's store, with its own bytes."""

    @property
    def bytes_per_cpu_s(self) -> float:
        """Give the rate over both ends."""
        return self.fetched_bytes / self.cpu_s


def run_exchange(
    *, blocks: int = 128, block_bytes: int = 2**20, holders: int = 1, liars: int = 0
) -> ExchangeRun:
    """Fetch so many blocks from ``holders`` peers that have them all.

    ``liars``   so many of the holders flip a bit of every block that they send.

    The same arguments give the same run; only ``cpu_s`` differs.
    """
    data = [shake_128(number.to_bytes(8)).digest(block_bytes) for number in range(blocks)]
    cids = tuple(make_cid(block) for block in data)
    nodes = [_Node(_address(number)) for number in range(holders + 1)]
    for node in nodes[1:]:
        for cid, block in zip(cids, data, strict=True):
            node.store.put(cid, block, BlockClass.SEALED)
    for node in nodes[1 : 1 + liars]:
        node.lies = {block: bytes((block[0] ^ 1,)) + block[1:] for block in data}
    network = _Network(nodes)
    names = tuple(node.name for node in nodes[1:])
    start = ev.FetchStarted(_SESSION, Blocks(cids), names, bytes_max=blocks * block_bytes)
    began = process_time()
    network.run(start)
    cpu_s = process_time() - began
    fetcher = nodes[_FETCHER]
    return ExchangeRun(
        fetched_bytes=sum(len(block) for block in data),
        cpu_s=cpu_s,
        virtual_us=network.now,
        bans=fetcher.bans,
        duplicate_blocks=fetcher.arrivals - fetcher.store.count(),
        is_whole=all(
            fetcher.store.has(cid) and fetcher.store.get(cid) == block
            for cid, block in zip(cids, data, strict=True)
        ),
    )


def _address(number: int) -> Address:
    return Address(number.to_bytes(20))


def _everybody(_peer: Address, _multihash: bytes, _now: int) -> bool:
    return True


@dataclass(slots=True)
class _Node:
    name: Address
    store: MemoryStore = field(default_factory=MemoryStore)
    client: FetchClient = field(init=False)
    server: WantServer = field(init=False)
    lies: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    """What it sends instead of a block."""
    bans: int = 0
    arrivals: int = 0

    def __post_init__(self) -> None:
        self.client = FetchClient(self.store)
        self.server = WantServer(self.store, _everybody)


class _Network:
    """Delivers in the order of time, then of sending."""

    def __init__(self, nodes: list[_Node]) -> None:
        self.now = 0
        self._nodes = {node.name: node for node in nodes}
        self._queue: list[tuple[int, int, Address, _Event]] = []
        self._order = 0
        for node in nodes:
            for other in nodes:
                if node is not other:
                    self._hand(node, ev.PeerJoined(other.name))

    def run(self, start: ev.FetchStarted) -> None:
        """Run one fetch until nothing is under way any more."""
        self._hand(self._nodes[_address(_FETCHER)], start)
        while self._queue:
            self.now, _, name, event = heappop(self._queue)
            self._hand(self._nodes[name], event)

    def _send(self, name: Address, event: _Event, at_us: int) -> None:
        self._order += 1
        heappush(self._queue, (at_us, self._order, name, event))

    def _hand(self, node: _Node, event: _Event) -> None:
        if isinstance(event, ev.GiveReceived):
            node.arrivals += len(event.blocks)
        effects: tuple[ev.Effect, ...] = ()
        if isinstance(event, ev.FetchEvent):
            effects += node.client.handle(event, self.now)
        if isinstance(event, ev.WantEvent):
            effects += node.server.handle(event, self.now)
        for effect in effects:
            self._do(node, effect)

    def _do(self, node: _Node, effect: ev.Effect) -> None:
        arrives_at = self.now + DELAY_US
        match effect:
            case ev.SendWant(peer, entries):
                self._send(peer, ev.WantReceived(node.name, entries), arrives_at)
            case ev.SendGive(peer, blocks, have, dont):
                sent = tuple((prefix, node.lies.get(data, data)) for prefix, data in blocks)
                self._send(peer, ev.GiveReceived(node.name, sent, have, dont), arrives_at)
                left = ev.GiveLeft(peer, sum(len(data) for _, data in blocks))
                self._send(node.name, left, arrives_at)
            case ev.BlockFetched(_, cid, data):
                node.store.put(cid, data, BlockClass.SEALED)
                self._hand(node, ev.BlockStored(cid))
            case ev.ScheduleTimer(timer, at_us):
                self._send(node.name, ev.TimerExpired(timer), at_us)
            case ev.BanPeer():
                node.bans += 1
            case ev.FetchFinished() | ev.FetchFailed() | ev.DropPeer() | ev.BlockCorrupt():
                pass
