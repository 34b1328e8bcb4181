import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import CodecError
from node.base.limits import CHUNK_BYTES_MAX, NODE_BYTES_MAX
from node.base.types import Hash32
from node.storage.node_chunks import chunk_checksum, entries, entry_at, pack

KEYS = st.binary(min_size=32, max_size=32).map(Hash32)
A, B = Hash32(b"a" * 32), Hash32(b"b" * 32)


@given(st.dictionaries(KEYS, st.binary(max_size=3_000), max_size=12))
def test_all_nodes_come_back_from_where_they_are_said_to_stand(nodes):
    chunks = list(pack(nodes.items()))
    assert {e.key: e.raw for data, _ in chunks for e in entries(data)} == nodes
    for data, places in chunks:
        assert [(entry.key, entry.offset) for entry in entries(data)] == places
        assert all(entry_at(data, offset, key) == nodes[key] for key, offset in places)
        assert len(data) <= CHUNK_BYTES_MAX


def test_no_nodes_make_no_chunk():
    assert list(pack([])) == []


def test_a_chunk_is_filled_to_the_last_byte():
    half = CHUNK_BYTES_MAX // 2 - 34
    assert [len(data) for data, _ in pack([(A, bytes(half)), (B, bytes(half))])] == [8_000]
    assert [len(data) for data, _ in pack([(A, bytes(half)), (B, bytes(half + 1))])] == [4000, 4001]


def test_a_long_node_has_a_chunk_of_its_own():
    long = bytes(NODE_BYTES_MAX)
    chunks = list(pack([(A, b"1"), (B, long), (A, b"2")]))
    assert [len(places) for _, places in chunks] == [1, 1, 1]
    assert entry_at(chunks[1][0], 0, B) == long


def test_a_longer_one_is_refused():
    with pytest.raises(CodecError, match="65536 bytes, at most 65535"):
        list(pack([(A, bytes(NODE_BYTES_MAX + 1))]))


@pytest.mark.parametrize("cut", [1, 31, 33, 34, 36])
def test_a_chunk_that_is_cut_off_is_refused(cut):
    ((data, _),) = pack([(A, b"node"), (B, b"node")])
    with pytest.raises(CodecError, match="the entry at byte 38 is cut off"):
        list(entries(data[: 38 + cut]))
    with pytest.raises(CodecError, match="byte 38 is another one or cut off"):
        entry_at(data[: 38 + cut], 38, B)


@pytest.mark.parametrize(("offset", "key"), [(0, B), (1, A), (38, A), (76, A), (1_000, A)])
def test_another_entry_is_noticed(offset, key):
    ((data, _),) = pack([(A, b"node"), (B, b"node")])
    with pytest.raises(CodecError, match=f"byte {offset} is another one"):
        entry_at(data, offset, key)


def test_the_checksum_covers_bytes_and_number():
    assert len({chunk_checksum(1, b"a"), chunk_checksum(2, b"a"), chunk_checksum(1, b"b")}) == 3
