"""What a chain demands of its blocks, and what executing one gives.

Our own chains follow one profile from genesis on; they are checked, and built, by
``ProfileRules``.  Seal, difficulty and time are the engine's, which judges them before.
"""

from collections.abc import Iterable
from typing import Protocol

from node.base.block import Block
from node.base.errors import InvalidBlockError
from node.base.header import Header
from node.base.keys import MemoVerifier
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.evm.blocks import (
    BuildRequest,
    Built,
    ExecutionResult,
    bad_transaction,
    check_body,
    check_child,
    check_header,
    check_result,
    conclude,
    fill,
    gas_target,
    make_header,
    next_base_fee,
    run_all,
)
from node.evm.errors import TransactionError
from node.evm.executor import ExecutionContext, Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import Profile
from node.evm.memo import ExecutionMemo, MemoKey
from node.evm.state import StateStore, StateView
from node.evm.transactions import Transaction, decode_transaction


class BlockRules(Protocol):
    """Judges the blocks of one chain."""

    def decode(self, raw: bytes) -> Transaction:
        """Read a transaction of a block that stands.

        raises        TransactionError.
        """
        ...

    def check_alone(self, header: Header) -> None:
        """Check what needs nothing but the header.

        raises        InvalidBlockError.
        """
        ...

    def check(
        self,
        block: Block,
        parent: Header,
        view: StateView,
        ancestors: Iterable[Hash32],
        *,
        fee_recipient: Address,
    ) -> ExecutionResult:
        """Check a block on its parent, and execute it on the state that ``view`` shows.

        raises        InvalidBlockError, InvalidBlockTransactionError.
        """
        ...

    def context(
        self, header: Header, ancestors: Iterable[Hash32], *, fee_recipient: Address
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it."""
        ...


class ProfileRules:
    """The rules of our own chains."""

    def __init__(
        self,
        profile: Profile,
        chain_id: int,
        *,
        executor: Executor,
        verifier: Verifier,
        states: StateStore,
        memo: ExecutionMemo | None = None,
    ) -> None:
        self._profile = profile
        self._chain_id = chain_id
        self._executor = executor
        self._verifier = verifier
        self._states = states
        self._memo = memo

    def afresh(self, states: StateStore) -> "ProfileRules":
        """Give the same rules over other states, without what was remembered: a second opinion."""
        return ProfileRules(
            self._profile,
            self._chain_id,
            executor=PyevmExecutor(),
            verifier=MemoVerifier(),
            states=states,
        )

    def decode(self, raw: bytes) -> Transaction:
        """Read a transaction; errors as ``decode_transaction``."""
        return decode_transaction(raw, self._verifier)

    def check_alone(self, header: Header) -> None:
        """Check what needs nothing but the header; errors as ``BlockRules``."""
        check_header(header, self._profile)

    def check(
        self,
        block: Block,
        parent: Header,
        view: StateView,
        ancestors: Iterable[Hash32],
        *,
        fee_recipient: Address,
    ) -> ExecutionResult:
        """Check and execute a block, or take from the memo what executing it gives."""
        header = block.header
        check_child(header, parent)
        if block.uncles or block.withdrawals:
            raise InvalidBlockError("uncles and withdrawals", "none on this chain", "some")
        check_body(block)
        key = MemoKey(view.root, header.hash(), self._profile.name, self._executor.name)
        result = None if self._memo is None else self._memo.find(key)
        if result is None:
            result = self._execute(block, view, ancestors, fee_recipient).of(header)
            if self._memo is not None:
                self._memo.keep(key, result)
        check_result(header, result)
        return result

    def remember(self, header: Header, parent_root: Hash32, result: ExecutionResult) -> None:
        """File what building a block gave under its sealed header: nobody need execute it."""
        if self._memo is not None:
            name = self._profile.name
            self._memo.keep(MemoKey(parent_root, header.hash(), name, self._executor.name), result)

    def context(
        self, header: Header, ancestors: Iterable[Hash32], *, fee_recipient: Address
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it."""
        assert header.base_fee is not None
        return ExecutionContext(
            profile=self._profile,
            chain_id=self._chain_id,
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=fee_recipient,
            difficulty=header.difficulty,
            mix_hash=header.mix_hash,
            gas_limit=header.gas_limit,
            base_fee=header.base_fee,
            ancestor_hashes=ancestors,
        )

    def build(
        self,
        request: BuildRequest,
        parent: Header,
        view: StateView,
        ancestors: Iterable[Hash32],
        candidates: Iterable[Transaction],
    ) -> Built:
        """Make a block of as many candidates as fit the gas target (``Ledger.build``)."""
        context = ExecutionContext(
            profile=self._profile,
            chain_id=self._chain_id,
            number=parent.number + 1,
            timestamp=request.timestamp,
            fee_recipient=request.fee_recipient,
            difficulty=request.difficulty,
            mix_hash=request.mix_hash,
            gas_limit=parent.gas_limit if request.gas_limit is None else request.gas_limit,
            base_fee=next_base_fee(parent),
            ancestor_hashes=ancestors,
        )
        run = self._executor.open(context, view)
        target = gas_target(parent.gas_limit)
        included, skipped = fill(run, self._chain_id, target, candidates)
        result = conclude(run, included, self._states, view)
        header = make_header(request, parent, self._profile, result)
        block = Block(header, tuple(transaction.raw for transaction in included))
        return Built(block, result.of(header), tuple(skipped))

    def _execute(
        self, block: Block, view: StateView, ancestors: Iterable[Hash32], fee_recipient: Address
    ) -> ExecutionResult:
        transactions = self._transactions(block)
        context = self.context(block.header, ancestors, fee_recipient=fee_recipient)
        run = self._executor.open(context, view)
        run_all(run, transactions)
        return conclude(run, transactions, self._states, view)

    def _transactions(self, block: Block) -> tuple[Transaction, ...]:
        transactions: list[Transaction] = []
        for index, raw in enumerate(block.transactions):
            try:
                transactions.append(self.decode(raw))
            except TransactionError as error:
                raise bad_transaction(index, error) from error
        return tuple(transactions)
