import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.ipfs_lite.errors import BadNodeError
from node.ipfs_lite.unixfs_data import (
    FILE_TYPE,
    SHARD_TYPE,
    SYMLINK_TYPE,
    UnixFsData,
    decode_data,
    encode_inner,
    encode_shard,
    encode_symlink,
)


def test_an_inner_node_says_its_sizes_unpacked():
    assert encode_inner(300, [200, 100]).hex() == "0802" + "18ac02" + "20c801" + "2064"


@given(st.lists(st.integers(0, 2**40), max_size=5))
def test_an_inner_node_reads_back(sizes):
    got = decode_data(encode_inner(sum(sizes), sizes))
    assert got == UnixFsData(FILE_TYPE, b"", sum(sizes), tuple(sizes))


@given(st.binary(max_size=200))
def test_a_symlink_reads_back(target):
    assert decode_data(encode_symlink(target)) == UnixFsData(SYMLINK_TYPE, target)


def test_a_shard_says_hash_and_fanout():
    raw = encode_shard(b"\x05", 256)
    assert raw.hex() == "0805" + "120105" + "2822" + "308002"
    assert decode_data(raw) == UnixFsData(SHARD_TYPE, b"\x05", hash_type=0x22, fanout=256)


@given(st.binary(max_size=60))
def test_random_bytes_raise_only_the_named_error(raw):
    try:
        decode_data(raw)
    except BadNodeError:
        return


@pytest.mark.parametrize(
    "raw",
    [
        "0802" + "0802",
        "0802" + "1801" * 2,
        "0802" + "1200" * 2,
        "0802" + "4a00",
        "0802" + "2201" + "01",
        "0802" + "4200",
        "0802" + "420508011500",
        "0802" + "4207080115000000ff",
        "0802" + "42050801",
        "0802" + "4205" + "1500000000",
        "0802" + "4205" + "1500ca9a3b",
        "08",
        "0802" + "12ff",
    ],
    ids=[
        "type-twice",
        "size-twice",
        "data-twice",
        "unknown-field",
        "packed-sizes",
        "mtime-empty",
        "mtime-short",
        "mtime-nanoseconds-high",
        "mtime-truncated",
        "mtime-nanoseconds-0",
        "mtime-nanoseconds-1e9",
        "truncated",
        "data-truncated",
    ],
)
def test_a_data_message_that_breaks_a_rule_is_refused(raw):
    with pytest.raises(BadNodeError):
        decode_data(bytes.fromhex(raw))


def test_mode_and_a_sound_mtime_are_dropped():
    raw = bytes.fromhex("0802" + "1800" + "38a403" + "4207" + "0801" + "1501000000")
    assert decode_data(raw).kind == 2
