"""The blocks of every branch, and which of them are the chain: no rule of validity is in here."""

from collections.abc import Iterator
from dataclasses import dataclass

from node.base.block import Block
from node.base.errors import UnknownBlockError
from node.base.header import Header
from node.base.limits import ANCESTOR_HASHES_COUNT_MAX
from node.base.types import Hash32
from node.evm.chain_errors import FinalityViolationError
from node.storage.chain_data import ChainData, StoredBlock


@dataclass(frozen=True, slots=True)
class ReorgInfo:
    """What a move of the head changed."""

    common: Hash32
    """The newest block that was on the chain before and still is."""
    removed: tuple[Hash32, ...]
    """Newest first."""
    added: tuple[Hash32, ...]
    """Oldest first; the last one is the new head."""
    dropped: tuple[bytes, ...]
    """Transactions of removed blocks that no added block holds, in their old order."""


@dataclass(frozen=True, slots=True)
class Ancestors:
    """The hashes that the BLOCKHASH opcode sees, the parent's first; read only when it asks.

    It can be walked again: a context may serve several executions.
    """

    chain: ChainData
    parent_hash: Hash32

    def __iter__(self) -> Iterator[Hash32]:
        block_hash = self.parent_hash
        for _ in range(ANCESTOR_HASHES_COUNT_MAX):
            header = self.chain.header(block_hash)
            if header is None:
                return
            yield block_hash
            block_hash = header.parent_hash


class BlockTree:
    """Reads and moves on the tables of one store."""

    def __init__(self, chain: ChainData) -> None:
        self._chain = chain

    @property
    def head_hash(self) -> Hash32:
        """The hash of the newest block of the chain."""
        head = self._chain.head()
        assert head is not None, "the genesis is put in at the start"
        return head

    @property
    def head(self) -> Header:
        """The newest header of the chain."""
        return self.known_header(self.head_hash)

    def find(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None."""
        return self._chain.stored(block_hash)

    def stored(self, block_hash: Hash32) -> StoredBlock:
        """Give a block of any branch.

        raises        UnknownBlockError.
        """
        found = self._chain.stored(block_hash)
        if found is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return found

    def header(self, block_hash: Hash32) -> Header | None:
        """Give a header of any branch, or None."""
        return self._chain.header(block_hash)

    def known_header(self, block_hash: Hash32) -> Header:
        """Give a header of any branch.

        raises        UnknownBlockError.
        """
        found = self._chain.header(block_hash)
        if found is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return found

    def block(self, block_hash: Hash32) -> Block | None:
        """Give a block of any branch, or None."""
        found = self._chain.stored(block_hash)
        return None if found is None else found.block

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of the chain's block ``number``, or None."""
        block_hash = self._chain.canonical(number)
        return None if block_hash is None else self.known_header(block_hash)

    def ancestors(self, parent_hash: Hash32) -> Ancestors:
        """Give the hashes that a child of ``parent_hash`` sees."""
        return Ancestors(self._chain, parent_hash)

    def path_to(self, block_hash: Hash32) -> ReorgInfo:
        """Say what would change if a block became the head; change nothing.

        raises        UnknownBlockError.
        """
        added: list[Hash32] = []
        removed: list[Hash32] = []
        common = block_hash
        while True:
            header = self.known_header(common)
            if self._chain.canonical(header.number) == common:
                break
            added.append(common)
            common = header.parent_hash
        gone = self.head_hash
        while gone != common:
            removed.append(gone)
            gone = self.known_header(gone).parent_hash
        added.reverse()
        return ReorgInfo(common, tuple(removed), tuple(added), self._dropped(removed, added))

    def check_final(self, path: ReorgInfo) -> None:
        """Check that a move of the head leaves what was decided for good.

        raises        FinalityViolationError.
        """
        number = self.known_header(path.common).number
        finalized = self._chain.finalized()
        if path.removed and number < finalized:
            head = path.added[-1] if path.added else path.common
            raise FinalityViolationError(finalized, number, head)

    def _dropped(self, removed: list[Hash32], added: list[Hash32]) -> tuple[bytes, ...]:
        if not removed:
            return ()
        kept = {
            transaction_hash
            for added_hash in added
            for transaction_hash in self.stored(added_hash).transaction_hashes
        }
        return tuple(
            raw
            for removed_hash in reversed(removed)
            for raw, transaction_hash in self._with_hashes(removed_hash)
            if transaction_hash not in kept
        )

    def _with_hashes(self, block_hash: Hash32) -> Iterator[tuple[bytes, Hash32]]:
        stored = self.stored(block_hash)
        return zip(stored.block.transactions, stored.transaction_hashes, strict=True)
