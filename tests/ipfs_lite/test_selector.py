"""What a selector names, against what a reader of the same thing asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.cid import DAG_PB, make_cid
from node.ipfs_lite.dagpb import Link, Node, encode
from node.ipfs_lite.paths import IpfsPath, resolve
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.selector import Blocks, ByteRange, Graph, Path
from node.ipfs_lite.unixfs_read import read_range
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, write_tree
from node.ipfs_lite.unixfs_write import write_bytes

_NARROW = Profile("narrow", cid_version=1, raw_leaves=True, chunk_bytes=4, links_max=2)
_OLD = Profile("old", cid_version=0, raw_leaves=False, chunk_bytes=4, links_max=3)


def _walk(selector, blocks):
    """Give the CIDs that a fetch over these blocks visits."""
    seen, stack = {}, list(selector.first())
    while stack:
        step = stack.pop()
        if step not in seen:
            seen[step] = None
            if step.cid in blocks:
                stack.extend(selector.after(step, blocks[step.cid]))
    return {step.cid for step in seen}


def _file(data, profile=_NARROW):
    blocks = {}
    return write_bytes(data, blocks.__setitem__, profile).cid, blocks


def _directory(blocks, entries, kind=1):
    block = encode(Node(tuple(Link(cid, name, 0) for name, cid in entries), bytes((8, kind))))
    cid = make_cid(block, DAG_PB)
    blocks[cid] = block
    return cid


def test_blocks_are_what_they_name():
    root, blocks = _file(bytes(range(20)))
    assert _walk(Blocks((root,)), blocks) == {root}


def test_a_graph_is_all_that_is_below():
    root, blocks = _file(bytes(range(50)))
    assert _walk(Graph((root,)), blocks) == set(blocks)


@settings(deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 70),
    st.integers(0, 70),
    st.sampled_from([_NARROW, _OLD]),
)
def test_a_range_is_what_its_reader_needs(size, offset, length, profile):
    data = bytes(range(size))
    root, blocks = _file(data, profile)
    chosen = _walk(ByteRange(root, offset, length), blocks)
    asked = set()

    def get(cid):
        asked.add(cid)
        return blocks[cid]

    read = b"".join(read_range(get, root, offset=offset, length=length))
    assert read == data[offset : offset + length]
    assert asked <= chosen
    if offset > 0 and offset + length < size and length:
        assert chosen == asked


def test_a_path_takes_the_directories_on_it_and_all_at_its_end():
    root, blocks = _file(bytes(range(30)))
    wanted = set(blocks)
    other = make_cid(b"other")
    inner = _directory(blocks, [("a", other), ("b", root)])
    top = _directory(blocks, [("inner", inner), ("b", other)])
    assert _walk(Path(top, ("inner", "b")), blocks) == {top, inner} | wanted


def test_a_path_to_nothing_ends_where_the_name_is_missing():
    blocks = {}
    inner = _directory(blocks, [("a", make_cid(b"a"))])
    top = _directory(blocks, [("inner", inner)])
    assert _walk(Path(top, ("inner", "z", "a")), blocks) == {top, inner}


def test_a_path_goes_through_the_shards_that_lead_to_its_name_only():
    blocks = {}
    entries = [(f"entry {number}", TreeFile((b"%d" % number,))) for number in range(8_000)]
    added = write_tree(TreeFolder(entries), blocks.__setitem__)
    asked = []

    def get(cid):
        asked.append(cid)
        return blocks[cid]

    found = resolve(get, IpfsPath(added.cid, ("entry 77",)))
    assert len(asked) > 1
    assert _walk(Path(added.cid, ("entry 77",)), blocks) == {*asked, found.cid}


@pytest.mark.parametrize("selector", [Graph((make_cid(b"", DAG_PB),)), Path(make_cid(b""), ("a",))])
@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x01\xff", b"\x12"])
def test_a_malformed_node_leads_nowhere(selector, data):
    step = selector.first()[0]._replace(cid=make_cid(data, DAG_PB))
    assert selector.after(step, data) == ()


def test_equal_selectors_are_equal_values():
    assert Path(make_cid(b""), ("a",)) == Path(make_cid(b""), ("a",))
    assert len({Graph(()), Graph(()), ByteRange(make_cid(b""), 0, 1)}) == 2
