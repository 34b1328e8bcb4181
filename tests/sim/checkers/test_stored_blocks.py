"""Bytes on a disk against the names under which they lie."""

from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.unixfs_write import write_bytes
from node.sim.checkers.stored_blocks import is_sound, is_whole, rotten


def disk(data):
    """Give the root of a file, and its blocks by multihash."""
    blocks = {}
    root = write_bytes(data, lambda cid, block: blocks.__setitem__(multihash_of(cid), block)).cid
    return root, blocks


def flipped(data):
    return bytes((data[0] ^ 1,)) + data[1:]


LONG = b"".join(number.to_bytes(4, "big") for number in range(2**20))
"""Four MiB of leaves that differ."""


def test_bytes_are_sound_under_the_name_of_their_hash_only():
    root, blocks = disk(b"words")
    name = multihash_of(root)
    assert is_sound(name, blocks[name])
    assert not is_sound(name, flipped(blocks[name]))
    assert not is_sound(name, b"")


def test_a_file_is_whole_when_every_block_of_it_is_there():
    root, blocks = disk(LONG)
    assert len(blocks) > 2
    assert is_whole(blocks.get, root)
    for name in blocks:
        left = {key: data for key, data in blocks.items() if key != name}
        assert not is_whole(left.get, root)


def test_a_file_with_one_bad_block_is_not_whole():
    root, blocks = disk(LONG)
    for name in blocks:
        assert not is_whole((blocks | {name: flipped(blocks[name])}).get, root)


def test_rotten_blocks_are_named_and_absent_ones_are_not():
    _, blocks = disk(LONG)
    first, second, *_ = names = sorted(blocks)
    assert rotten(blocks.get, names) == ()
    bad = blocks | {first: flipped(blocks[first])}
    del bad[second]
    assert rotten(bad.get, names) == (first,)
