"""The fast executor: revm where it is sure to agree with py-evm, py-evm elsewhere.

A block goes to py-evm as a whole if its base fee is not 0 or its state cannot be mirrored, and a
single transaction if it pays a fee, has an access list, or could run an opcode that pyrevm gets
wrong (ledger.md section 6.1).  A read-only call comes here too, and what does not end well is run
again in py-evm, which then says why.  Traces and estimates never come here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from node.base.types import EMPTY_CODE_HASH, Address, Hash32
from node.evm.errors import ExecutionFaultError
from node.evm.executor import (
    AccountData,
    BlockDiff,
    BlockRun,
    Executed,
    ExecutionContext,
    StateReader,
)
from node.evm.executor_pyevm import PyevmRun
from node.evm.receipts import Receipt
from node.evm.revm_code import BLOCKHASH, CREATE, CREATE2, FRAMES, contract_opcodes, opcodes
from node.evm.revm_journal import Outcome, answer, run
from node.evm.revm_mirror import Change, Mirror
from node.evm.rules import check_alone, check_in_place
from node.evm.state import StateView
from node.evm.transactions import Transaction

DOUBTFUL: Final = frozenset((BLOCKHASH, CREATE, CREATE2))
"""What pyrevm gets wrong, and what makes code that nobody has seen: it may do the former."""
_NOTHING: Final = AccountData(0, 0, EMPTY_CODE_HASH)
_CHAIN_ID_MAX: Final = 2**64 - 1


class RevmExecutor:
    """Runs blocks in revm, on a copy of one state that follows the blocks of a ledger."""

    name = "revm"

    def __init__(
        self,
        keys: Mapping[Address, Iterable[int]] | None = None,
        *,
        doubtful: frozenset[int] = DOUBTFUL,
    ) -> None:
        """Begin with a copy of the empty state.

        ``keys``      accounts of the genesis with their slots.  A state with an account or slot
                      that is neither named here nor known from a block that ran here is left to
                      py-evm, and so are its descendants: right, but slow.
        ``doubtful``  opcodes that revm must not run.
        """
        self._mirror = Mirror(keys or {}, doubtful)
        self._doubtful = doubtful
        self._holder: _RevmRun | None = None

    def open(self, context: ExecutionContext, view: StateReader) -> BlockRun:
        """Begin a block on the state that ``view`` shows."""
        if not isinstance(view, StateView):
            return PyevmRun(context, view)
        if context.base_fee or context.chain_id > _CHAIN_ID_MAX:
            return _FollowedRun(self, context, view)
        self._release()
        if not self._mirror.seek(view):
            return _FollowedRun(self, context, view)
        if self._mirror.account(context.fee_recipient) == _NOTHING:
            # Every transaction touches and so deletes it; a call in revm does not.
            return _FollowedRun(self, context, view)
        return _RevmRun(self, self._mirror, context, view)

    def follow(self, view: StateView, diff: BlockDiff, root: Hash32) -> None:
        """Take over what a block did that ran elsewhere, so that later blocks can run in revm."""
        self._release()
        if self._mirror.seek(view):
            self._mirror.record(root, self._mirror.apply(diff))
        else:
            self._mirror.mark_out_of_reach(root)

    def hold(self, holder: "_RevmRun", view: StateView) -> bool:
        """Give the mirror to one run, in the state of ``view``; False: it is there already."""
        if self._holder is holder:
            return False
        self._release()
        if not self._mirror.seek(view):
            raise ExecutionFaultError(view.root, "the state of an open block is out of reach")
        self._holder = holder
        return True

    def try_call(
        self,
        context: ExecutionContext,
        view: StateReader,
        *,
        sender: Address,
        to: Address,
        data: bytes,
        gas: int,
    ) -> bytes | None:
        """Give what a read-only call returns; None: py-evm must run it.

        revm takes the price of a transaction from the gas, and no more gas than a block has: a
        call that ends well with that ends so with all of it.
        """
        mirror = self._mirror
        if not isinstance(view, StateView) or context.base_fee or context.profile.is_foreign:
            return None
        if context.chain_id > _CHAIN_ID_MAX or mirror.is_out_of_reach(view.root):
            return None
        self._release()
        if not mirror.seek(view) or not self._is_sure(to) or mirror.code_of(sender):
            return None
        mirror.set_block(context)
        most = min(gas, context.gas_limit)
        return answer(mirror, context, sender=sender, to=to, data=data, gas=most)

    def _is_sure(self, to: Address) -> bool:
        found = contract_opcodes(self._mirror.code_of(to))
        if not found.isdisjoint(self._doubtful):
            return False
        return not self._mirror.doubtful or found.isdisjoint(FRAMES)

    def is_safe(self, transaction: Transaction) -> bool:
        """Say whether revm is sure to do what py-evm does.

        Which code ran cannot be read afterwards: of a frame that reverted nothing is left.  So
        where any account has a doubtful opcode, whatever begins frames goes to py-evm.
        """
        if transaction.access_list or (transaction.max_fee and transaction.max_tip):
            return False
        if transaction.to is not None:
            return self._is_sure(transaction.to)
        found = opcodes(transaction.data)
        if not found.isdisjoint(self._doubtful):
            return False
        return not self._mirror.doubtful or found.isdisjoint(FRAMES)

    def let_go(self, holder: "_RevmRun") -> None:
        """End a run that has settled: what it wrote stays."""
        if self._holder is holder:
            self._holder = None

    def _release(self) -> None:
        if self._holder is not None:
            self._holder.release()
            self._holder = None


class _RevmRun:
    """One block in the making, transaction by transaction in revm or in py-evm."""

    def __init__(
        self, executor: RevmExecutor, mirror: Mirror, context: ExecutionContext, view: StateView
    ) -> None:
        self._executor = executor
        self._mirror = mirror
        self._context = replace(context, ancestor_hashes=_Remembered(context.ancestor_hashes))
        self._view = view
        self._undo = Change()
        self._redo = Change()
        self._receipts: list[Receipt] = []
        self._gas_used = 0
        self._accounts: dict[Address, AccountData | None] = {}
        self._storage: dict[Address, dict[int, int]] = {}
        self._wiped: set[Address] = set()
        self._code: dict[Hash32, bytes] = {}

    @property
    def gas_used(self) -> int:
        """The gas of all transactions so far."""
        return self._gas_used

    def apply(self, transaction: Transaction) -> Receipt:
        """Run the next transaction.

        raises        TransactionError: it is not valid here; nothing has changed.
                      ExecutionFaultError (one of them): a machine itself failed.
        """
        context = self._context
        mirror = self._mirror
        check_alone(transaction, context.profile, context.chain_id)
        self._hold()
        gas_left = context.gas_limit - self._gas_used
        check_in_place(transaction, mirror, base_fee=0, gas_left=gas_left)
        if self._executor.is_safe(transaction):
            outcome = run(mirror, context, transaction)
        else:
            outcome = self._in_pyevm(transaction)
        self._undo.keep_older(mirror.apply(outcome.diff))
        self._take(outcome.diff)
        self._gas_used += outcome.gas_used
        receipt = Receipt.of(transaction.type, outcome.status, self._gas_used, outcome.logs)
        self._receipts.append(receipt)
        return receipt

    def finish(self) -> Executed:
        """Give what the block produced."""
        named = {account.code_hash for account in self._accounts.values() if account is not None}
        diff = BlockDiff(
            accounts=dict(self._accounts),
            storage={address: dict(slots) for address, slots in self._storage.items() if slots},
            wiped=frozenset(self._wiped),
            code={key: code for key, code in self._code.items() if key in named and code},
        )
        return Executed(tuple(self._receipts), self._gas_used, diff)

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block."""
        self._hold()
        self._mirror.record(root, self._undo)
        self._undo = Change()
        self._executor.let_go(self)

    def release(self) -> None:
        """Give the mirror back as it was before the block."""
        self._redo = self._mirror.write(self._undo)
        self._undo = Change()

    def _hold(self) -> None:
        if self._executor.hold(self, self._view):
            self._mirror.set_block(self._context)
            self._undo = self._mirror.write(self._redo)
            self._redo = Change()

    def _in_pyevm(self, transaction: Transaction) -> Outcome:
        alone = PyevmRun(self._context, self._mirror)
        receipt = alone.apply(transaction)
        executed = alone.finish()
        assert receipt.status is not None, "London and Cancun have no roots in receipts"
        return Outcome(receipt.status, executed.gas_used, receipt.logs, executed.diff)

    def _take(self, diff: BlockDiff) -> None:
        for address in diff.wiped:
            self._wiped.add(address)
            self._storage.pop(address, None)
        for address, slots in diff.storage.items():
            self._storage.setdefault(address, {}).update(slots)
        self._accounts.update(diff.accounts)
        self._code.update(diff.code)


class _FollowedRun(PyevmRun):
    """A block in py-evm that the mirror takes over once its root is known."""

    def __init__(self, executor: RevmExecutor, context: ExecutionContext, view: StateView) -> None:
        super().__init__(context, view)
        self._executor = executor
        self._view = view
        self._diff: BlockDiff | None = None

    def finish(self) -> Executed:
        """Give what the block produced."""
        executed = super().finish()
        self._diff = executed.diff
        return executed

    def settle(self, root: Hash32) -> None:
        """Learn the root of the state after the block."""
        if self._diff is not None:
            self._executor.follow(self._view, self._diff, root)


class _Remembered:
    """Hashes of ancestors that can be asked for again, and are still read only when needed."""

    def __init__(self, hashes: Iterable[Hash32]) -> None:
        self._rest = iter(hashes)
        self._read: list[Hash32] = []

    def __iter__(self) -> Iterator[Hash32]:
        at = 0
        while True:
            if at == len(self._read):
                found = next(self._rest, None)
                if found is None:
                    return
                self._read.append(found)
            yield self._read[at]
            at += 1
