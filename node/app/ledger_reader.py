"""What an engine reads of a chain, on a ledger."""

from node.base.header import Header
from node.base.types import Hash32
from node.evm.ledger import Ledger


class LedgerReader:
    """``ChainReader`` of an engine on a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def header_by_hash(self, block_hash: Hash32) -> Header | None:
        """Give the header of a stored block of any branch."""
        return self._ledger.header(block_hash)

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of block ``number`` of the chain."""
        return self._ledger.header_by_number(number)

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        """Give the sum of difficulties up to a stored block."""
        if self._ledger.header(block_hash) is None:
            return None
        return self._ledger.total_difficulty(block_hash)
