"""The bytes of blocks and receipts in their rows.

A body is the RLP of its block without the header: whatever a block holds behind the header comes
back, and the header is kept once.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError, CorruptStoreError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.storage.chain_data import StoredBlock
from node.storage.database import Row
from node.storage.meta import checksum

BLOCK_COLUMNS: Final = (
    "header.rlp, total_difficulty, body.rlp, receipts.rlp, data, crc"
    " FROM header LEFT JOIN body USING (hash) LEFT JOIN receipts USING (hash)"
    " LEFT JOIN certificate USING (hash)"
)
"""What ``read_block`` wants, and where it stands."""


def encode_body(block: Block, header: bytes) -> bytes:
    """Give what follows the header in the RLP of a block, each item with its prefix.

    Transactions are RLP already, or the payload of a string; ``Block.encode`` takes each of them
    apart and puts it together again, which would cost more than all the rows of the block.
    """
    bare = replace(block, transactions=()).encode()
    rest = bare[bare.index(header) + len(header) + 1 :]  # behind the empty list of transactions
    items = [raw if raw[0] >= 0xC0 else rlp.encode(raw) for raw in block.transactions]
    return rlp.wrap(b"".join(items)) + rest


def decode_block(header: bytes, body: bytes) -> Block:
    """Put a block together again, of whatever chain: it was judged before it was stored.

    raises        CodecError: the bytes are no block.
    """
    return Block.decode(rlp.wrap(header + body), foreign=True)


def encode_receipts(receipts: Sequence[bytes]) -> bytes:
    """Give the RLP of a list of envelopes."""
    return rlp.encode(receipts)


def decode_receipts(raw: bytes) -> tuple[bytes, ...]:
    """Read a list of envelopes.

    raises        CodecError: the bytes are no such list.
    """
    items = rlp.decode(raw)
    if isinstance(items, bytes):
        raise CodecError("receipts", "wants a list")
    receipts: list[bytes] = []
    for item in items:
        if not isinstance(item, bytes):
            raise CodecError("receipts", "a list where the bytes of a receipt belong")
        receipts.append(item)
    return tuple(receipts)


def hex_of(block_hash: bytes) -> str:
    """Give a hash as messages show it."""
    return f"0x{block_hash.hex()}"


def _check_bytes(table: str, block_hash: bytes, value: object) -> None:
    """Refuse what a damaged record gives in the place of bytes."""
    if not isinstance(value, bytes):
        what = "missing" if value is None else "no bytes"
        raise CorruptStoreError(table, hex_of(block_hash), what)


def read_header(block_hash: Hash32, raw: bytes) -> Header:
    """Read a header and compare its hash.

    raises        CorruptStoreError: it is not the header with this hash.
    """
    _check_bytes("header", block_hash, raw)
    try:
        header = Header.decode(raw, foreign=True)
    except CodecError as error:
        raise CorruptStoreError("header", hex_of(block_hash), str(error)) from error
    if header.hash() != block_hash:
        raise CorruptStoreError("header", hex_of(block_hash), f"hashes to {hex_of(header.hash())}")
    return header


def read_block(block_hash: Hash32, row: Row) -> StoredBlock:
    """Read all parts of a block.

    raises        CorruptStoreError: one is missing or does not decode; the table is named.
    """
    raw, total_difficulty, body, receipts, certificate, crc = row
    read_header(block_hash, raw)
    _check_bytes("header", block_hash, total_difficulty)
    for table, part in (("body", body), ("receipts", receipts)):
        _check_bytes(table, block_hash, part)
    if certificate is not None:
        _check_bytes("certificate", block_hash, certificate)
    table = "body"
    try:
        block = decode_block(raw, body)
        table = "receipts"
        envelopes = decode_receipts(receipts)
        difficulty = int.from_bytes(total_difficulty)
    except CodecError as error:
        raise CorruptStoreError(table, hex_of(block_hash), str(error)) from error
    if certificate is not None and crc != checksum(block_hash.hex(), certificate):
        raise CorruptStoreError("certificate", hex_of(block_hash), "does not fit its checksum")
    return StoredBlock(
        block_hash,
        block,
        difficulty,
        envelopes,
        tuple(keccak256(transaction) for transaction in block.transactions),
        certificate=certificate,
    )
