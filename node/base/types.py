"""The names of the values that cross folder borders.  All of them are immutable."""

from typing import Final, NewType

Address = NewType("Address", bytes)
"""20 bytes; hex exists only in rpc, reports and logs."""

Hash32 = NewType("Hash32", bytes)
"""32 bytes, big-endian."""

Cid = NewType("Cid", bytes)
"""A binary content identifier: CIDv1, or the 34 bytes of a CIDv0."""

Micros = NewType("Micros", int)
"""Microseconds; a clock reading counts them from the Unix epoch."""

Number = NewType("Number", int)
"""The number of a block; genesis is 0."""

ZERO_ADDRESS: Final = Address(bytes(20))
ZERO_HASH: Final = Hash32(bytes(32))
EMPTY_TRIE_ROOT: Final = Hash32(
    bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
)
"""keccak256(rlp(b'')), the root of a trie without entries."""
EMPTY_OMMERS_HASH: Final = Hash32(
    bytes.fromhex("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")
)
"""keccak256(rlp([]))."""
EMPTY_CODE_HASH: Final = Hash32(
    bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
)
"""keccak256(b'')."""
EMPTY_REQUESTS_HASH: Final = Hash32(
    bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
)
"""sha256(b''): a block without requests (EIP-7685)."""
MICROS_PER_SECOND: Final = 1_000_000
