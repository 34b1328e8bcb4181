"""An exchange client on a store of its own, spoken to by hand."""

from node.ipfs_lite.cid import make_cid, prefix_of
from node.ipfs_lite.events import FetchStarted, GiveReceived, PeerJoined, SendWant
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.selector import Blocks, Graph
from node.ipfs_lite.session import FetchClient


class Core:
    def __init__(self, *peers):
        self.store = MemoryStore()
        self.client = FetchClient(self.store)
        self.now = 0
        for peer in peers:
            self.handle(PeerJoined(peer))

    def handle(self, event):
        return self.client.handle(event, self.now)

    def start(self, *names, holders=(), session=1, walk=False, **options):
        options.setdefault("bytes_max", 10**9)
        options.setdefault("selector", (Graph if walk else Blocks)(names))
        return self.handle(FetchStarted(session=session, holders=tuple(holders), **options))

    def give(self, peer, *blocks, have=(), dont=()):
        sent = tuple((prefix_of(make_cid(data)), data) for data in blocks)
        return self.handle(GiveReceived(peer, sent, tuple(have), tuple(dont)))


def sent(effects):
    return [
        (effect.peer, entry.cid, entry.flags)
        for effect in effects
        if isinstance(effect, SendWant)
        for entry in effect.entries
    ]
