"""The 2,048-bit filter of logs (Yellow Paper 4.3.1, function M)."""

from collections.abc import Iterable
from typing import Final

from node.base.keccak import keccak256

BLOOM_BYTES: Final = 256
EMPTY_BLOOM: Final = bytes(BLOOM_BYTES)


def bloom_bits(item: bytes) -> int:
    """Give the up to three bits of one address or topic."""
    digest = keccak256(item)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2]) & 2047)
    return bits


def bloom_of(items: Iterable[bytes]) -> bytes:
    """Give the filter of all addresses and topics; bit 0 is the last bit of the last byte."""
    bits = 0
    for item in items:
        bits |= bloom_bits(item)
    return bits.to_bytes(BLOOM_BYTES)


def joined(blooms: Iterable[bytes]) -> bytes:
    """Give the filter of a block: the union of its receipts'."""
    bits = 0
    for bloom in blooms:
        bits |= int.from_bytes(bloom)
    return bits.to_bytes(BLOOM_BYTES)


def may_hold(bloom: bytes, item: bytes) -> bool:
    """Say whether the filter allows for an address or topic; False is certain."""
    bits = bloom_bits(item)
    return int.from_bytes(bloom) & bits == bits
