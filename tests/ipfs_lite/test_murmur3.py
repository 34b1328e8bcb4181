"""The values are those of the reference code's own tests and of common implementations."""

import pytest

from node.ipfs_lite.murmur3 import murmur3_x64_64


@pytest.mark.parametrize(
    ("data", "hashed"),
    [
        (b"", 0),
        (b"hello", 0xCBD8A7B341BD9B02),
        (b"hello, world", 0x342FAC623A5EBC8E),
        (b"19 Jan 2038 at 3:14:07 AM", 0xB89E5988B737AFFC),
        (b"The quick brown fox jumps over the lazy dog.", 0xCD99481F9EE902C9),
    ],
)
def test_the_hash_is_that_of_the_reference(data, hashed):
    assert murmur3_x64_64(data) == hashed


def test_every_length_of_the_tail_counts():
    data = bytes(range(1, 40))
    assert len({murmur3_x64_64(data[:length]) for length in range(40)}) == 40


@pytest.mark.parametrize("at", range(33))
def test_every_byte_counts(at):
    data = bytes(33)
    changed = data[:at] + b"\x01" + data[at + 1 :]
    assert murmur3_x64_64(changed) != murmur3_x64_64(data)
