"""Blocks of every branch, and which of them are the chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from node.base.block import Block
from node.base.types import Hash32


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """What is kept of one valid block."""

    hash: Hash32
    block: Block
    total_difficulty: int
    receipts: tuple[bytes, ...]
    """EIP-2718 envelopes, in the order of the transactions."""
    transaction_hashes: tuple[Hash32, ...]


class Place(NamedTuple):
    """Where a transaction stands in the canonical chain."""

    block_hash: Hash32
    number: int
    position: int
    """Index among the transactions of its block (``index`` is taken by tuples)."""


class ChainData(Protocol):
    """Headers, bodies, receipts, canonical numbers, transaction index, head."""

    def head(self) -> Hash32 | None:
        """Give the hash of the head; None: nothing is stored yet."""
        ...

    def stored(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None."""
        ...

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        ...

    def place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        ...

    def put(self, stored: StoredBlock) -> None:
        """Keep a block of any branch."""
        ...

    def move_head(self, removed: Sequence[Hash32], added: Sequence[Hash32]) -> None:
        """Take blocks off the chain, newest first, and put others on, oldest first: one step."""
        ...


class MemoryChainData:
    """The tables of a simulated node."""

    def __init__(self) -> None:
        self._blocks: dict[Hash32, StoredBlock] = {}
        self._canonical: dict[int, Hash32] = {}
        self._places: dict[Hash32, Place] = {}
        self._head: Hash32 | None = None

    def head(self) -> Hash32 | None:
        """Give the hash of the head; None: nothing is stored yet."""
        return self._head

    def stored(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None."""
        return self._blocks.get(block_hash)

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        return self._canonical.get(number)

    def place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        return self._places.get(transaction_hash)

    def put(self, stored: StoredBlock) -> None:
        """Keep a block of any branch."""
        self._blocks[stored.hash] = stored

    def move_head(self, removed: Sequence[Hash32], added: Sequence[Hash32]) -> None:
        """Take blocks off the chain, newest first, and put others on, oldest first.

        The blocks of ``added`` must be stored, and the first must stand on what is left.
        """
        for block_hash in removed:
            gone = self._blocks[block_hash]
            del self._canonical[gone.block.header.number]
            for transaction_hash in gone.transaction_hashes:
                self._places.pop(transaction_hash, None)
            self._head = gone.block.header.parent_hash
        for block_hash in added:
            stored = self._blocks[block_hash]
            number = stored.block.header.number
            self._canonical[number] = block_hash
            for index, transaction_hash in enumerate(stored.transaction_hashes):
                self._places[transaction_hash] = Place(block_hash, number, index)
            self._head = block_hash
