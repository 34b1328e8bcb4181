"""Blocks of every branch, and which of them are the chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from node.base.block import Block
from node.base.header import Header
from node.base.types import Address, Hash32
from node.storage.branches import fading
from node.storage.log_keys import LogKey, is_wanted, log_keys


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """What is kept of one valid block."""

    hash: Hash32
    """The hash of its header: a store on disk relies on it."""
    block: Block
    total_difficulty: int
    receipts: tuple[bytes, ...]
    """EIP-2718 envelopes, in the order of the transactions."""
    transaction_hashes: tuple[Hash32, ...]
    """Keccak-256 of each transaction: a store on disk relies on it."""
    log_keys: tuple[LogKey, ...] | None = None
    """Address and first topic of each log of the block; None: to be read from the receipts."""
    certificate: bytes | None = None
    """What shows that the block was decided, where its engine keeps that apart from the header."""

    def keys_of_logs(self) -> tuple[LogKey, ...]:
        """Give address and first topic of each log.

        raises        CodecError: they are not given, and the receipts are none.
        """
        return log_keys(self.receipts) if self.log_keys is None else self.log_keys


class Place(NamedTuple):
    """Where a transaction stands in the canonical chain."""

    block_hash: Hash32
    number: int
    position: int
    """Index among the transactions of its block (``index`` is taken by tuples)."""


class StateAt(NamedTuple):
    """The state that a block leaves behind."""

    number: int
    block_hash: Hash32
    root: Hash32


class ChainData(Protocol):
    """Headers, bodies, receipts, canonical numbers, transaction and log index, head."""

    def head(self) -> Hash32 | None:
        """Give the hash of the head; None: nothing is stored yet."""
        ...

    def stored(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None."""
        ...

    def header(self, block_hash: Hash32) -> Header | None:
        """Give the header of a block of any branch, or None; cheaper than the whole block."""
        ...

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        ...

    def hashes_at(self, number: int) -> Sequence[Hash32]:
        """Give the blocks with a number, of all branches, ascending by hash."""
        ...

    def states_from(self, number: int) -> Sequence[StateAt]:
        """Give the states of all blocks from ``number`` on, of all branches, in order."""
        ...

    def place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        ...

    def blocks_with_logs(
        self, addresses: Sequence[Address], topics: Sequence[Hash32], first: int, last: int
    ) -> Sequence[int]:
        """Give the chain's blocks ``first`` .. ``last`` that hold a wanted log, ascending.

        ``addresses``  one of these; empty: any.
        ``topics``     one of these is the log's first; empty: any, or none at all.
        """
        ...

    def finalized(self) -> int:
        """Give the number of the newest block that the chain will never lose; 0 at first."""
        ...

    def put(self, stored: StoredBlock) -> None:
        """Keep a block of any branch; one that is there stays as it is."""
        ...

    def move_head(self, removed: Sequence[Hash32], added: Sequence[Hash32]) -> None:
        """Take blocks off the chain, newest first, and put others on, oldest first: one step."""
        ...

    def set_finalized(self, number: int) -> None:
        """Remember what was decided for good."""
        ...

    def prune_branches(self, below: int) -> Sequence[Hash32]:
        """Forget the branches that end below a number; give what was forgotten, newest first.

        A branch that reaches up to ``below`` is kept whole, down to where it leaves the chain.
        """
        ...


class MemoryChainData:
    """The tables of a simulated node."""

    def __init__(self) -> None:
        self._blocks: dict[Hash32, StoredBlock] = {}
        self._by_number: dict[int, tuple[Hash32, ...]] = {}
        self._canonical: dict[int, Hash32] = {}
        self._places: dict[Hash32, Place] = {}
        self._logs: dict[int, frozenset[LogKey]] = {}
        self._head: Hash32 | None = None
        self._finalized = 0
        self._branches_from = 0

    def head(self) -> Hash32 | None:
        """Give the hash of the head; None: nothing is stored yet."""
        return self._head

    def stored(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None."""
        return self._blocks.get(block_hash)

    def header(self, block_hash: Hash32) -> Header | None:
        """Give the header of a block of any branch, or None."""
        stored = self._blocks.get(block_hash)
        return None if stored is None else stored.block.header

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        return self._canonical.get(number)

    def hashes_at(self, number: int) -> Sequence[Hash32]:
        """Give the blocks with a number, of all branches, ascending by hash."""
        return self._by_number.get(number, ())

    def states_from(self, number: int) -> Sequence[StateAt]:
        """Give the states of all blocks from ``number`` on, of all branches, in order."""
        return [
            StateAt(at, block_hash, self._blocks[block_hash].block.header.state_root)
            for at in sorted(self._by_number)
            if at >= number
            for block_hash in self._by_number[at]
        ]

    def place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        return self._places.get(transaction_hash)

    def blocks_with_logs(
        self, addresses: Sequence[Address], topics: Sequence[Hash32], first: int, last: int
    ) -> Sequence[int]:
        """Give the chain's blocks ``first`` .. ``last`` that hold a wanted log, ascending."""
        return [
            number
            for number in range(first, min(last + 1, len(self._canonical)))
            if any(is_wanted(key, addresses, topics) for key in self._logs.get(number, ()))
        ]

    def finalized(self) -> int:
        """Give the number of the newest block that the chain will never lose; 0 at first."""
        return self._finalized

    def put(self, stored: StoredBlock) -> None:
        """Keep a block of any branch; one that is there stays as it is."""
        if stored.hash in self._blocks:
            return
        number = stored.block.header.number
        self._blocks[stored.hash] = stored
        self._by_number[number] = tuple(sorted((*self.hashes_at(number), stored.hash)))
        self._branches_from = min(self._branches_from, number)

    def move_head(self, removed: Sequence[Hash32], added: Sequence[Hash32]) -> None:
        """Take blocks off the chain, newest first, and put others on, oldest first.

        The blocks of ``added`` must be stored, and the first must stand on what is left.
        """
        for block_hash in removed:
            gone = self._blocks[block_hash]
            number = gone.block.header.number
            del self._canonical[number]
            self._branches_from = min(self._branches_from, number)
            self._logs.pop(number, None)
            for transaction_hash in gone.transaction_hashes:
                self._places.pop(transaction_hash, None)
            self._head = gone.block.header.parent_hash
        for block_hash in added:
            stored = self._blocks[block_hash]
            number = stored.block.header.number
            self._canonical[number] = block_hash
            if keys := stored.keys_of_logs():
                self._logs[number] = frozenset(keys)
            for index, transaction_hash in enumerate(stored.transaction_hashes):
                self._places[transaction_hash] = Place(block_hash, number, index)
            self._head = block_hash

    def set_finalized(self, number: int) -> None:
        """Remember what was decided for good."""
        self._finalized = number

    def prune_branches(self, below: int) -> Sequence[Hash32]:
        """Forget the branches that end below a number; give what was forgotten, newest first."""
        forgotten, self._branches_from = fading(self, self._branches_from, below)
        for block_hash in forgotten:
            gone = self._blocks.pop(block_hash)
            number = gone.block.header.number
            self._by_number[number] = tuple(
                other for other in self._by_number[number] if other != block_hash
            )
        return forgotten
