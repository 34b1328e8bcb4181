"""A block: a header and the raw bytes of its transactions (EIP-2718 envelopes)."""

from dataclasses import dataclass
from typing import Self

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import BLOCK_TRANSACTIONS_MAX, FRAME_BYTES_MAX, TRANSACTION_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Block:
    """A block without uncles; from Shanghai on its withdrawals are the empty list."""

    header: Header
    transactions: tuple[bytes, ...]
    """Each one as its sender signed it: an RLP list (legacy) or type byte and payload."""

    def encode(self) -> bytes:
        """Give the RLP of [header, transactions, uncles] (and withdrawals, from Shanghai on)."""
        return rlp.encode(self._items())

    def _items(self) -> list[rlp.Item]:
        transactions: list[rlp.Item] = [
            rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in self.transactions
        ]
        items: list[rlp.Item] = [self.header.items(), transactions, []]
        if self.header.withdrawals_root is not None:
            items.append([])
        return items

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a block.

        raises        CodecError: not canonical, uncles or withdrawals present, limits exceeded.
        """
        if len(data) > FRAME_BYTES_MAX:
            raise CodecError("block", f"{len(data)} bytes, at most {FRAME_BYTES_MAX}")
        items = rlp.decode(data)
        if isinstance(items, bytes) or len(items) not in (3, 4):
            raise CodecError("block", "wants a list of header, transactions, uncles")
        header = Header.from_items(items[0])
        wants = 3 if header.withdrawals_root is None else 4
        if len(items) != wants:
            raise CodecError("block", f"{len(items)} items, wants {wants} for this header")
        if any(part != [] for part in items[2:]):
            raise CodecError("block", "uncles and withdrawals must be empty lists")
        transactions = items[1]
        if isinstance(transactions, bytes) or len(transactions) > BLOCK_TRANSACTIONS_MAX:
            raise CodecError("block", f"wants at most {BLOCK_TRANSACTIONS_MAX} transactions")
        return cls(header, tuple(_envelope(part) for part in transactions))


def _envelope(item: rlp.Decoded) -> bytes:
    raw = item if isinstance(item, bytes) else rlp.encode(item)
    if not raw or len(raw) > TRANSACTION_BYTES_MAX:
        raise CodecError("block", f"a transaction of {len(raw)} bytes")
    if isinstance(item, bytes) and raw[0] >= 0x80:
        raise CodecError("block", f"unknown transaction type 0x{raw[0]:02x}")
    return raw
