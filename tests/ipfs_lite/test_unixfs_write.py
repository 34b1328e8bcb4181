import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.links import links_of
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES, Profile
from node.ipfs_lite.unixfs_read import read_all
from node.ipfs_lite.unixfs_write import write_bytes, write_file


def _narrow(links_max=2, chunk_bytes=1, *, raw_leaves=True, cid_version=1):
    return Profile(
        "test",
        cid_version=cid_version,
        raw_leaves=raw_leaves,
        chunk_bytes=chunk_bytes,
        links_max=links_max,
    )


def _write(data, profile):
    blocks = {}
    added = write_bytes(data, blocks.__setitem__, profile)
    return added, blocks


_PB_V1 = _narrow(174, 262_144, raw_leaves=False)


@pytest.mark.parametrize(
    ("data", "profile", "text"),
    [
        (
            b"hello world",
            PROFILES["unixfs-v0-2015"],
            "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        ),
        (b"hello world", _PB_V1, "bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa"),
        (b"", DEFAULT_PROFILE, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (b"", PROFILES["unixfs-v0-2015"], "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
    ],
    ids=["hello-v0", "hello-v1-dag-pb-leaf", "empty-raw", "empty-v0"],
)
def test_a_fixed_point_of_the_specification_holds(data, profile, text):
    assert to_text(_write(data, profile)[0].cid) == text


def test_the_default_profile_is_the_one_of_2025():
    assert DEFAULT_PROFILE is PROFILES["unixfs-v1-2025"]


def test_every_chunk_link_has_an_empty_name_not_an_absent_one():
    """T1: leaving the field out changes every CID."""
    added, blocks = _write(b"abc", _narrow())
    names = {
        link.name
        for block in blocks.values()
        if len(block) > 1
        for link in dagpb.decode(block).links
    }
    assert names == {""}
    assert b"\x12\x00" in blocks[added.cid]


def test_a_lonely_last_child_is_wrapped_so_that_all_leaves_lie_equally_deep():
    """T2: three chunks at width two give [node of two leaves, node of one leaf]."""
    added, blocks = _write(b"abc", _narrow())
    root = dagpb.decode(blocks[added.cid])
    leaves_below = [len(dagpb.decode(blocks[link.cid]).links) for link in root.links]
    assert leaves_below == [2, 1]


def test_a_file_of_one_chunk_is_its_leaf():
    added, blocks = _write(b"a", _narrow())
    assert blocks == {added.cid: b"a"}


def test_an_exactly_full_node_gets_no_level_above():
    added, blocks = _write(b"ab", _narrow())
    assert len(dagpb.decode(blocks[added.cid]).links) == 2


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 8, 9])
def test_the_sizes_are_those_of_the_file_and_of_its_blocks(size):
    data = bytes(range(size))
    added, blocks = _write(data, _narrow(chunk_bytes=4))
    assert added.file_bytes == size
    assert added.dag_bytes == sum(map(len, blocks.values()))


def test_children_reach_the_sink_before_their_parent():
    seen = []

    def sink(cid, block):
        assert all(link in seen for link in links_of(cid, block))
        seen.append(cid)

    added = write_bytes(b"abcde", sink, _narrow())
    assert seen[-1] == added.cid


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60), st.lists(st.integers(0, 20), max_size=8), st.booleans())
def test_how_the_stream_is_cut_changes_nothing(data, cuts, raw_leaves):
    profile = _narrow(3, 4, raw_leaves=raw_leaves)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    pieces.append(data[at:])
    added = write_file(pieces, lambda _cid, _data: None, profile)
    assert added == _write(data, profile)[0]


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=80), st.integers(2, 4), st.integers(1, 5), st.booleans())
def test_a_written_file_reads_back(data, links_max, chunk_bytes, raw_leaves):
    added, blocks = _write(data, _narrow(links_max, chunk_bytes, raw_leaves=raw_leaves))
    assert read_all(blocks.__getitem__, added.cid) == data


def test_raw_leaves_below_nodes_of_version_0_are_of_version_1():
    added, blocks = _write(b"abcdef", _narrow(3, 2, cid_version=0))
    assert cids.decode(added.cid).version == 0
    leaves = [cid for cid in blocks if cid != added.cid]
    assert [cids.decode(cid)[:2] for cid in leaves] == [(1, cids.RAW)] * 3
    assert read_all(blocks.__getitem__, added.cid) == b"abcdef"


def _peak_bytes(profile, pieces):
    """What a stream takes at most while it becomes blocks that nobody keeps."""
    tracemalloc.start()
    try:
        write_file(pieces, lambda _cid, _block: None, profile)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("piece_bytes", [7, 64, 1_000])
def test_memory_does_not_grow_with_the_stream(piece_bytes):
    """8,192 leaves would be 2 MB of entries; the interpreter itself keeps some freed tuples."""
    pieces = (bytes(piece_bytes) for _ in range(2**19 // piece_bytes))
    assert _peak_bytes(_narrow(8, 64), pieces) < 256 * 1_024


@pytest.mark.slow
@pytest.mark.parametrize("name", PROFILES)
def test_a_gibibyte_needs_few_mebibytes(name):
    profile = PROFILES[name]
    pieces = (bytes(65_536) for _ in range(2**30 // 65_536))
    assert _peak_bytes(profile, pieces) < 16 * 2**20


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_a_sink_is_given_bytes_whatever_the_pieces_are(make):
    blocks = {}
    pieces = [make(b"abcd"), make(b"efghijkl"), make(b"mn")]
    added = write_file(pieces, blocks.__setitem__, _narrow(chunk_bytes=4))
    assert {type(block) for block in blocks.values()} == {bytes}
    assert read_all(blocks.__getitem__, added.cid) == b"abcdefghijklmn"


def test_a_piece_of_the_length_of_a_chunk_is_not_copied():
    piece = b"abcd"
    given = []
    write_file([piece], lambda _cid, block: given.append(block), _narrow(chunk_bytes=4))
    assert given[0] is piece


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_without_a_sink_the_root_is_the_same(profile):
    data = bytes(3 * profile.chunk_bytes + 5)
    assert write_bytes(data, None, profile) == _write(data, profile)[0]
