"""The reference executor: every opcode runs in py-evm."""

from typing import Any

from node.base.errors import WardnetError
from node.base.types import Address, Hash32
from node.evm.errors import ExecutionFaultError
from node.evm.executor import BlockRun, Executed, ExecutionContext, StateReader
from node.evm.machine import EvmTransaction, open_state
from node.evm.receipts import Log, Receipt
from node.evm.rules import check_alone, check_in_place
from node.evm.transactions import Transaction


class PyevmExecutor:
    """Runs blocks in py-evm's interpreter."""

    name = "py-evm"

    def open(self, context: ExecutionContext, view: StateReader) -> BlockRun:
        """Begin a block on the state that ``view`` shows."""
        return PyevmRun(context, view)


class PyevmRun:
    """One block in the making."""

    def __init__(self, context: ExecutionContext, view: StateReader) -> None:
        self._context = context
        self._state = open_state(context, view)
        self._receipts: list[Receipt] = []
        self._gas_used = 0

    @property
    def gas_used(self) -> int:
        """The gas of all transactions so far."""
        return self._gas_used

    def apply(self, transaction: Transaction) -> Receipt:
        """Run the next transaction.

        raises        TransactionError: it is not valid here; nothing has changed.
                      ExecutionFaultError (one of them): the interpreter itself failed.
        """
        context = self._context
        check_alone(transaction, context.profile, context.chain_id)
        journal = self._state.journal
        check_in_place(
            transaction,
            journal,
            base_fee=context.base_fee,
            gas_left=context.gas_limit - self._gas_used,
        )
        journal.lock_changes()
        try:
            computation = self._state.apply_transaction(EvmTransaction(transaction))
        except WardnetError:  # our store, below the journal
            journal.discard(0)
            raise
        except Exception as error:
            journal.discard(0)
            raise ExecutionFaultError(
                transaction.hash, f"{type(error).__name__}: {error}"
            ) from error
        self._gas_used += _gas_used(transaction, computation)
        receipt = Receipt.of(
            transaction.type, int(computation.is_success), self._gas_used, _logs(computation)
        )
        self._receipts.append(receipt)
        return receipt

    def finish(self) -> Executed:
        """Give what the block produced."""
        journal = self._state.journal
        journal.lock_changes()
        return Executed(tuple(self._receipts), self._gas_used, journal.diff())

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block: nothing is kept from block to block."""


def _gas_used(transaction: Transaction, computation: Any) -> int:  # noqa: ANN401 - py-evm's
    """Give the gas after refunds, at most a fifth (EIP-3529)."""
    spent: int = transaction.gas - computation.get_gas_remaining()
    refund: int = computation.get_gas_refund()
    return spent - min(refund, spent // 5)


def _logs(computation: Any) -> tuple[Log, ...]:  # noqa: ANN401 - py-evm's
    return tuple(
        Log(Address(address), tuple(Hash32(topic.to_bytes(32)) for topic in topics), bytes(data))
        for address, topics, data in computation.get_log_entries()
    )
