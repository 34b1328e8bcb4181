import pytest

from node.ipfs_lite import unixfs_walk
from node.ipfs_lite.cid import DAG_CBOR
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadUnixFsError, ReadBudgetError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.profiles import DEFAULT_PROFILE
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY, encode_symlink
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_list import (
    Entry,
    Kind,
    find_entry,
    kind_of,
    read_directory,
    symlink_target,
)
from node.ipfs_lite.unixfs_walk import Walk
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.shelf import Shelf


@pytest.fixture
def shelf():
    return Shelf()


def _named(shelf, names):
    leaf = write_bytes(b"x", shelf.__setitem__)
    return [Named(name, leaf) for name in names]


def _find(shelf, root, name):
    walk = Walk(shelf.get_block)
    return find_entry(walk, walk.load(root, 0), name)


def test_a_plain_directory_lists_name_cid_and_size(shelf):
    entries = _named(shelf, ["b", "a"])
    root = write_directory(entries, shelf.__setitem__)
    leaf = entries[0].added.cid
    assert list(read_directory(shelf.get_block, root.cid)) == [
        Entry("a", leaf, 1),
        Entry("b", leaf, 1),
    ]
    assert shelf.read == [root.cid]


@pytest.mark.parametrize("write", [write_directory, write_shards])
def test_a_name_is_found_or_not(shelf, write):
    names = [f"n{index}" for index in range(600)]
    root = write(_named(shelf, names), shelf.__setitem__, DEFAULT_PROFILE)
    assert all(_find(shelf, root.cid, name).name == name for name in names[::37])
    assert _find(shelf, root.cid, "m") is None
    assert _find(shelf, root.cid, "n600") is None


def test_only_the_shards_to_a_name_are_fetched(shelf):
    root = write_shards(
        _named(shelf, [f"n{index}" for index in range(600)]), shelf.__setitem__, DEFAULT_PROFILE
    )
    assert _find(shelf, root.cid, "n17") is not None
    assert shelf.read[0] == root.cid
    assert len(shelf.read) <= 3 < len(shelf)


def test_a_stranger_in_the_bucket_of_a_name_is_refused(shelf):
    """Who looks for one name still sees that its bucket lies."""
    root = write_shards(_named(shelf, ["a"]), shelf.__setitem__, DEFAULT_PROFILE)
    link = Walk(shelf.get_block).load(root.cid, 0).links[0]
    message = Walk(shelf.get_block).load(root.cid, 0).message
    lying = shelf.node(
        [Link(link.cid, link.name[:2] + "stranger", 1)],
        b"\x08\x05\x12" + bytes((len(message.data),)) + message.data + b"\x28\x22\x30\x80\x02",
    )
    with pytest.raises(BadUnixFsError, match="wrong bucket"):
        _find(shelf, lying, "a")


def test_an_absent_name_and_an_empty_one_are_the_same_name(shelf):
    leaf = shelf.leaf(b"x")
    root = shelf.node([Link(leaf, None, None), Link(leaf, "", 1)], EMPTY_DIRECTORY)
    with pytest.raises(BadUnixFsError, match="a name twice"):
        list(read_directory(shelf.get_block, root))


def test_unsorted_names_are_read_as_they_stand(shelf):
    leaf = shelf.leaf(b"x")
    root = shelf.node([Link(leaf, "b", None), Link(leaf, "a", 5)], EMPTY_DIRECTORY)
    listed = list(read_directory(shelf.get_block, root))
    assert listed == [Entry("b", leaf, 0), Entry("a", leaf, 5)]


def test_a_raw_leaf_is_a_file_without_being_fetched(shelf):
    assert kind_of(shelf.get_block, shelf.leaf(b"x")) is Kind.FILE
    assert shelf.read == []


def test_every_kind_is_told(shelf):
    made = {
        Kind.FILE: shelf.file([], [], own=b"x"),
        Kind.DIRECTORY: write_directory([], shelf.__setitem__).cid,
        Kind.SYMLINK: write_symlink(b"x", shelf.__setitem__).cid,
    }
    assert {kind: kind_of(shelf.get_block, cid) for kind, cid in made.items()} == {
        kind: kind for kind in Kind
    }
    shards = write_shards(_named(shelf, ["a"]), shelf.__setitem__, DEFAULT_PROFILE)
    assert kind_of(shelf.get_block, shards.cid) is Kind.DIRECTORY


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda s: s.node([], b"\x08\x03"), "metadata"),
        (lambda s: s.node([], b"\x08\x09"), "type 9"),
        (lambda s: s.add(b"\xa0", DAG_CBOR), "codec"),
    ],
)
def test_what_is_no_entry_of_a_directory_is_refused(shelf, build, why):
    with pytest.raises(BadUnixFsError, match=why):
        kind_of(shelf.get_block, build(shelf))


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda s, cid: list(read_directory(s.get_block, cid)), "a raw leaf, wants a directory"),
        (lambda s, cid: symlink_target(s.get_block, cid), "a raw leaf, wants a symlink"),
    ],
)
def test_a_file_is_neither_directory_nor_symlink(shelf, read, why):
    with pytest.raises(BadUnixFsError, match=why):
        read(shelf, shelf.leaf(b"x"))


def test_a_symlink_with_links_is_refused(shelf):
    root = shelf.node([Link(shelf.leaf(b"x"), "a", 1)], encode_symlink(b"t"))
    with pytest.raises(BadUnixFsError, match="a symlink with links"):
        symlink_target(shelf.get_block, root)


def test_the_entries_of_a_sharded_directory_count(shelf, monkeypatch):
    root = write_shards(
        _named(shelf, [f"n{index}" for index in range(60)]), shelf.__setitem__, DEFAULT_PROFILE
    )
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 50)
    with pytest.raises(ReadBudgetError, match="more than 50"):
        list(read_directory(shelf.get_block, root.cid))
