"""A block: a header and the raw bytes of its transactions (EIP-2718 envelopes)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import (
    BLOCK_TRANSACTIONS_MAX,
    BLOCK_UNCLES_MAX,
    BLOCK_WITHDRAWALS_MAX,
    FRAME_BYTES_MAX,
    TRANSACTION_BYTES_MAX,
)
from node.base.types import Address

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Money that the consensus layer of a foreign chain pays out (EIP-4895)."""

    index: int
    validator: int
    address: Address
    amount_gwei: int

    def items(self) -> list[bytes]:
        """Give the RLP items."""
        return [
            rlp.encode_int(self.index),
            rlp.encode_int(self.validator),
            self.address,
            rlp.encode_int(self.amount_gwei),
        ]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of ours has no uncles, and from Shanghai on an empty list of withdrawals."""

    header: Header
    transactions: tuple[bytes, ...]
    """Each one as its sender signed it: an RLP list (legacy) or type byte and payload."""
    uncles: tuple[Header, ...] = ()
    """Only of foreign chains."""
    withdrawals: tuple[Withdrawal, ...] = ()
    """Only of foreign chains; the list stands in the bytes if the header has its root."""

    def encode(self) -> bytes:
        """Give the RLP of [header, transactions, uncles] (and withdrawals, from Shanghai on)."""
        return rlp.encode(self._items())

    def _items(self) -> list[rlp.Item]:
        transactions: list[rlp.Item] = [
            rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in self.transactions
        ]
        uncles = [uncle.items() for uncle in self.uncles]
        items: list[rlp.Item] = [self.header.items(), transactions, uncles]
        if self.header.withdrawals_root is not None:
            items.append([withdrawal.items() for withdrawal in self.withdrawals])
        else:
            assert not self.withdrawals
        return items

    @classmethod
    def decode(cls, data: bytes, *, foreign: bool = False) -> Self:
        """Read a block; ``foreign`` takes uncles, withdrawals and all forms of headers.

        raises        CodecError: not canonical, limits exceeded, and (unless ``foreign``) uncles
                      or withdrawals present.
        """
        if len(data) > FRAME_BYTES_MAX:
            raise CodecError("block", f"{len(data)} bytes, at most {FRAME_BYTES_MAX}")
        items = rlp.decode(data)
        if isinstance(items, bytes) or len(items) not in (3, 4):
            raise CodecError("block", "wants a list of header, transactions, uncles")
        header = Header.from_items(items[0], foreign=foreign)
        wants = 3 if header.withdrawals_root is None else 4
        if len(items) != wants:
            raise CodecError("block", f"{len(items)} items, wants {wants} for this header")
        if not foreign and any(part != [] for part in items[2:]):
            raise CodecError("block", "uncles and withdrawals must be empty lists")
        transactions = _several(items[1], _envelope, BLOCK_TRANSACTIONS_MAX, "transactions")
        uncles = _several(items[2], _uncle, BLOCK_UNCLES_MAX, "uncles")
        rest = items[3] if wants == 4 else []
        withdrawals = _several(rest, _withdrawal, BLOCK_WITHDRAWALS_MAX, "withdrawals")
        return cls(header, transactions, uncles, withdrawals)


def _several(
    item: rlp.Decoded, read: Callable[[rlp.Decoded], Part], count_max: int, name: str
) -> tuple[Part, ...]:
    if isinstance(item, bytes) or len(item) > count_max:
        raise CodecError("block", f"wants at most {count_max} {name}")
    return tuple(read(part) for part in item)


def _envelope(item: rlp.Decoded) -> bytes:
    raw = item if isinstance(item, bytes) else rlp.encode(item)
    if not raw or len(raw) > TRANSACTION_BYTES_MAX:
        raise CodecError("block", f"a transaction of {len(raw)} bytes")
    if isinstance(item, bytes) and raw[0] >= 0x80:
        raise CodecError("block", f"unknown transaction type 0x{raw[0]:02x}")
    return raw


def _uncle(item: rlp.Decoded) -> Header:
    return Header.from_items(item, foreign=True)


def _withdrawal(item: rlp.Decoded) -> Withdrawal:
    if isinstance(item, bytes) or len(item) != 4:
        raise CodecError("block", "a withdrawal is no list of index, validator, address, amount")
    index, validator, address, amount = item
    if not isinstance(address, bytes) or len(address) != 20:
        raise CodecError("block", "the address of a withdrawal has not 20 bytes")
    return Withdrawal(
        rlp.decode_int(index, bytes_max=8),
        rlp.decode_int(validator, bytes_max=8),
        Address(address),
        rlp.decode_int(amount, bytes_max=8),
    )
