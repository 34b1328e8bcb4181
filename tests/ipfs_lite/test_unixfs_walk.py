import pytest

from node.base.limits import BLOCK_BYTES_MAX, DAG_DEPTH_MAX
from node.base.types import Cid
from node.ipfs_lite import unixfs_walk
from node.ipfs_lite.cid import DAG_CBOR
from node.ipfs_lite.errors import BadUnixFsError, NotFoundError, ReadBudgetError
from node.ipfs_lite.unixfs_walk import Walk
from tests.ipfs_lite.shelf import Shelf


def test_a_raw_block_is_a_leaf_of_its_length():
    shelf = Shelf()
    node = Walk(shelf.get_block).load(shelf.leaf(b"abc"), 0)
    assert (node.message.data, node.message.file_bytes, node.links) == (b"abc", 3, ())


def test_an_identity_cid_is_read_without_asking_for_a_block():
    shelf = Shelf()
    node = Walk(shelf.get_block).load(Cid(b"\x01\x55\x00\x02ab"), 0)
    assert (node.message.data, shelf.read) == (b"ab", [])


def test_nodes_and_entries_count_together(monkeypatch):
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 3)
    shelf = Shelf()
    walk, leaf = Walk(shelf.get_block), shelf.leaf(b"a")
    walk.load(leaf, 0)
    walk.count(leaf)
    walk.load(leaf, 0)
    with pytest.raises(ReadBudgetError, match="more than 3"):
        walk.count(leaf)


def test_the_depth_ends_at_its_limit():
    shelf = Shelf()
    leaf = shelf.leaf(b"a")
    Walk(shelf.get_block).load(leaf, DAG_DEPTH_MAX)
    with pytest.raises(ReadBudgetError, match="deeper"):
        Walk(shelf.get_block).load(leaf, DAG_DEPTH_MAX + 1)


def test_a_block_of_exactly_the_limit_is_read():
    shelf = Shelf()
    leaf = shelf.leaf(bytes(BLOCK_BYTES_MAX))
    assert Walk(shelf.get_block).load(leaf, 0).message.file_bytes == BLOCK_BYTES_MAX


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda shelf: shelf.leaf(bytes(BLOCK_BYTES_MAX + 1)), "a block of"),
        (lambda shelf: shelf.add(b"\xa0", DAG_CBOR), "codec 0x71"),
        (lambda shelf: shelf.node([], None), "no data field"),
        (lambda shelf: shelf.node([], b""), "without a type"),
    ],
)
def test_what_is_no_unixfs_is_refused(build, why):
    shelf = Shelf()
    with pytest.raises(BadUnixFsError, match=why):
        Walk(shelf.get_block).load(build(shelf), 0)


def test_a_missing_block_is_what_the_store_says():
    def get(cid):
        raise NotFoundError("x")

    with pytest.raises(NotFoundError):
        Walk(get).load(Shelf().leaf(b"a"), 0)
