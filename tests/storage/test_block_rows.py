from dataclasses import replace

import pytest

from node.base import rlp
from node.base.block import Block, Withdrawal
from node.base.errors import CodecError, CorruptStoreError
from node.base.types import EMPTY_TRIE_ROOT, ZERO_HASH
from node.storage.block_rows import (
    decode_block,
    decode_receipts,
    encode_body,
    encode_receipts,
    read_block,
    read_header,
)
from tests.base.headers import frontier_header
from tests.storage.blocks import GENESIS, TWO, chain_of
from tests.storage.blocks import transaction as tx

HEADER = GENESIS.block.header
CANCUN = replace(
    HEADER,
    withdrawals_root=EMPTY_TRIE_ROOT,
    blob_gas_used=0,
    excess_blob_gas=0,
    parent_beacon_root=ZERO_HASH,
)
STORED = chain_of(1)[0]
LEGACY = rlp.encode([b"\x01"] * 9)


def _row(**changes):
    header = STORED.block.header.encode()
    row = {
        "header": header,
        "difficulty": b"\x03",
        "body": encode_body(STORED.block, header),
        "receipts": encode_receipts(STORED.receipts),
        "certificate": None,
        "crc": None,
    }
    return tuple((row | changes).values())


@pytest.mark.parametrize("header", [HEADER, CANCUN])
@pytest.mark.parametrize("raws", [(), (tx(1),), (LEGACY, tx(2), LEGACY)])
def test_a_block_comes_back_from_header_and_body(header, raws):
    block = Block(header, raws)
    raw = header.encode()
    body = encode_body(block, raw)
    assert rlp.wrap(raw + body) == block.encode()
    assert decode_block(raw, body) == block


UNCLE = replace(frontier_header(), number=6)
PAID = Withdrawal(1, 2, TWO, 3)


@pytest.mark.parametrize(
    "block",
    [
        Block(frontier_header(), (LEGACY,), uncles=(UNCLE, frontier_header())),
        Block(CANCUN, (tx(1),), withdrawals=(PAID, PAID)),
    ],
)
def test_a_block_of_a_foreign_chain_comes_back_whole(block):
    raw = block.header.encode()
    body = encode_body(block, raw)
    assert rlp.wrap(raw + body) == block.encode()
    assert decode_block(raw, body) == block
    assert read_header(block.header.hash(), raw) == block.header


@pytest.mark.parametrize("receipts", [(), (b"",), (b"\x02abc", bytes(300))])
def test_receipts_come_back(receipts):
    assert decode_receipts(encode_receipts(receipts)) == receipts


@pytest.mark.parametrize("raw", [b"", b"\x80", rlp.encode([[]]), rlp.encode([b"a"]) + b"\x01"])
def test_bytes_that_are_no_receipts_are_refused(raw):
    with pytest.raises(CodecError):
        decode_receipts(raw)


def test_a_row_is_the_block_that_was_stored():
    assert read_block(STORED.hash, _row()) == STORED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": b"\xc0"}, "header: 0x.*: wants 15, 16 or 20|header: 0x.*0 items"),
        ({"header": HEADER.encode()}, "header: 0x.*: hashes to 0x"),
        ({"body": None}, "body: 0x.*: missing"),
        ({"body": b"\xc0"}, "body: 0x.*: block: wants a list"),
        ({"receipts": None}, "receipts: 0x.*: missing"),
        ({"receipts": b"\x80"}, "receipts: 0x.*: wants a list"),
        ({"certificate": b"seals", "crc": 1}, "certificate: 0x.*: does not fit"),
    ],
)
def test_a_broken_part_is_named(changes, message):
    with pytest.raises(CorruptStoreError, match=message):
        read_block(STORED.hash, _row(**changes))


def test_a_header_under_another_hash_is_refused():
    assert read_header(GENESIS.hash, HEADER.encode()) == HEADER
    with pytest.raises(CorruptStoreError, match=f"hashes to 0x{GENESIS.hash.hex()}"):
        read_header(STORED.hash, HEADER.encode())
