"""Headers that tests start from."""

from node.base.header import Header
from node.base.types import (
    EMPTY_OMMERS_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Hash32,
)


def frontier_header() -> Header:
    """Give a header of 15 fields, each with a value of its own."""
    return Header(
        parent_hash=Hash32(b"\x01" * 32),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=Address(b"\x02" * 20),
        state_root=Hash32(b"\x03" * 32),
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=b"\x04" * 256,
        difficulty=2,
        number=7,
        gas_limit=30_000_000,
        gas_used=21_000,
        timestamp=1_767_225_600,
        extra_data=b"\x05" * 97,
        mix_hash=Hash32(b"\x06" * 32),
        nonce=b"\x07" * 8,
    )


def empty_header() -> Header:
    """Give the header of an empty block 0, with room for a vanity and a seal."""
    return Header(
        parent_hash=ZERO_HASH,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        difficulty=1,
        number=0,
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=0,
        extra_data=bytes(97),
        mix_hash=ZERO_HASH,
        nonce=bytes(8),
        base_fee=0,
    )
