"""An exchange server with a store and an access list that a test can change."""

from node.base.types import Address
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, prefix_of
from node.ipfs_lite.events import GiveLeft, SendGive, WantEntry, WantReceived
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.wants import WantServer

A, B = Address(b"a" * 20), Address(b"b" * 20)


class Bench:
    """A server with a store and an access list that a test can change."""

    def __init__(self):
        self.store = MemoryStore()
        self.denied = set()
        self.is_slow = False
        self.server = WantServer(self.store, self.allowed)
        self.now = 1_700_000_000_000_000

    def allowed(self, peer, multihash, _now):
        return (peer, multihash) not in self.denied

    def put(self, data):
        self.store.put(make_cid(data), data, BlockClass.SEALED)
        return make_cid(data)

    def want(self, *names, peer=A, flags=0, priority=1, full=False):
        entries = tuple(WantEntry(name, priority, flags) for name in names)
        return self.handle(WantReceived(peer, entries, full))

    def handle(self, event):
        """Apply an event; unless the line is slow, what is sent leaves at once."""
        effects = self.server.handle(event, self.now)
        for effect in effects if not self.is_slow else ():
            if isinstance(effect, SendGive) and effect.blocks:
                left = sum(len(data) for _, data in effect.blocks)
                effects += self.handle(GiveLeft(effect.peer, left))
        return effects


def give_of(*blocks, have=(), dont=(), pending=0, peer=A):
    sent = tuple((prefix_of(make_cid(data)), data) for data in blocks)
    return SendGive(peer, sent, tuple(have), tuple(dont), pending)
