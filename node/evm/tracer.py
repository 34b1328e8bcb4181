"""Running a transaction again to see what happens inside: of a stored block, or one to be.

Always in py-evm, whatever executor the ledger has.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from node.base.errors import UnknownBlockError
from node.base.types import Address, Hash32
from node.evm.chain_errors import ReplayMismatchError
from node.evm.errors import (
    NotTraceableError,
    TransactionError,
    UnknownTransactionError,
)
from node.evm.executor_pyevm import PyevmRun
from node.evm.ledger import Ledger
from node.evm.receipts import Receipt
from node.evm.traced_machine import Tracer, attach, detach
from node.evm.transactions import Transaction

AnyTracer = TypeVar("AnyTracer", bound=Tracer)


def trace_transaction(
    ledger: Ledger,
    transaction_hash: Hash32,
    tracer: Tracer,
    *,
    fee_recipient: Address | None = None,
) -> None:
    """Trace a transaction of the chain, after the earlier ones of its block.

    ``fee_recipient``  of the block, as for ``Ledger.context``.
    raises        UnknownTransactionError: it is not on the chain; MissingStateError: the state
                  before its block is not kept; ReplayMismatchError; QueryLimitError: the trace is
                  too large.
    """
    place = ledger.transaction_place(transaction_hash)
    if place is None:
        raise UnknownTransactionError(transaction_hash)
    replay = _Replay(ledger, place.block_hash, fee_recipient)
    for _ in range(place.position):
        replay.next(None)
    replay.next(tracer)


def trace_block(
    ledger: Ledger,
    block_hash: Hash32,
    make_tracer: Callable[[], AnyTracer],
    *,
    fee_recipient: Address | None = None,
) -> list[AnyTracer]:
    """Trace all transactions of a block of any branch, each with a tracer of its own.

    raises        UnknownBlockError; NotTraceableError: it is the genesis; else as
                  ``trace_transaction``.
    """
    replay = _Replay(ledger, block_hash, fee_recipient)
    tracers = [make_tracer() for _ in range(replay.count)]
    for tracer in tracers:
        replay.next(tracer)
    return tracers


class _Replay:
    """The transactions of a stored block, one after the other; each must end as it did before."""

    def __init__(self, ledger: Ledger, block_hash: Hash32, fee_recipient: Address | None) -> None:
        block = ledger.block(block_hash)
        if block is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        if block.header.number == 0:
            raise NotTraceableError("genesis")
        self._block_hash = block_hash
        self._transactions = [ledger.decode(raw) for raw in block.transactions]
        self._receipts = ledger.receipts(block_hash)
        context = ledger.context(block_hash, fee_recipient=fee_recipient)
        self._run = _TracedRun(context, ledger.state(block.header.parent_hash))
        self._at = 0

    @property
    def count(self) -> int:
        """The number of all transactions."""
        return len(self._transactions)

    def next(self, tracer: Tracer | None) -> None:
        """Run the next transaction."""
        index = self._at
        self._at += 1
        transaction = self._transactions[index]
        try:
            if tracer is None:
                receipt = self._run.apply(transaction)
            else:
                receipt = self._run.trace(transaction, tracer)
        except TransactionError as error:
            raise ReplayMismatchError(self._block_hash, index) from error
        if receipt != self._receipts[index]:
            raise ReplayMismatchError(self._block_hash, index)


class _TracedRun(PyevmRun):
    """The reference executor's block, in which a transaction can be watched."""

    _state: Any

    def trace(self, transaction: Transaction, tracer: Tracer) -> Receipt:
        """Run the next transaction under a tracer; errors as ``apply``."""
        before = self.gas_used
        attach(self._state, tracer)
        try:
            tracer.begin(transaction)
            receipt = self.apply(transaction)
        finally:
            detach(self._state)
        tracer.end(self.gas_used - before)
        return receipt
