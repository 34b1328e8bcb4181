import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import PeerError
from node.ipfs_lite import hamt
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadUnixFsError, BlockTooLargeError, HamtTooDeepError
from node.ipfs_lite.hamt import Named, open_shard, write_shards
from node.ipfs_lite.murmur3 import murmur3_x64_64
from node.ipfs_lite.profiles import DEFAULT_PROFILE
from node.ipfs_lite.unixfs_data import encode_shard
from node.ipfs_lite.unixfs_list import read_directory
from node.ipfs_lite.unixfs_walk import Walk
from node.ipfs_lite.unixfs_write import Added
from tests.ipfs_lite.shelf import Shelf

_LEAF = Added(make_cid(b"x"), 1, 1)


def _write(names):
    shelf = Shelf()
    entries = [Named(name, _LEAF) for name in names]
    return write_shards(entries, shelf.__setitem__, DEFAULT_PROFILE), shelf


def _names(shelf, cid):
    return [entry.name for entry in read_directory(shelf.get_block, cid)]


def _two_in_a_bucket():
    """The first two names that share their first eight bits."""
    seen = {}
    for index in range(257):
        name = f"n{index}"
        bucket = murmur3_x64_64(name.encode()) >> 56
        if bucket in seen:
            return seen[bucket], name, bucket
        seen[bucket] = name
    raise AssertionError


def test_an_entry_alone_in_its_bucket_stands_in_the_top_shard():
    root, shelf = _write(["a"])
    node = Walk(shelf.get_block).load(root.cid, 0)
    bucket = murmur3_x64_64(b"a") >> 56
    assert [link.name for link in node.links] == [f"{bucket:02X}a"]
    # T3: a big-endian number without leading zero bytes
    assert node.message.data == (1 << bucket).to_bytes(bucket // 8 + 1)
    assert (node.message.hash_type, node.message.fanout) == (0x22, 256)


def test_two_entries_of_one_bucket_move_one_level_down():
    first, second, bucket = _two_in_a_bucket()
    root, shelf = _write([first, second])
    node = Walk(shelf.get_block).load(root.cid, 0)
    assert [link.name for link in node.links] == [f"{bucket:02X}"]
    below = Walk(shelf.get_block).load(node.links[0].cid, 1)
    wanted = sorted(
        f"{murmur3_x64_64(name.encode()) >> 48 & 255:02X}{name}" for name in (first, second)
    )
    assert [link.name for link in below.links] == wanted
    assert root.dag_bytes == sum(map(len, shelf.values())) + 2


def test_names_of_one_hash_are_refused(monkeypatch):
    monkeypatch.setattr(hamt, "murmur3_x64_64", lambda data: 7)
    with pytest.raises(HamtTooDeepError):
        _write(["a", "b"])


def test_names_that_part_at_the_last_bits_are_written(monkeypatch):
    monkeypatch.setattr(hamt, "murmur3_x64_64", lambda data: data[0])
    root, shelf = _write(["a", "b"])
    assert len(shelf) == 8
    assert root.file_bytes == 2


def test_a_shard_that_no_block_can_hold_is_refused():
    with pytest.raises(BlockTooLargeError):
        _write(["n" * (2 * 2**20)])


@given(st.sets(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1)))
def test_every_name_comes_back_once(names):
    root, shelf = _write(sorted(names))
    assert sorted(_names(shelf, root.cid)) == sorted(names)


def _label(name, level=0, bits=8, digits=2):
    index = murmur3_x64_64(name.encode()) >> 64 - bits * (level + 1) & 2**bits - 1
    return index, f"{index:0{digits}X}{name}"


def _shard(shelf, links, *, fanout=256, bitfield=None, message=None):
    """A shard with whatever it claims; ``links`` are (bucket, label, cid)."""
    number = sum(1 << index for index, _, _ in links)
    bitfield = number.to_bytes((number.bit_length() + 7) // 8) if bitfield is None else bitfield
    made = [Link(cid, label, 1) for _, label, cid in links]
    return shelf.node(made, message or encode_shard(bitfield, fanout))


@pytest.mark.parametrize(("fanout", "digits"), [(8, 1), (16, 1), (32, 2), (256, 2), (1024, 3)])
def test_other_fanouts_are_read(fanout, digits):
    shelf = Shelf()
    bits = fanout.bit_length() - 1
    index, label = _label("a", 0, bits, digits)
    root = _shard(shelf, [(index, label, _LEAF.cid)], fanout=fanout)
    assert _names(shelf, root) == ["a"]


def test_an_empty_shard_is_an_empty_directory():
    shelf = Shelf()
    assert _names(shelf, _shard(shelf, [])) == []


def _bad_cases():
    a, label = _label("a")
    leaf = _LEAF.cid
    good = encode_shard((1 << a).to_bytes(a // 8 + 1), 256)

    def one(**changes):
        return lambda s: _shard(s, [(a, label, leaf)], **changes)

    def deep(shelf):
        cid = shelf.leaf(b"x")
        for _ in range(9):
            cid = _shard(shelf, [(0, "00", cid)])
        return cid

    return {
        "fanout 4": one(fanout=4),
        "fanout 2048": one(fanout=2048),
        "fanout 24,": one(fanout=24),
        "fanout 0": one(message=good[:-3]),
        "hashed by None": one(message=good[:-5] + good[-3:]),
        "hashed by 35": one(message=good[:-4] + b"\x23" + good[-3:]),
        "bitfield": one(bitfield=(1 << a).to_bytes(32)),
        "a bitfield that": one(bitfield=b""),
        "a bitfield": one(bitfield=(1 << a).to_bytes(a // 8 + 1, "little") + b"\x01"),
        "wrong bucket": lambda s: _shard(s, [(a ^ 1, f"{a ^ 1:02X}a", leaf)]),
        "does not start": lambda s: _shard(s, [(10, "0aa", leaf)]),
        "of 2 digits": lambda s: _shard(s, [(1, "1", leaf)]),
        "stands behind": lambda s: _shard(s, [(9, "09", leaf), (8, "08", leaf)]),
        "stands behind bucket 9": lambda s: _shard(s, [(9, "09x", leaf), (9, "09y", leaf)]),
        "no shard where": lambda s: _shard(s, [(1, "01", s.leaf(b"x"))]),
        "fanout 16 below": lambda s: _shard(s, [(1, "01", _shard(s, [], fanout=16))]),
        "no bits left": deep,
    }


@pytest.mark.parametrize("why", _bad_cases())
def test_a_shard_that_breaks_a_rule_is_refused_by_name(why):
    shelf = Shelf()
    root = _bad_cases()[why](shelf)
    with pytest.raises(BadUnixFsError, match=why):
        _names(shelf, root)


def test_a_name_below_the_wrong_shard_is_refused():
    """The bits of all levels count, not only those of the last one."""
    shelf = Shelf()
    first, _ = _label("a")
    second, label = _label("a", 1)
    below = _shard(shelf, [(second, label, _LEAF.cid)])
    assert _names(shelf, _shard(shelf, [(first, f"{first:02X}", below)])) == ["a"]
    other = first ^ 1
    with pytest.raises(BadUnixFsError, match="wrong bucket"):
        _names(shelf, _shard(shelf, [(other, f"{other:02X}", below)]))


@given(st.data())
def test_a_mutated_shard_raises_only_errors_of_peers(data):
    root, shelf = _write(["a", "b", "c", "d"])
    block = bytearray(shelf[root.cid])
    at = data.draw(st.integers(0, len(block) - 1))
    block[at] ^= data.draw(st.integers(1, 255))
    shelf[root.cid] = bytes(block)
    try:
        open_shard(Walk(shelf.get_block).load(root.cid, 0))
    except PeerError:
        return
