"""The reference executor: every opcode runs in py-evm."""

from typing import Any

from node.base.errors import WardnetError
from node.base.types import Address, Hash32
from node.evm.errors import ExecutionFaultError
from node.evm.executor import BlockRun, Executed, ExecutionContext, StateReader
from node.evm.foreign_machine import delegate_of
from node.evm.foreign_system import begin_block
from node.evm.forks import Profile
from node.evm.machine import EvmTransaction, open_state
from node.evm.receipts import Log, Receipt
from node.evm.rules import check_alone, check_in_place, settled_gas
from node.evm.state import StateView
from node.evm.transactions import BLOB, Transaction


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
        self._before = view
        self._state = open_state(context, view)
        self._receipts: list[Receipt] = []
        self._gas_used = 0
        if context.profile.is_foreign:
            begin_block(self._state, context)

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
        profile = context.profile
        check_alone(transaction, profile, context.chain_id)
        journal = self._state.journal
        check_in_place(
            transaction,
            journal,
            base_fee=context.base_fee,
            gas_left=context.gas_limit - self._gas_used,
            blob_base_fee=self._state.blob_base_fee if transaction.type == BLOB else 0,
            is_delegated=profile.has_delegations
            and delegate_of(journal.get_code(transaction.sender)) is not None,
        )
        journal.lock_changes()
        try:
            computation = self._state.apply_transaction(EvmTransaction(transaction, profile))
        except WardnetError:  # our store, below the journal
            journal.discard(0)
            raise
        except Exception as error:
            journal.discard(0)
            raise ExecutionFaultError(
                transaction.hash, f"{type(error).__name__}: {error}"
            ) from error
        self._gas_used += _gas_used(transaction, profile, computation)
        root = self._root() if profile.has_receipt_roots else None
        status = int(computation.is_success) if root is None else None
        receipt = Receipt.of(transaction.type, status, self._gas_used, _logs(computation), root)
        self._receipts.append(receipt)
        return receipt

    def finish(self) -> Executed:
        """Give what the block produced."""
        journal = self._state.journal
        journal.lock_changes()
        return Executed(tuple(self._receipts), self._gas_used, journal.diff())

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block: nothing is kept from block to block."""

    def _root(self) -> Hash32:
        """Give the state's root in the middle of a block: foreign ones before Byzantium."""
        assert isinstance(self._before, StateView), "such blocks run on states of our own store"
        return self._before.root_after(self._state.journal.diff())


def _gas_used(transaction: Transaction, profile: Profile, computation: Any) -> int:  # noqa: ANN401 - py-evm's
    spent: int = transaction.gas - computation.get_gas_remaining()
    refund: int = computation.get_gas_refund()
    return settled_gas(transaction, profile, spent=spent, refund=refund)[0]


def _logs(computation: Any) -> tuple[Log, ...]:  # noqa: ANN401 - py-evm's
    return tuple(
        Log(Address(address), tuple(Hash32(topic.to_bytes(32)) for topic in topics), bytes(data))
        for address, topics, data in computation.get_log_entries()
    )
