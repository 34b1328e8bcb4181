"""Transactions of this node's own clients, which are not given up when the pool loses them.

They are offered again after a restart and after a reorganisation (network.md section 10).  A driver
that keeps them on disk writes down ``raws`` and offers each of them when the node starts.
"""

from node.base.limits import (
    LOCAL_TRANSACTIONS_COUNT_MAX,
    POOL_AGE_US_MAX,
    POOL_KNOWN_BLOCKS_MAX,
)
from node.base.types import Hash32
from node.evm.transactions import Transaction


class LocalTransactions:
    """Own transactions in the order of their arrival, until they are deep in the chain or old."""

    def __init__(self) -> None:
        self._kept: dict[Hash32, tuple[Transaction, int]] = {}
        """With the time of arrival, microseconds."""
        self._included: dict[Hash32, int] = {}
        """The block number at which each one's nonce was used."""

    @property
    def raws(self) -> tuple[bytes, ...]:
        """Give all of them, encoded."""
        return tuple(transaction.raw for transaction, _ in self._kept.values())

    def keep(self, transaction: Transaction, now_us: int) -> None:
        """Keep a transaction that the pool took; the oldest makes room."""
        self.forget(transaction.hash)
        self._kept[transaction.hash] = transaction, now_us
        if len(self._kept) > LOCAL_TRANSACTIONS_COUNT_MAX:
            self.forget(next(iter(self._kept)))

    def forget(self, transaction_hash: Hash32) -> None:
        """Give up a transaction, as one that was replaced; an unknown one is fine."""
        self._kept.pop(transaction_hash, None)
        self._included.pop(transaction_hash, None)

    def included(self, transaction_hash: Hash32, number: int) -> None:
        """Note that the chain has used the nonce of a transaction; an unknown one is fine."""
        if transaction_hash in self._kept:
            self._included[transaction_hash] = number

    def dropped(self, transaction_hash: Hash32) -> None:
        """Note that a transaction left the chain again."""
        self._included.pop(transaction_hash, None)

    def head_at(self, number: int) -> None:
        """Give up what the chain has held for so long that it stays."""
        for name, included in list(self._included.items()):
            if included <= number - POOL_KNOWN_BLOCKS_MAX:
                self.forget(name)

    def expire(self, now_us: int) -> None:
        """Give up what is three hours old."""
        for name, (_, arrived_us) in list(self._kept.items()):
            if now_us - arrived_us < POOL_AGE_US_MAX:
                break  # the others came later
            self.forget(name)
