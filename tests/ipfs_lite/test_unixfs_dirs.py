import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits import PLAIN_DIRECTORY_BYTES_MAX
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import make_cid, to_text
from node.ipfs_lite.errors import BadPathError
from node.ipfs_lite.hamt import Named
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES
from node.ipfs_lite.unixfs_data import DIRECTORY_TYPE, SHARD_TYPE, decode_data
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_list import read_directory, symlink_target
from node.ipfs_lite.unixfs_write import Added

_OLD = PROFILES["unixfs-v0-2015"]
_LEAF = Added(make_cid(b"x"), 1, 1)


def _write(names, profile=DEFAULT_PROFILE):
    blocks = {}
    root = write_directory([Named(name, _LEAF) for name in names], blocks.__setitem__, profile)
    return root, blocks


def _kind(root, blocks):
    return decode_data(dagpb.decode(blocks[root.cid]).data).kind


def test_an_empty_directory_of_2015_has_its_published_cid():
    root, blocks = _write([], _OLD)
    assert to_text(root.cid) == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    assert (root.file_bytes, root.dag_bytes, len(blocks)) == (0, 4, 1)


def test_links_stand_in_the_order_of_their_bytes():
    names = ["b", "a", "Z", "ą", "\uffff", "\U00010000", "aa"]
    root, blocks = _write(names)
    written = [link.name for link in dagpb.decode(blocks[root.cid]).links]
    assert written == ["Z", "a", "aa", "b", "ą", "\uffff", "\U00010000"]


def test_composed_and_decomposed_names_are_two_entries():
    twins = ["e\u0301", "\u00e9"]
    root, blocks = _write(twins)
    assert [entry.name for entry in read_directory(blocks.__getitem__, root.cid)] == twins


def test_the_order_of_the_entries_changes_nothing():
    assert _write(["a", "b", "c"])[0] == _write(["c", "a", "b"])[0]


def test_sizes_add_up():
    root, blocks = _write(["a", "b"])
    assert root == Added(root.cid, 2, len(blocks[root.cid]) + 2)


@pytest.mark.parametrize("names", [["a", "a"], ["b", "a", "b"]])
def test_a_name_twice_is_refused(names):
    with pytest.raises(BadPathError, match="twice"):
        _write(names)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\0", "\udcff"])
def test_a_name_that_no_path_leads_to_is_refused(name):
    with pytest.raises(BadPathError):
        _write([name])


def _with_a_block_of(size):
    """Names whose plain block has exactly this length, the last one filling up."""
    link_bytes = len(dagpb.encode(dagpb.Node((dagpb.Link(_LEAF.cid, "n" * 100, 1),), None)))
    count = (size - 4) // link_bytes - 1
    names = [f"{index:0100}" for index in range(count)]
    missing = size - 4 - count * link_bytes
    # a longer name moves a varint of two bytes: search the few lengths there are
    for length in range(1, 300):
        link = dagpb.Link(_LEAF.cid, "z" * length, 1)
        if len(dagpb.encode(dagpb.Node((link,), None))) == missing:
            return [*names, "z" * length]
    raise AssertionError(size)


def test_a_plain_block_of_exactly_the_limit_stays_plain():
    root, blocks = _write(_with_a_block_of(PLAIN_DIRECTORY_BYTES_MAX))
    assert len(blocks[root.cid]) == PLAIN_DIRECTORY_BYTES_MAX
    assert _kind(root, blocks) == DIRECTORY_TYPE


def test_one_byte_more_makes_shards():
    assert _kind(*_write(_with_a_block_of(PLAIN_DIRECTORY_BYTES_MAX + 1))) == SHARD_TYPE


def _with_links_of(size):
    """Names that make names and CIDs together exactly this long."""
    each = 28 + len(_LEAF.cid)
    names = [f"{index:028}" for index in range(size // each - 1)]
    return [*names, "z" * (size - len(names) * each - len(_LEAF.cid))]


def test_the_old_estimate_counts_names_and_cids_alone():
    names = _with_links_of(PLAIN_DIRECTORY_BYTES_MAX)
    assert _kind(*_write(names, _OLD)) == DIRECTORY_TYPE
    assert _kind(*_write(names, DEFAULT_PROFILE)) == SHARD_TYPE
    names[-1] += "z"
    assert _kind(*_write(names, _OLD)) == SHARD_TYPE


@given(st.binary(max_size=80))
def test_a_symlink_keeps_its_target_byte_for_byte(target):
    blocks = {}
    made = write_symlink(target, blocks.__setitem__)
    assert symlink_target(blocks.__getitem__, made.cid) == target
    assert made == Added(made.cid, len(target), len(blocks[made.cid]))


def test_without_a_sink_the_cid_is_the_same():
    names = [Named("a", _LEAF), Named("b", _LEAF)]
    assert write_directory(names, None) == _write(["a", "b"])[0]
