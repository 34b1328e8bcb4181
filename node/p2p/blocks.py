"""Blocks as they come from the wire: header bytes and raw transactions, not trusted yet."""

from collections.abc import Sequence

from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header


def block_of(header: bytes, transactions: Sequence[bytes]) -> Block:
    """Read a header and put it together with its transactions.

    raises        CodecError: the header is not canonical, or a transaction is empty.
    """
    return Block(Header.decode(header), checked_transactions(transactions))


def checked_transactions(transactions: Sequence[bytes]) -> tuple[bytes, ...]:
    """Refuse what can be no transaction: its first byte decides how it is written into a block."""
    if not all(transactions):
        raise CodecError("block", "an empty transaction")
    return tuple(transactions)
