import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.base.errors import PeerError
from node.base.types import Cid
from node.ipfs_lite import dagcbor, dagpb, selection
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, make_cid
from node.ipfs_lite.dagcbor import CidLink
from node.ipfs_lite.errors import BadUnixFsError, NotFoundError, ReadBudgetError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.links import links_of
from node.ipfs_lite.profiles import DEFAULT_PROFILE, Profile
from node.ipfs_lite.selection import (
    LEVELS_COUNT_MAX,
    ByteRange,
    Scope,
    Selection,
    file_bytes_of,
    select,
)
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_read import read_range
from node.ipfs_lite.unixfs_write import write_bytes

_SMALL = Profile("small", cid_version=1, raw_leaves=True, chunk_bytes=8, links_max=3)
_V0 = Profile("small-v0", cid_version=0, raw_leaves=False, chunk_bytes=8, links_max=3)
_PROFILES = st.sampled_from([_SMALL, _V0])


class Shelf(dict):
    """Blocks by CID; a missing one is missed as in a store."""

    def __missing__(self, cid):
        raise NotFoundError(cid.hex())

    def node(self, *links, data=None, codec=DAG_PB):
        block = dagpb.encode(dagpb.Node(tuple(dagpb.Link(*link) for link in links), data))
        cid = make_cid(block, codec)
        self[cid] = block
        return cid

    def cbor(self, value):
        block = dagcbor.encode(value)
        cid = make_cid(block, DAG_CBOR)
        self[cid] = block
        return cid

    def file(self, data, profile=_SMALL):
        return write_bytes(data, self.__setitem__, profile)


def _cids(shelf, *what, **options):
    return [block.cid for block in select(shelf.__getitem__, Selection(*what), **options)]


def _walked(shelf, cid):
    """The naive walk: every occurrence, depth first."""
    yield cid
    for link in links_of(cid, shelf[cid]):
        yield from _walked(shelf, link)


def _tree(shelf):
    text, other = shelf.file(b"0123456789" * 9), shelf.file(b"short")
    put = shelf.__setitem__
    inner = write_directory([Named("b", text), Named("a", other)], put, _SMALL)
    link = write_symlink(b"inner/a", put, _SMALL)
    entries = [Named("inner", inner), Named("copy", text), Named("to", link)]
    return write_directory(entries, put, _SMALL).cid


def test_all_is_depth_first_and_each_block_once():
    shelf = Shelf()
    root = _tree(shelf)
    assert _cids(shelf, root) == list(dict.fromkeys(_walked(shelf, root)))
    assert len(_cids(shelf, root)) == len(shelf)


def test_with_repeats_every_occurrence_comes():
    shelf = Shelf()
    root = _tree(shelf)
    got = _cids(shelf, root, Scope.ALL, None, True)
    assert got == list(_walked(shelf, root))
    assert len(got) > len(shelf)


def test_a_block_is_one_block_and_what_is_below_is_not_asked_for():
    shelf = Shelf()
    root = _tree(shelf)
    assert _cids(Shelf({root: shelf[root]}), root, Scope.BLOCK) == [root]


def test_dag_cbor_is_walked_but_is_an_entity_of_one_block():
    shelf = Shelf()
    leaf = shelf.cbor(["leaf"])
    root = shelf.cbor({"a": CidLink(leaf), "b": [CidLink(leaf), CidLink(_tree(shelf))]})
    assert _cids(shelf, root) == list(dict.fromkeys(_walked(shelf, root)))
    assert _cids(shelf, root, Scope.ENTITY) == [root]


def test_the_entity_of_a_file_is_all_of_it():
    shelf = Shelf()
    root = shelf.file(bytes(range(200))).cid
    assert _cids(shelf, root, Scope.ENTITY) == list(_walked(shelf, root))


def test_the_entity_of_a_directory_is_its_node():
    shelf = Shelf()
    root = _tree(shelf)
    assert _cids(shelf, root, Scope.ENTITY) == [root]
    assert _cids(shelf, root, Scope.ENTITY, ByteRange(5, 9)) == [root]


def test_the_entity_of_a_symlink_is_its_node():
    shelf = Shelf()
    root = write_symlink(b"x", shelf.__setitem__, _SMALL).cid
    assert _cids(shelf, root, Scope.ENTITY) == [root]


def test_the_entity_of_a_sharded_directory_is_its_shards_in_link_order():
    shelf = Shelf()
    file = shelf.file(b"a file of more than one chunk")
    before = set(shelf)
    names = [f"{number}.txt" for number in range(600)]
    entries = [Named(name, file) for name in names]
    root = write_shards(entries, shelf.__setitem__, DEFAULT_PROFILE).cid
    shards = set(shelf) - before
    got = _cids(shelf, root, Scope.ENTITY)
    assert got == [cid for cid in dict.fromkeys(_walked(shelf, root)) if cid in shards]
    assert set(got) == shards
    assert len(got) > 10


def test_what_is_no_unixfs_is_an_entity_of_one_block():
    shelf = Shelf()
    leaf = shelf.file(b"x").cid
    for data in (None, b"", b"\xff", b"\x08\x03"):
        root = shelf.node((leaf, "", 1), data=data)
        assert _cids(shelf, root, Scope.ENTITY, ByteRange(0)) == [root]


# of a file of 1026 bytes, as the conformance suite of gateways counts
@pytest.mark.parametrize(
    ("first", "last", "within"),
    [
        (0, None, (0, 1026)),
        (0, 0, (0, 1)),
        (512, None, (512, 1026)),
        (512, 1023, (512, 1024)),
        (512, -256, (512, 771)),
        (499, -1000, None),
        (-5, None, (1021, 1026)),
        (-1, -1, (1025, 1026)),
        (-9999, None, (0, 1026)),
        (-9999, -3, (0, 1024)),
        (1025, 5000, (1025, 1026)),
        (1026, 5000, None),
        (0, -1026, (0, 1)),
        (0, -1027, None),
        (600, 599, None),
    ],
)
def test_a_range_is_what_of_it_lies_inside(first, last, within):
    assert ByteRange(first, last).within(1026) == within


@pytest.mark.parametrize(
    ("first", "last", "is_outside"),
    [(0, None, False), (1026, None, True), (0, -1027, True), (0, -1026, False), (900, -500, False)],
)
def test_an_empty_range_differs_from_one_outside(first, last, is_outside):
    assert ByteRange(first, last).is_outside(1026) is is_outside


def test_an_empty_file_has_no_range_and_one_block():
    shelf = Shelf()
    for profile in (_SMALL, _V0):
        root = shelf.file(b"", profile).cid
        assert _cids(shelf, root, Scope.ENTITY, ByteRange(0)) == [root]


@given(_PROFILES, st.integers(0, 300), st.integers(-320, 320), st.none() | st.integers(-320, 320))
@settings(max_examples=200)
@example(_SMALL, 50, 8, 15)
@example(_V0, 81, -9, None)
def test_a_range_is_the_blocks_that_its_reader_needs(profile, size, first, last):
    shelf = Shelf()
    # equal chunks, so that blocks and whole nodes are met again at other places of the range
    root = shelf.file(bytes(number // 8 % 3 for number in range(size)), profile).cid
    asked = {}

    def watched(cid):
        return asked.setdefault(cid, shelf[cid])

    start, end = ByteRange(first, last).within(size) or (0, 0)
    list(read_range(watched, root, offset=start, length=end - start))
    part = ByteRange(first, last)
    assert _cids(shelf, root, Scope.ENTITY, part) == list(asked)
    only_these = Shelf(asked)
    again = _cids(only_these, root, Scope.ENTITY, part, True)
    assert list(dict.fromkeys(again)) == list(asked)


def test_a_node_met_again_is_walked_again_for_another_part_of_it():
    shelf = Shelf()
    root = shelf.file(b"".join(bytes((n % 3,)) * 8 for n in range(6))).cid
    node, *leaves = _cids(shelf, root)[1:]
    assert _cids(shelf, root, Scope.ENTITY, ByteRange(16, 31)) == [root, node, leaves[2], leaves[0]]


def test_an_empty_chunk_belongs_to_the_whole_file_only():
    shelf = Shelf()
    leaf, empty = shelf.file(b"12345").cid, shelf.file(b"").cid
    file = b"\x08\x02\x18\x05\x20\x05\x20\x00"
    root = shelf.node((leaf, "", 5), (empty, "", 0), data=file)
    assert _cids(shelf, root, Scope.ENTITY) == [root, leaf, empty]
    assert _cids(shelf, root, Scope.ENTITY, ByteRange(0)) == [root, leaf, empty]
    assert _cids(shelf, root, Scope.ENTITY, ByteRange(1)) == [root, leaf]


@given(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200))
def test_a_range_is_checkable_from_its_blocks_alone(size, first, length):
    shelf = Shelf()
    data = bytes(number % 251 for number in range(size))
    root = shelf.file(data).cid
    part = ByteRange(first, first + length)
    blocks = select(shelf.__getitem__, Selection(root, Scope.ENTITY, part))
    only_these = Shelf({block.cid: block.data for block in blocks})
    got = b"".join(read_range(only_these.__getitem__, root, offset=first, length=length + 1))
    assert got == data[first : first + length + 1]


def test_the_length_of_a_file_stands_in_its_root():
    shelf = Shelf()
    for profile in (_SMALL, _V0):
        for size in (0, 1, 8, 100):
            root = shelf.file(bytes(size), profile).cid
            assert file_bytes_of(root, shelf[root]) == size
    tree = _tree(shelf)
    assert file_bytes_of(tree, shelf[tree]) is None
    cbor = shelf.cbor(1)
    assert file_bytes_of(cbor, shelf[cbor]) is None


def _identity(data):
    return Cid(b"\1\x55\0" + bytes((len(data),)) + data)


def test_identity_blocks_are_never_given():
    shelf = Shelf()
    leaf = shelf.file(b"real").cid
    file = b"\x08\x02\x18\x06\x20\x02\x20\x04"
    root = shelf.node((_identity(b"hi"), "", 2), (leaf, "", 4), data=file)
    for scope in Scope:
        wants = [root] if scope is Scope.BLOCK else [root, leaf]
        assert _cids(shelf, root, scope, None, True) == wants
    assert _cids(shelf, root, Scope.ENTITY, ByteRange(0, 1)) == [root]
    assert _cids(shelf, _identity(b"hi")) == []


def test_a_missing_block_ends_the_walk_where_it_is_missed():
    shelf = Shelf()
    root = shelf.file(bytes(range(60))).cid
    order = _cids(shelf, root)
    del shelf[order[4]]
    got = []
    with pytest.raises(NotFoundError):
        got.extend(select(shelf.__getitem__, Selection(root)))
    assert got == [Block(cid, shelf[cid]) for cid in order[:4]]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x08\x02\x18\x05", "1 links and 0"),
        (b"\x08\x02\x18\x05\x20\x05\x20\x00", "1 links and 2"),
        (b"\x08\x02\x18\x06\x20\x06", "5 bytes, its parent says 6"),
    ],
)
def test_a_file_that_lies_about_its_chunks_is_refused(data, why):
    shelf = Shelf()
    leaf = shelf.file(b"12345").cid
    root = shelf.node((leaf, "", 5), data=data)
    with pytest.raises(BadUnixFsError, match=why):
        _cids(shelf, root, Scope.ENTITY)


def test_a_directory_below_a_file_is_refused():
    shelf = Shelf()
    root = shelf.node((_tree(shelf), "", 5), data=b"\x08\x02\x18\x05\x20\x05")
    with pytest.raises(BadUnixFsError, match="no file"):
        _cids(shelf, root, Scope.ENTITY)


def test_a_file_below_a_shard_is_refused_and_not_given_whole():
    shelf = Shelf()
    file = shelf.file(bytes(100)).cid
    root = shelf.node((file, "00", 5), data=b"\x08\x05\x12\x01\x01\x28\x22\x30\x80\x02")
    with pytest.raises(BadUnixFsError, match="shard"):
        _cids(shelf, root, Scope.ENTITY)


def test_depth_has_a_border():
    shelf = Shelf()
    root = shelf.file(b"x").cid
    for _ in range(LEVELS_COUNT_MAX):
        root = shelf.node((root, "", 1))
    assert len(_cids(shelf, root)) == LEVELS_COUNT_MAX + 1
    root = shelf.node((root, "", 1))
    with pytest.raises(ReadBudgetError, match="deeper"):
        _cids(shelf, root)


def test_bytes_have_a_border():
    shelf = Shelf()
    root = _tree(shelf)
    total = sum(map(len, shelf.values()))
    assert len(_cids(shelf, root, bytes_max=total)) == len(shelf)
    with pytest.raises(ReadBudgetError, match="bytes"):
        _cids(shelf, root, bytes_max=total - 1)


def _bomb(shelf, levels, width):
    """A few blocks that unfold to ``width ** levels``."""
    root = shelf.file(b"x").cid
    for _ in range(levels):
        root = shelf.node(*[(root, "", 1)] * width)
    return root


def test_a_graph_that_unfolds_costs_only_its_blocks():
    shelf = Shelf()
    calls = []

    def get(cid):
        calls.append(cid)
        return shelf[cid]

    root = _bomb(shelf, 8, 1_000)
    assert len(list(select(get, Selection(root)))) == 9
    assert len(calls) == 9


def test_with_repeats_a_graph_that_unfolds_is_ended_by_the_limits():
    shelf = Shelf()
    root = _bomb(shelf, 8, 1_000)
    with pytest.raises(ReadBudgetError, match="bytes"):
        _cids(shelf, root, Scope.ALL, None, True, bytes_max=100_000)


@pytest.mark.parametrize("has_repeats", [False, True])
def test_the_number_of_links_has_a_border(has_repeats, monkeypatch):
    shelf = Shelf()
    root = _bomb(shelf, 2, 30)
    monkeypatch.setattr(selection, "DAG_WALK_ENTRIES_MAX", 61)
    if not has_repeats:  # each of the two nodes is opened once, all links are looked at
        assert len(_cids(shelf, root)) == 3
        monkeypatch.setattr(selection, "DAG_WALK_ENTRIES_MAX", 60)
    with pytest.raises(ReadBudgetError, match="links"):
        _cids(shelf, root, Scope.ALL, None, has_repeats)


@given(st.integers(0), st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(Scope))
@settings(max_examples=150)
def test_a_changed_block_gives_a_named_error_or_another_walk(which, at, byte, scope):
    shelf = Shelf()
    root = _tree(shelf)
    victim = sorted(shelf)[which % len(shelf)]
    data = bytearray(shelf[victim])
    data[at % len(data)] = byte
    shelf[victim] = bytes(data)
    try:
        _cids(shelf, root, scope)
    except (PeerError, NotFoundError):
        return
