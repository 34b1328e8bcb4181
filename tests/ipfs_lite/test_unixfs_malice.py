"""DAGs made to hurt their reader: only named errors, bounded work, bounded memory."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import PeerError, RefusedError
from node.base.limits import DAG_LINKS_COUNT_MAX
from node.ipfs_lite import unixfs_walk
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import NotFoundError, ReadBudgetError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.paths import IpfsPath, resolve
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY, encode_shard
from node.ipfs_lite.unixfs_export import WriteFile, plan_export
from node.ipfs_lite.unixfs_list import read_directory
from node.ipfs_lite.unixfs_read import read_all, read_file, read_range
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, write_tree
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.shelf import Shelf

_SMALL = Profile("small", cid_version=1, raw_leaves=False, chunk_bytes=4, links_max=2)


def _everything():
    """A tree with every kind of node."""
    shelf = Shelf()
    put = shelf.__setitem__
    leaf = write_bytes(b"0123456789abcdef", put, _SMALL)
    shards = write_shards([Named(f"n{index}", leaf) for index in range(30)], put, _SMALL)
    tree = TreeFolder([("d", TreeFolder([("e", TreeFile((b"x" * 30,)))])), ("s", TreeLink(b"d/e"))])
    plain = write_tree(tree, put, _SMALL)
    links = [Link(plain.cid, "plain", 1), Link(shards.cid, "shards", 1)]
    return shelf, shelf.node(links, EMPTY_DIRECTORY)


_SHELF, _ROOT = _everything()
_CIDS = sorted(_SHELF)


def _read_everything(shelf, root):
    def get(cid):
        if cid not in shelf:
            raise NotFoundError(to_text(cid))
        return shelf[cid]

    for names in ((), ("plain", "d"), ("shards", "n7", "x"), ("shards", "n17")):
        try:
            resolve(get, IpfsPath(root, names))
        except (PeerError, RefusedError, NotFoundError):
            continue
    for step in plan_export(get, root, bytes_max=10_000):
        if isinstance(step, WriteFile):
            assert sum(map(len, step.pieces)) == step.size


def test_the_tree_is_sound_before_it_is_changed():
    _read_everything(_SHELF, _ROOT)


@given(st.sampled_from(_CIDS), st.data())
def test_a_changed_block_raises_only_named_errors(cid, data):
    block = bytearray(_SHELF[cid])
    match data.draw(st.sampled_from(["flip", "cut", "grow", "swap"])):
        case "flip":
            at = data.draw(st.integers(0, len(block) - 1))
            block[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del block[data.draw(st.integers(0, len(block) - 1)) :]
        case "grow":
            block += data.draw(st.binary(min_size=1, max_size=8))
        case "swap":
            block = _SHELF[data.draw(st.sampled_from(_CIDS))]
    changed = Shelf()
    changed.update(_SHELF)
    changed[cid] = bytes(block)
    try:
        _read_everything(changed, _ROOT)
    except (PeerError, RefusedError, NotFoundError):
        return


def test_a_pebibyte_of_four_blocks_is_read_in_part_and_refused_whole():
    shelf, size = Shelf(), 2**20
    cid = shelf.leaf(bytes(size))
    for _ in range(3):
        cid, size = shelf.file([cid] * 1024, [size] * 1024), size * 1024
    assert (size, len(shelf)) == (2**50, 4)
    tracemalloc.start()
    try:
        with pytest.raises(ReadBudgetError):
            list(read_file(shelf.get_block, cid))
        part = b"".join(read_range(shelf.get_block, cid, offset=2**49 + 1, length=2**20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert part == bytes(2**20)
    assert len(shelf.read) == 1 + 5
    assert peak < 8 * 2**20


def _wide_empty(shelf, levels, make):
    cid = shelf.leaf(b"")
    for _ in range(levels):
        cid = make(cid)
    return cid


def test_children_without_bytes_end_at_the_count(monkeypatch):
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 20_000)
    shelf = Shelf()
    width = 1_000
    root = _wide_empty(shelf, 5, lambda cid: shelf.file([cid] * width, [0] * width))
    with pytest.raises(ReadBudgetError, match="more than 20000"):
        read_all(shelf.get_block, root)
    assert len(shelf.read) == 20_000


def test_one_shard_in_every_bucket_ends_at_the_count(monkeypatch):
    """Three blocks, 256**3 places in which the last of them stands."""
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 3_000)
    shelf = Shelf()
    root = shelf.node([], encode_shard(b"", 256))
    for _ in range(3):
        links = [Link(root, f"{index:02X}", 0) for index in range(256)]
        root = shelf.node(links, encode_shard(b"\xff" * 32, 256))
    with pytest.raises(ReadBudgetError, match="more than 3000"):
        list(read_directory(shelf.get_block, root))
    assert len(shelf.read) == 3_000


def test_the_widest_directory_is_read_and_a_wider_one_is_not():
    shelf = Shelf()
    leaf = shelf.leaf(b"x")
    links = [Link(leaf, f"{index}", 1) for index in range(DAG_LINKS_COUNT_MAX)]
    root = shelf.node(links, EMPTY_DIRECTORY)
    assert sum(1 for _ in read_directory(shelf.get_block, root)) == DAG_LINKS_COUNT_MAX
    wider = shelf.node([*links, Link(leaf, "z", 1)], EMPTY_DIRECTORY)
    with pytest.raises(PeerError, match="more than 8192 links"):
        list(read_directory(shelf.get_block, wider))
