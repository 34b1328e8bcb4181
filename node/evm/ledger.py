"""The ledger of one node: builds, checks and keeps blocks, and answers questions about state.

Synchronous and pure: it reads no clock and decides no fork.  Only ``set_head`` moves the head, and
the engine says when.  Nothing is stored before the last check of a block has passed.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Final

from node.base.block import Block
from node.base.errors import ConfigError, InvalidBlockError, UnknownBlockError
from node.base.header import Header
from node.base.limits import BRANCHES_KEPT_BLOCKS_MAX, CALL_GAS_MAX, STATE_VIEWS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.evm.beginning import Beginning
from node.evm.block_tree import BlockTree, ReorgInfo
from node.evm.blocks import BuildRequest, Built, ExecutionResult
from node.evm.calls import call
from node.evm.chain_errors import PrunedStateError
from node.evm.errors import UnknownParentError
from node.evm.executor import CallsToo, ExecutionContext, Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.foreign import ForeignRules
from node.evm.genesis import Genesis
from node.evm.memo import ExecutionMemo
from node.evm.receipts import Receipt
from node.evm.rulebook import ProfileRules
from node.evm.state import StateStore, StateView
from node.evm.transactions import Transaction
from node.storage.chain_data import Place, StoredBlock
from node.storage.ledger_store import LedgerStore, MemoryLedgerStore

_RECEIPTS_READ: Final = 1_024
"""Receipts that stay decoded: those of the newest blocks are asked for by many."""
_receipt = lru_cache(maxsize=_RECEIPTS_READ)(Receipt.decode)


class Ledger:
    """One chain with its branches, from genesis on."""

    def __init__(
        self,
        genesis: Genesis | Beginning,
        *,
        verifier: Verifier,
        store: LedgerStore | None = None,
        executor: Executor | None = None,
        memo: ExecutionMemo | None = None,
    ) -> None:
        """Open a ledger; an empty store gets the genesis.

        ``genesis``   many ledgers of one process should be given one ``Beginning``.
        ``store``     None: in memory.
        ``executor``  None: py-evm.
        ``memo``      None: every block is executed here.
        A chain of another fork schedule than ours is only read, always in py-evm, without a memo.
        raises        ConfigError: the genesis cannot be, or the store holds another chain.
        """
        beginning = genesis if isinstance(genesis, Beginning) else Beginning(genesis)
        genesis, block = beginning.genesis, beginning.block
        self._store = MemoryLedgerStore() if store is None else store
        self._chain = self._store.chain
        self._tree = BlockTree(self._chain)
        self._states = StateStore(self._store.nodes)
        self._executor: Executor = PyevmExecutor() if executor is None else executor
        self._calls = self._executor if isinstance(self._executor, CallsToo) else None
        self._views: dict[Hash32, StateView] = {}
        self.chain_id = genesis.chain_id
        self._rules: ProfileRules | ForeignRules
        if genesis.forks is None:
            self._rules = ProfileRules(
                genesis.profile,
                genesis.chain_id,
                executor=self._executor,
                verifier=verifier,
                states=self._states,
                memo=memo,
            )
        else:
            self._rules = ForeignRules(genesis, self._states, verifier, block_of=self._tree.block)
        with self._store.batch():
            self.genesis_header = block.header
            self.genesis_hash = block.header.hash()
            if self._chain.head() is None:
                beginning.put_into(self._store.nodes)
                difficulty = block.header.difficulty
                self._chain.put(StoredBlock(self.genesis_hash, block, difficulty, (), ()))
                self._chain.move_head((), (self.genesis_hash,))
        found = self._chain.canonical(0)
        if found != self.genesis_hash:
            raise ConfigError(
                f"the store begins with 0x{(found or b'').hex()}, "
                f"the genesis is 0x{self.genesis_hash.hex()}"
            )

    # -- reading the chain --

    @property
    def head_hash(self) -> Hash32:
        """The hash of the newest block of the chain."""
        return self._tree.head_hash

    @property
    def head(self) -> Header:
        """The newest header of the chain."""
        return self._tree.head

    def header(self, block_hash: Hash32) -> Header | None:
        """Give a header of any branch, or None."""
        return self._tree.header(block_hash)

    def block(self, block_hash: Hash32) -> Block | None:
        """Give a block of any branch, or None."""
        return self._tree.block(block_hash)

    def certificate(self, block_hash: Hash32) -> bytes | None:
        """Give what stands beside a header: round and seals of a BFT engine; None: nothing does.

        raises        UnknownBlockError.
        """
        return self._tree.stored(block_hash).certificate

    def hash_by_number(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        return self._chain.canonical(number)

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of the chain's block ``number``, or None."""
        return self._tree.header_by_number(number)

    def total_difficulty(self, block_hash: Hash32) -> int:
        """Give the sum of difficulties from genesis to a block.

        raises        UnknownBlockError.
        """
        return self._tree.stored(block_hash).total_difficulty

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...]:
        """Give the receipts of a block, in the order of its transactions.

        raises        UnknownBlockError.
        """
        return tuple(_receipt(raw) for raw in self._tree.stored(block_hash).receipts)

    def blocks_with_logs(
        self, addresses: Sequence[Address], topics: Sequence[Hash32], first: int, last: int
    ) -> Sequence[int]:
        """Give the chain's blocks ``first`` .. ``last`` that hold a wanted log, ascending.

        ``addresses``  one of these; empty: any.
        ``topics``     one of these is the log's first; empty: any, or none at all.
        """
        return self._chain.blocks_with_logs(addresses, topics, first, last)

    def transaction_place(self, transaction_hash: Hash32) -> Place | None:
        """Give (block hash, number, position) of a transaction of the chain, or None."""
        return self._chain.place(transaction_hash)

    def decode(self, raw: bytes) -> Transaction:
        """Read a transaction with this node's verifier; errors as ``decode_transaction``."""
        return self._rules.decode(raw)

    def state(self, at: Hash32 | None = None) -> StateView:
        """Open the state after a block; None: after the head.

        raises        UnknownBlockError; PrunedStateError, MissingStateError: it is not kept.
        """
        return self._view(self._tree.known_header(self.head_hash if at is None else at))

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        at: Hash32 | None = None,
        sender: Address = ZERO_ADDRESS,
        gas: int = CALL_GAS_MAX,
        value: int = 0,
    ) -> bytes:
        """Run a read-only call on the state after a block, in that block's own context.

        raises        CallRevertedError(data); CallOutOfGasError; CallFailedError;
                      UnknownBlockError.
        """
        context, view = self.context(at), self.state(at)
        if self._calls is not None and not value:
            found = self._calls.try_call(
                context, view, sender=sender, to=to, data=data, gas=min(gas, CALL_GAS_MAX)
            )
            if found is not None:
                return found
        return call(context, view, sender=sender, to=to, data=data, gas=gas, value=value)

    def context(
        self, at: Hash32 | None = None, *, fee_recipient: Address | None = None
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it; None: of the head.

        ``fee_recipient``  recovered signer (clique, aura); None: the coinbase field.
        raises        UnknownBlockError.
        """
        header = self._tree.known_header(self.head_hash if at is None else at)
        if fee_recipient is None:
            fee_recipient = header.coinbase
        ancestors = self._tree.ancestors(header.parent_hash)
        return self._rules.context(header, ancestors, fee_recipient=fee_recipient)

    # -- making and taking blocks --

    def batch(self) -> AbstractContextManager[None]:
        """Make all that happens inside durable together: a block and its becoming the head."""
        return self._store.batch()

    def build(self, request: BuildRequest, candidates: Iterable[Transaction]) -> Built:
        """Make a block on ``request.parent_hash`` of as many candidates as fit the gas target.

        Invalid candidates are skipped, with their errors.  It stops at the first one that would
        pass the target: one block above it lifts a base fee of 0 for good.
        raises        UnknownBlockError: no such parent; MissingStateError.
        """
        parent = self._tree.known_header(request.parent_hash)
        view = self._view(parent)
        ancestors = self._tree.ancestors(request.parent_hash)
        return self._own_rules().build(request, parent, view, ancestors, candidates)

    def adopt(
        self, block: Block, result: ExecutionResult, certificate: bytes | None = None
    ) -> Hash32:
        """Store a block of our own after its engine sealed it; give its hash.

        It is not executed again.
        raises        InvalidBlockError: sealing changed more than the extraData.
        """
        parent = self._put(block, result, certificate)
        self._own_rules().remember(block.header, parent.state_root, result)
        return block.header.hash()

    def check(self, block: Block, *, fee_recipient: Address) -> ExecutionResult:
        """Judge a block that came from outside, cheapest rule first; store nothing.

        Seal, difficulty and time are the engine's, and it has judged them before.
        ``fee_recipient``  recovered signer (clique, aura) or coinbase field (qbft, ibft1).
        raises        InvalidBlockError, InvalidBlockTransactionError (index and reason);
                      UnknownParentError: park it; MissingStateError.
        """
        header = block.header
        self._rules.check_alone(header)
        parent = self._tree.header(header.parent_hash)
        if parent is None:
            raise UnknownParentError(header.parent_hash, header.number)
        ancestors = self._tree.ancestors(header.parent_hash)
        view = self._view(parent)
        return self._rules.check(block, parent, view, ancestors, fee_recipient=fee_recipient)

    def execute_again(self, block_hash: Hash32, *, fee_recipient: Address) -> ExecutionResult:
        """Execute a stored block once more, in py-evm, from the bytes of the store alone.

        No memo is asked and nothing that was decoded before is used; nothing is kept.
        raises        UnknownBlockError; MissingStateError; CorruptStoreError; InvalidBlockError:
                      execution does not give what the header says.
        """
        block = self._tree.stored(block_hash).block
        parent_hash = block.header.parent_hash
        parent = self._tree.stored(parent_hash).block.header
        states = StateStore(self._store.nodes)
        return self._rules.afresh(states).check(
            block,
            parent,
            states.view(parent.state_root),
            self._tree.ancestors(parent_hash),
            fee_recipient=fee_recipient,
        )

    def insert(
        self, block: Block, result: ExecutionResult, certificate: bytes | None = None
    ) -> None:
        """Store a block that ``check`` accepted; the head stays where it is.

        ``certificate``  what its engine keeps beside the header.
        raises        InvalidBlockError: the result is another block's.
        """
        self._put(block, result, certificate)

    def set_head(self, block_hash: Hash32) -> ReorgInfo:
        """Make a stored block the head, whatever branch it is on.

        Branches that ended long below it are forgotten.
        raises        UnknownBlockError; FinalityViolationError: it would drop what is final.
        """
        path = self._tree.path_to(block_hash)
        self._tree.check_final(path)
        with self._store.batch():
            self._chain.move_head(path.removed, path.added)
            self._chain.prune_branches(self.head.number - BRANCHES_KEPT_BLOCKS_MAX)
        return path

    def finalize(self, block_hash: Hash32) -> None:
        """Remember that a block of the chain is decided for good; older ones are anyway.

        raises        UnknownBlockError: it is not on the chain.
        """
        number = self._tree.known_header(block_hash).number
        if self._chain.canonical(number) != block_hash:
            raise UnknownBlockError(f"0x{block_hash.hex()} on the chain")
        if number > self._chain.finalized():
            with self._store.batch():
                self._chain.set_finalized(number)

    @property
    def finalized(self) -> int:
        """The number of the newest block that is decided for good; 0 at first."""
        return self._chain.finalized()

    # -- inside --

    def _put(self, block: Block, result: ExecutionResult, certificate: bytes | None) -> Header:
        """Store a block with what executing it gave; give its parent's header."""
        header = block.header
        core = header.core_hash()
        if core != result.core:
            raise InvalidBlockError("result", f"header 0x{result.core.hex()}", f"0x{core.hex()}")
        if block.transactions != tuple(transaction.raw for transaction in result.transactions):
            raise InvalidBlockError("result", "the transactions that were executed", "others")
        block_hash = header.hash()
        parent = self._tree.stored(header.parent_hash)
        if self._chain.stored(block_hash) is None:
            with self._store.batch():
                self._states.put(result.writes)
                self._chain.put(
                    StoredBlock(
                        block_hash,
                        block,
                        parent.total_difficulty + header.difficulty,
                        result.encoded_receipts,
                        tuple(transaction.hash for transaction in result.transactions),
                        tuple(
                            (log.address, log.topics[0] if log.topics else None)
                            for receipt in result.receipts
                            for log in receipt.logs
                        ),
                        certificate,
                    )
                )
        return parent.block.header

    def _own_rules(self) -> ProfileRules:
        if isinstance(self._rules, ForeignRules):
            raise ConfigError("a chain with a fork schedule of its own is only read, not extended")
        return self._rules

    def _view(self, header: Header) -> StateView:
        if 0 < header.number < self._store.kept_from:
            raise PrunedStateError(header.number, self._store.kept_from, self.head.number)
        root = header.state_root
        view = self._views.pop(root, None) or self._states.view(root)
        self._views[root] = view  # last asked stands last
        if len(self._views) > STATE_VIEWS_COUNT_MAX:
            del self._views[next(iter(self._views))]
        return view
