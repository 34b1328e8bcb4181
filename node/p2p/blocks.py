"""Blocks as they come from the wire: header bytes and raw transactions, not trusted yet."""

from collections.abc import Sequence
from typing import NamedTuple

from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.header_form import HeaderForm
from node.base.limits import BLOCKS_READ_COUNT_MAX


class CertifiedBlock(NamedTuple):
    """A block as it is kept, and what shows that it was decided."""

    block: Block
    certificate: bytes | None


def block_of(header: bytes, transactions: Sequence[bytes], form: HeaderForm) -> CertifiedBlock:
    """Read a header and put it together with its transactions.

    raises        CodecError: the header is not canonical or not of this form, or a transaction is
                  empty.
    """
    kept, certificate = form.split(Header.decode(header))
    return CertifiedBlock(Block(kept, checked_transactions(transactions)), certificate)


class BlockMemo:
    """Blocks that were read from equal bytes lately; the nodes of one process may share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, tuple[bytes, ...]], CertifiedBlock] = {}

    def block_of(
        self, header: bytes, transactions: tuple[bytes, ...], form: HeaderForm
    ) -> CertifiedBlock:
        """Read a block, as the function ``block_of`` does.

        raises        CodecError.
        """
        key = (header, transactions)
        found = self._known.get(key)
        if found is None:
            found = block_of(header, transactions, form)
            if len(self._known) >= BLOCKS_READ_COUNT_MAX:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return found


def checked_transactions(transactions: Sequence[bytes]) -> tuple[bytes, ...]:
    """Refuse what can be no transaction: its first byte decides how it is written into a block."""
    if not all(transactions):
        raise CodecError("block", "an empty transaction")
    return tuple(transactions)
