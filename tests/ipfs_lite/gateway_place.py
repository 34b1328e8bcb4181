"""A gateway with something behind it."""

from node.base.types import Address
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.gateway import Gateway
from node.ipfs_lite.hamt import Named
from node.ipfs_lite.http import Request
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.selection import Selection, select
from node.ipfs_lite.unixfs_dirs import write_directory
from node.ipfs_lite.unixfs_write import write_bytes

PEER = Address(b"\1" * 20)
SMALL = Profile("small", cid_version=1, raw_leaves=True, chunk_bytes=8, links_max=4)
NOTHING = "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaq"


class Place:
    """A store with a tree in it, a filter that denies what it is told to, and the gateway."""

    def __init__(self, klass=BlockClass.SEALED):
        self.store = MemoryStore()
        self.denied = set()
        self.asked = []
        self.gateway = Gateway(self.store, self._allowed)

        def put(cid, data):
            self.store.put(cid, data, klass)

        self.text = write_bytes(b"0123456789" * 5, put, SMALL).cid
        text = Named("text", write_bytes(b"0123456789" * 5, put, SMALL))
        other = Named("other file", write_bytes(b"other", put, SMALL))
        sub = write_directory([text, other], put, SMALL)
        self.other, self.sub = other.added.cid, sub.cid
        self.root = write_directory([Named("sub", sub), text], put, SMALL).cid

    def _allowed(self, peer, multihash):
        self.asked.append((peer, multihash))
        return multihash not in self.denied

    def deny(self, cid):
        self.denied.add(multihash_of(cid))

    def ask(self, path, query="format=raw", method="GET", **headers):
        pairs = tuple(tuple(pair.split("=", 1)) for pair in query.split("&") if pair)
        path = path if isinstance(path, str) else to_text(path)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.gateway.handle(Request(method, f"/ipfs/{path}", pairs, names), PEER)

    def car(self, path, query=""):
        response = self.ask(path, f"format=car&{query}")
        assert response.status == 200
        reader = CarReader(response.body)
        return reader.roots, [block.cid for block in reader]

    def below(self, cid):
        return [block.cid for block in select(self.store.get, Selection(cid))]


def header(response, name):
    values = [value for key, value in response.headers if key == name]
    assert len(values) <= 1
    return values[0] if values else None
