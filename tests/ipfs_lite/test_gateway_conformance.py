"""What the conformance suite of IPFS gateways asks of trustless ones, on its own fixtures.

Expected blocks are found here by looking through the fixture naively, not by the code under test.
"""

import pytest

from node.base.types import Address
from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.cid import DAG_PB, decode, to_text
from node.ipfs_lite.gateway import Gateway
from node.ipfs_lite.http import Request
from node.ipfs_lite.memory_store import MemoryStore
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
_FOLDER = vectors("content-store") / "kubo-fixtures"
_CAR = "application/vnd.ipld.car"


class Fixture:
    def __init__(self, name):
        data = (_FOLDER / name).read_bytes()
        self.store = MemoryStore()
        for cid, block in CarReader([data]):
            self.store.put(cid, block, BlockClass.PUBLIC)
        (self.root,) = CarReader([data]).roots
        self.gateway = Gateway(self.store, lambda _peer, _multihash: True)

    def links(self, cid):
        return dagpb.decode(self.store.get(cid)).links if decode(cid).codec == DAG_PB else ()

    def way(self, *names):
        """The CIDs from the root to where a path ends; a shard's links begin with two digits."""
        way = [self.root]
        for name in names:
            found = self._search(way[-1], name)
            assert found is not None, name
            way += found
        return way

    def _search(self, cid, name):
        for link in self.links(cid):
            label = _text(link.name)
            if label in (name, label[:2] + name):
                return [link.cid]
            if len(label) == 2 and (below := self._search(link.cid, name)):
                return [link.cid, *below]
        return None

    def below(self, cid):
        """A node and all below it, as often as it is linked."""
        return [cid, *(one for link in self.links(cid) for one in self.below(link.cid))]

    def shards(self, cid):
        nested = (self.shards(link.cid) for link in self.links(cid) if len(_text(link.name)) == 2)
        return [cid, *(one for part in nested for one in part)]

    def get(self, cid, names=(), query=(), **headers):
        path = "/".join(["/ipfs", to_text(cid), *names])
        return self.gateway.handle(Request("GET", path, tuple(query), headers), Address(bytes(20)))

    def car(self, cid, *names, **query):
        pairs = [("format", "car"), *((key.replace("_", "-"), one) for key, one in query.items())]
        response = self.get(cid, names, pairs)
        assert response.status == 200
        return [block.cid for block in CarReader(response.body)]


def _text(name):
    return name.decode() if isinstance(name, bytes) else name or ""


@pytest.fixture(scope="module")
def two():
    return Fixture("subdir-with-two-single-block-files.car")


@pytest.fixture(scope="module")
def mixed():
    return Fixture("subdir-with-mixed-block-files.car")


@pytest.fixture(scope="module")
def sharded():
    return Fixture("single-layer-hamt-with-multi-block-files.car")


def test_a_file_below_directories(two):
    assert two.car(two.root, "subdir", "ascii.txt") == two.way("subdir", "ascii.txt")
    assert len(two.way("subdir", "ascii.txt")) == 3


def test_a_file_in_a_sharded_directory(sharded):
    way = sharded.way("685.txt")
    below = sharded.below(way[-1])
    assert len(way) > 2
    assert len(below) > 1
    assert sharded.car(sharded.root, "685.txt") == [*way[:-1], *below]


def test_a_name_that_is_not_there(two):
    assert two.get(two.root, ("subdir", "i-do-not-exist"), [("format", "car")]).status == 404


def test_scope_block(two, sharded):
    assert two.car(two.root, "subdir", dag_scope="block") == two.way("subdir")
    one = two.car(two.root, "subdir", "ascii.txt", dag_scope="block")
    assert one == two.way("subdir", "ascii.txt")
    assert sharded.car(sharded.root, "1.txt", dag_scope="block") == sharded.way("1.txt")


def test_scope_entity(two, mixed, sharded):
    assert two.car(two.root, dag_scope="entity") == [two.root]
    assert sharded.car(sharded.root, dag_scope="entity") == sharded.shards(sharded.root)
    way = mixed.way("subdir", "multiblock.txt")
    wants = [*way[:-1], *mixed.below(way[-1])]
    assert mixed.car(mixed.root, "subdir", "multiblock.txt", dag_scope="entity") == wants
    ascii_way = mixed.way("subdir", "ascii.txt")
    assert mixed.car(mixed.root, "subdir", "ascii.txt", dag_scope="entity") == ascii_way


def test_scope_all(mixed):
    way = mixed.way("subdir")
    wants = list(dict.fromkeys([*way[:-1], *mixed.below(way[-1])]))
    assert mixed.car(mixed.root, "subdir", dag_scope="all") == wants


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("0:*", slice(None)),
        ("512:*", slice(2, None)),
        ("512:1023", slice(2, 4)),
        ("512:-256", slice(2, 4)),
        ("-5:*", slice(3, None)),
        ("-9999:*", slice(None)),
        ("-9999:-3", slice(0, 4)),
        ("0:0", slice(0, 1)),
    ],
)
def test_a_range_of_a_file_of_1026_bytes_in_chunks_of_256(mixed, text, chunks):
    file = mixed.way("subdir", "multiblock.txt")[-1]
    _, *leaves = mixed.below(file)
    wants = [file, *leaves[chunks]]
    assert mixed.car(file, dag_scope="entity", entity_bytes=text) == wants


def test_a_range_of_a_directory_is_the_directory(sharded):
    got = sharded.car(sharded.root, dag_scope="entity", entity_bytes="0:*")
    assert got == sharded.shards(sharded.root)


def test_a_range_needs_no_block_outside_of_it():
    mixed = Fixture("subdir-with-mixed-block-files.car")
    file = mixed.way("subdir", "multiblock.txt")[-1]
    _, *leaves = mixed.below(file)
    mixed.store.delete(leaves[2])
    for text, wants in (("0:511", leaves[:2]), ("768:*", leaves[3:])):
        assert mixed.car(file, dag_scope="entity", entity_bytes=text) == [file, *wants]


@pytest.mark.parametrize("dups", ["y", "n"])
def test_the_type_says_order_and_repeats(sharded, dups):
    accept = f"{_CAR}; version=1; order=dfs; dups={dups}"
    response = sharded.get(sharded.root, accept=accept)
    assert dict(response.headers)["Content-Type"] == accept
    got = [block.cid for block in CarReader(response.body)]
    every = sharded.below(sharded.root)
    assert got == (every if dups == "y" else list(dict.fromkeys(every)))


def test_an_identity_cid_gives_a_file_without_blocks(two):
    cid = "bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa"
    request = Request("GET", f"/ipfs/{cid}", (), {"accept": f"{_CAR}; dups=y"})
    response = two.gateway.handle(request, Address(bytes(20)))
    assert response.status == 200
    assert "dups=y" in dict(response.headers)["Content-Type"]
    assert list(CarReader(response.body)) == []


def test_a_raw_block_and_its_headers(two):
    cid = two.way("subdir", "ascii.txt")[-1]
    data = two.store.get(cid)
    response = two.get(cid, accept="application/vnd.ipld.raw")
    headers = dict(response.headers)
    assert b"".join(response.body) == data
    assert headers["Content-Type"] == "application/vnd.ipld.raw"
    assert headers["Content-Length"] == str(len(data))
    assert headers["Content-Disposition"].startswith("attachment; filename=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Ipfs-Path"] == f"/ipfs/{to_text(cid)}"
    assert to_text(cid) in headers["X-Ipfs-Roots"]
    assert {"public", "immutable"} <= set(headers["Cache-Control"].split(", "))
