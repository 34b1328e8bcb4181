"""The ledger of one node: builds, checks and keeps blocks, and answers questions about state.

Synchronous and pure: it reads no clock and decides no fork.  Only ``set_head`` moves the head, and
the engine says when.  Nothing is stored before the last check of a block has passed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.base.block import Block
from node.base.errors import ConfigError, InvalidBlockError, UnknownBlockError
from node.base.header import Header
from node.base.limits import (
    ANCESTOR_HASHES_COUNT_MAX,
    CALL_GAS_MAX,
    STATE_VIEWS_COUNT_MAX,
)
from node.base.ports import Verifier
from node.base.types import ZERO_ADDRESS, Address, Hash32
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
    header_core,
    make_header,
    next_base_fee,
    run_all,
)
from node.evm.calls import call
from node.evm.errors import TransactionError, UnknownParentError
from node.evm.executor import ExecutionContext, Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.genesis import Genesis, genesis_block
from node.evm.receipts import Receipt
from node.evm.state import StateStore, StateView
from node.evm.transactions import Transaction, decode_transaction
from node.storage.chain_data import ChainData, MemoryChainData, Place, StoredBlock
from node.storage.state_nodes import MemoryStateNodes, StateNodes


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
class _Ancestors:
    """The hashes that the BLOCKHASH opcode sees, the parent's first; read only when it asks.

    It can be walked again: a context may serve several executions.
    """

    chain: ChainData
    parent_hash: Hash32

    def __iter__(self) -> Iterator[Hash32]:
        block_hash = self.parent_hash
        for _ in range(ANCESTOR_HASHES_COUNT_MAX):
            stored = self.chain.stored(block_hash)
            if stored is None:
                return
            yield block_hash
            block_hash = stored.block.header.parent_hash


class Ledger:
    """One chain with its branches, from genesis on."""

    def __init__(
        self,
        genesis: Genesis,
        *,
        verifier: Verifier,
        chain_data: ChainData | None = None,
        nodes: StateNodes | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Open a ledger; an empty store gets the genesis.

        raises        ConfigError: the genesis cannot be, or the store holds another chain.
        """
        self._profile = genesis.profile
        self._verifier = verifier
        self._chain = MemoryChainData() if chain_data is None else chain_data
        nodes = MemoryStateNodes() if nodes is None else nodes
        self._states = StateStore(nodes)
        self._executor: Executor = PyevmExecutor() if executor is None else executor
        self._views: dict[Hash32, StateView] = {}
        self.chain_id = genesis.chain_id
        block = genesis_block(genesis, nodes)
        self.genesis_header = block.header
        self.genesis_hash = block.header.hash()
        if self._chain.head() is None:
            self._chain.put(StoredBlock(self.genesis_hash, block, block.header.difficulty, (), ()))
            self._chain.move_head((), (self.genesis_hash,))
        elif self._chain.canonical(0) != self.genesis_hash:
            found = self._chain.canonical(0) or b""
            raise ConfigError(
                f"the store begins with 0x{found.hex()}, the genesis is 0x{self.genesis_hash.hex()}"
            )

    # -- reading the chain --

    @property
    def head_hash(self) -> Hash32:
        """The hash of the newest block of the chain."""
        head = self._chain.head()
        assert head is not None, "the genesis is put in at the start"
        return head

    @property
    def head(self) -> Header:
        """The newest header of the chain."""
        return self._stored(self.head_hash).block.header

    def header(self, block_hash: Hash32) -> Header | None:
        """Give a header of any branch, or None."""
        stored = self._chain.stored(block_hash)
        return None if stored is None else stored.block.header

    def block(self, block_hash: Hash32) -> Block | None:
        """Give a block of any branch, or None."""
        stored = self._chain.stored(block_hash)
        return None if stored is None else stored.block

    def hash_by_number(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        return self._chain.canonical(number)

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of the chain's block ``number``, or None."""
        block_hash = self._chain.canonical(number)
        return None if block_hash is None else self._stored(block_hash).block.header

    def total_difficulty(self, block_hash: Hash32) -> int:
        """Give the sum of difficulties from genesis to a block.

        raises        UnknownBlockError.
        """
        return self._stored(block_hash).total_difficulty

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...]:
        """Give the receipts of a block, in the order of its transactions.

        raises        UnknownBlockError.
        """
        return tuple(Receipt.decode(raw) for raw in self._stored(block_hash).receipts)

    def transaction_place(self, transaction_hash: Hash32) -> Place | None:
        """Give (block hash, number, position) of a transaction of the chain, or None."""
        return self._chain.place(transaction_hash)

    def decode(self, raw: bytes) -> Transaction:
        """Read a transaction with this node's verifier; errors as ``decode_transaction``."""
        return decode_transaction(raw, self._verifier)

    def state(self, at: Hash32 | None = None) -> StateView:
        """Open the state after a block; None: after the head.

        raises        UnknownBlockError; MissingStateError: it is not kept.
        """
        stored = self._stored(self.head_hash if at is None else at)
        return self._view(stored.block.header.state_root)

    def call(
        self,
        to: Address,
        data: bytes,
        *,
        at: Hash32 | None = None,
        sender: Address = ZERO_ADDRESS,
        gas: int = CALL_GAS_MAX,
    ) -> bytes:
        """Run a read-only call on the state after a block, in that block's own context.

        raises        CallRevertedError(data); CallOutOfGasError; CallFailedError;
                      UnknownBlockError.
        """
        return call(self.context(at), self.state(at), sender=sender, to=to, data=data, gas=gas)

    def context(
        self, at: Hash32 | None = None, *, fee_recipient: Address | None = None
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it; None: of the head.

        ``fee_recipient``  recovered signer (clique, aura); None: the coinbase field.
        raises        UnknownBlockError.
        """
        header = self._stored(self.head_hash if at is None else at).block.header
        if fee_recipient is None:
            fee_recipient = header.coinbase
        return self._context(header, fee_recipient=fee_recipient)

    # -- making and taking blocks --

    def build(self, request: BuildRequest, candidates: Iterable[Transaction]) -> Built:
        """Make a block on ``request.parent_hash`` of as many candidates as fit the gas target.

        Invalid candidates are skipped, with their errors.  It stops at the first one that would
        pass the target: one block above it lifts a base fee of 0 for good.
        raises        UnknownBlockError: no such parent; MissingStateError.
        """
        parent = self._stored(request.parent_hash).block.header
        context = self._context_on(request, parent)
        view = self._view(parent.state_root)
        run = self._executor.open(context, view)
        target = gas_target(parent.gas_limit)
        included, skipped = fill(run, self.chain_id, target, candidates)
        result = conclude(run, included, self._states, view)
        header = make_header(request, parent, self._profile, result)
        block = Block(header, tuple(transaction.raw for transaction in included))
        return Built(block, result.of(header), tuple(skipped))

    def adopt(self, block: Block, result: ExecutionResult) -> Hash32:
        """Store a block of our own after its engine sealed it; give its hash.

        It is not executed again.
        raises        InvalidBlockError: sealing changed more than the extraData.
        """
        return self._store(block, result)

    def check(self, block: Block, *, fee_recipient: Address) -> ExecutionResult:
        """Judge a block that came from outside, cheapest rule first; store nothing.

        Seal, difficulty and time are the engine's, and it has judged them before.
        ``fee_recipient``  recovered signer (clique, aura) or coinbase field (qbft, ibft1).
        raises        InvalidBlockError, InvalidBlockTransactionError (index and reason);
                      UnknownParentError: park it; MissingStateError.
        """
        header = block.header
        check_header(header, self._profile)
        stored_parent = self._chain.stored(header.parent_hash)
        if stored_parent is None:
            raise UnknownParentError(header.parent_hash, header.number)
        parent = stored_parent.block.header
        check_child(header, parent)
        check_body(block)
        transactions = self._transactions(block)
        view = self._view(parent.state_root)
        run = self._executor.open(self._context(header, fee_recipient=fee_recipient), view)
        run_all(run, transactions)
        result = conclude(run, transactions, self._states, view).of(header)
        check_result(header, result)
        return result

    def insert(self, block: Block, result: ExecutionResult) -> None:
        """Store a block that ``check`` accepted; the head stays where it is.

        raises        InvalidBlockError: the result is another block's.
        """
        self._store(block, result)

    def set_head(self, block_hash: Hash32) -> ReorgInfo:
        """Make a stored block the head, whatever branch it is on.

        raises        UnknownBlockError.
        """
        added: list[Hash32] = []
        removed: list[Hash32] = []
        common = block_hash
        while True:
            header = self._stored(common).block.header
            if self._chain.canonical(header.number) == common:
                break
            added.append(common)
            common = header.parent_hash
        gone = self.head_hash
        while gone != common:
            removed.append(gone)
            gone = self._stored(gone).block.header.parent_hash
        added.reverse()
        kept = {
            transaction_hash
            for added_hash in added
            for transaction_hash in self._stored(added_hash).transaction_hashes
        }
        dropped = tuple(
            raw
            for removed_hash in reversed(removed)
            for raw, transaction_hash in self._with_hashes(removed_hash)
            if transaction_hash not in kept
        )
        self._chain.move_head(removed, added)
        return ReorgInfo(common, tuple(removed), tuple(added), dropped)

    # -- inside --

    def _store(self, block: Block, result: ExecutionResult) -> Hash32:
        header = block.header
        core = header_core(header)
        if core != result.core:
            raise InvalidBlockError("result", f"header 0x{result.core.hex()}", f"0x{core.hex()}")
        if block.transactions != tuple(transaction.raw for transaction in result.transactions):
            raise InvalidBlockError("result", "the transactions that were executed", "others")
        block_hash = header.hash()
        if self._chain.stored(block_hash) is None:
            parent = self._stored(header.parent_hash)
            self._states.put(result.writes)
            self._chain.put(
                StoredBlock(
                    block_hash,
                    block,
                    parent.total_difficulty + header.difficulty,
                    result.encoded_receipts,
                    tuple(transaction.hash for transaction in result.transactions),
                )
            )
        return block_hash

    def _stored(self, block_hash: Hash32) -> StoredBlock:
        stored = self._chain.stored(block_hash)
        if stored is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return stored

    def _view(self, root: Hash32) -> StateView:
        view = self._views.pop(root, None) or self._states.view(root)
        self._views[root] = view  # last asked stands last
        if len(self._views) > STATE_VIEWS_COUNT_MAX:
            del self._views[next(iter(self._views))]
        return view

    def _transactions(self, block: Block) -> tuple[Transaction, ...]:
        transactions: list[Transaction] = []
        for index, raw in enumerate(block.transactions):
            try:
                transactions.append(decode_transaction(raw, self._verifier))
            except TransactionError as error:
                raise bad_transaction(index, error) from error
        return tuple(transactions)

    def _with_hashes(self, block_hash: Hash32) -> Iterator[tuple[bytes, Hash32]]:
        stored = self._stored(block_hash)
        return zip(stored.block.transactions, stored.transaction_hashes, strict=True)

    def _context(self, header: Header, *, fee_recipient: Address) -> ExecutionContext:
        assert header.base_fee is not None
        return ExecutionContext(
            profile=self._profile,
            chain_id=self.chain_id,
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=fee_recipient,
            difficulty=header.difficulty,
            mix_hash=header.mix_hash,
            gas_limit=header.gas_limit,
            base_fee=header.base_fee,
            ancestor_hashes=_Ancestors(self._chain, header.parent_hash),
        )

    def _context_on(self, request: BuildRequest, parent: Header) -> ExecutionContext:
        return ExecutionContext(
            profile=self._profile,
            chain_id=self.chain_id,
            number=parent.number + 1,
            timestamp=request.timestamp,
            fee_recipient=request.fee_recipient,
            difficulty=request.difficulty,
            mix_hash=request.mix_hash,
            gas_limit=parent.gas_limit,
            base_fee=next_base_fee(parent),
            ancestor_hashes=_Ancestors(self._chain, request.parent_hash),
        )
