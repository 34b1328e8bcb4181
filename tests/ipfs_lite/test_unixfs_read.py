import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import PeerError
from node.base.limits import BLOCK_BYTES_MAX, DAG_DEPTH_MAX
from node.base.types import Cid
from node.ipfs_lite import unixfs_walk
from node.ipfs_lite.cid import DAG_CBOR, to_text
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadNodeError, BadUnixFsError, ReadBudgetError
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_read import file_bytes, read_all, read_range
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.shelf import Shelf

_PROFILE = Profile("test", cid_version=1, raw_leaves=True, chunk_bytes=4, links_max=2)


@pytest.fixture
def shelf():
    return Shelf()


def _read(shelf, root, **limits):
    return read_all(shelf.get_block, root, **limits)


def test_a_node_with_own_data_gives_it_before_its_children(shelf):
    root = shelf.file([shelf.leaf(b"cd")], [2], own=b"ab")
    assert _read(shelf, root) == b"abcd"


def test_a_leaf_of_the_old_raw_type_is_read(shelf):
    root = shelf.file([shelf.file([], [], own=b"ab", kind=0)], [2])
    assert _read(shelf, root) == b"ab"


def test_an_identity_link_is_its_own_block(shelf):
    root = shelf.file([Cid(b"\x01\x55\x00\x02ab")], [2])
    assert _read(shelf, root) == b"ab"


def test_tsize_is_no_basis_of_anything(shelf):
    leaf = shelf.leaf(b"ab")
    root = shelf.node([Link(leaf, "", 10**18)], b"\x08\x02\x18\x02\x20\x02")
    assert _read(shelf, root) == b"ab"


def _bad_cases():
    def case(name, why, build):
        return pytest.param(build, why, id=name)

    return [
        case("links", "1 links and 2 block sizes", lambda s: s.file([s.leaf(b"a")], [1, 0])),
        case("filesize", "file size 9", lambda s: s.file([s.leaf(b"a")], [1], filesize=9)),
        case("child-longer", "2 bytes, its parent says 1", lambda s: s.file([s.leaf(b"ab")], [1])),
        case("child-shorter", "0 bytes, its parent says 1", lambda s: s.file([s.leaf(b"")], [1])),
        case(
            "empty-child-that-is-not",
            "1 bytes, its parent says 0",
            lambda s: s.file([s.leaf(b"a")], [0]),
        ),
        case(
            "name",
            "chunk with a name",
            lambda s: s.node([Link(s.leaf(b"a"), "n", 1)], b"\x08\x02\x18\x01\x20\x01"),
        ),
        case("directory", "a directory", lambda s: s.node([], b"\x08\x01")),
        case("symlink", "a symlink", lambda s: s.node([], b"\x08\x04\x12\x01a")),
        case("hamt", "sharded", lambda s: s.node([], b"\x08\x05")),
        case("metadata", "metadata", lambda s: s.node([], b"\x08\x03")),
        case("type-9", "type 9", lambda s: s.node([], b"\x08\x09")),
        case("no-data", "no data field", lambda s: s.node([], None)),
        case("no-type", "without a type", lambda s: s.node([], b"")),
        case(
            "raw-with-links",
            "raw leaf with links",
            lambda s: s.file([s.leaf(b"a")], [1], kind=0),
        ),
        case("codec", "codec 0x71", lambda s: s.add(b"\xa0", DAG_CBOR)),
        case("child-directory", "a directory", lambda s: s.file([s.node([], b"\x08\x01")], [0])),
        case("too-long", "a block of", lambda s: s.leaf(bytes(BLOCK_BYTES_MAX + 1))),
    ]


@pytest.mark.parametrize(("build", "why"), _bad_cases())
def test_a_tree_that_breaks_a_rule_is_refused_by_name(shelf, build, why):
    root = build(shelf)
    with pytest.raises(BadUnixFsError, match=why) as caught:
        _read(shelf, root)
    assert caught.value.cid in {to_text(cid) for cid in shelf}


def test_a_block_that_is_no_node_is_refused(shelf):
    with pytest.raises(BadNodeError):
        _read(shelf, shelf.add(b"\xff"))


def _blown_up(shelf, levels):
    """A leaf linked twice on every level: four blocks can make a very long file."""
    cid, size = shelf.leaf(b"ab"), 2
    for _ in range(levels):
        cid, size = shelf.file([cid, cid], [size, size]), 2 * size
    return cid, size


def test_the_budget_is_checked_before_the_first_byte(shelf):
    root, size = _blown_up(shelf, 30)
    with pytest.raises(ReadBudgetError, match=str(size)):
        _read(shelf, root, bytes_max=size - 1)
    assert shelf.read == [root]


def test_a_file_of_exactly_the_budget_is_read(shelf):
    root, size = _blown_up(shelf, 3)
    assert len(_read(shelf, root, bytes_max=size)) == size


def test_the_deepest_allowed_file_is_read(shelf):
    root = shelf.leaf(b"a")
    for _ in range(DAG_DEPTH_MAX):
        root = shelf.file([root], [1])
    assert _read(shelf, root) == b"a"


def test_one_level_more_is_refused(shelf):
    root = shelf.leaf(b"a")
    for _ in range(DAG_DEPTH_MAX + 1):
        root = shelf.file([root], [1])
    with pytest.raises(ReadBudgetError, match="deeper than 32"):
        _read(shelf, root)


def test_a_walk_over_empty_children_ends(shelf, monkeypatch):
    monkeypatch.setattr(unixfs_walk, "DAG_WALK_ENTRIES_MAX", 100)
    cid = shelf.leaf(b"")
    for _ in range(10):
        cid = shelf.file([cid, cid], [0, 0])
    with pytest.raises(ReadBudgetError, match="more than 100 nodes"):
        _read(shelf, cid)


def test_the_length_comes_from_the_root_alone(shelf):
    root, size = _blown_up(shelf, 5)
    assert file_bytes(shelf.get_block, root) == size
    assert shelf.read == [root]


def test_a_range_fetches_only_the_blocks_that_overlap(shelf):
    data = bytes(range(32))
    added = write_bytes(data, shelf.__setitem__, _PROFILE)
    got = b"".join(read_range(shelf.get_block, added.cid, offset=9, length=2))
    assert got == data[9:11]
    assert len(shelf.read) == 4  # root, two levels, one leaf of the eight


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_a_range_is_the_slice(data, offset, length):
    shelf = Shelf()
    added = write_bytes(data, shelf.__setitem__, _PROFILE)
    got = b"".join(read_range(shelf.get_block, added.cid, offset=offset, length=length))
    assert got == data[offset : offset + length]


def test_a_range_has_a_budget_of_its_own(shelf):
    root, size = _blown_up(shelf, 30)
    got = b"".join(read_range(shelf.get_block, root, offset=size - 3, length=3, bytes_max=3))
    assert got == b"bab"
    with pytest.raises(ReadBudgetError):
        list(read_range(shelf.get_block, root, offset=0, length=4, bytes_max=3))


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60))
def test_random_blocks_raise_only_peer_errors(block):
    shelf = Shelf()
    try:
        _read(shelf, shelf.node([], block))
    except PeerError:
        return
