"""Blocks in any order and of any origin under the fast executor; trap 11 of pyrevm."""

import pytest

from node.base.types import ZERO_HASH
from node.evm.errors import ExecutionFaultError, InsufficientFundsError, NonceError
from node.evm.executor import BlockDiff
from node.evm.executor_pyevm import PyevmRun
from node.evm.forks import CANCUN, LONDON
from node.evm.ledger import Ledger
from tests.evm.asm import COUNTER
from tests.evm.chains import (
    ALICE,
    BOB,
    SIGNER,
    VERIFIER,
    build,
    context,
    decoded,
    genesis,
    ledger,
    legacy,
    seal,
)
from tests.evm.twins import OLD, Twins, calls, contracts, fast, routes

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)

__all__ = ["routes"]


def _book(alloc):
    start = genesis(alloc)
    keys = {address: account.storage for address, account in start.alloc.items()}
    return Ledger(start, verifier=VERIFIER, executor=fast.RevmExecutor(keys))


def test_trap_11_siblings_are_built_and_checked_in_any_order(routes):
    twins = Twins(contracts(old=COUNTER))
    parent = twins.fast.head_hash
    blocks = []
    for mark, count in enumerate((1, 2, 3)):
        built = build(twins.slow, calls(*[OLD] * count), parent)
        blocks.append(seal(built.block, mark))
        twins.slow.adopt(blocks[-1], built.result)
    tip = build(twins.slow, calls(OLD, start=2), blocks[1].header.hash())
    for block in (blocks[2], blocks[0], blocks[1], tip.block, blocks[0]):
        twins.fast.insert(block, twins.fast.check(block, fee_recipient=SIGNER))
    assert routes.revm == 3 + 1 + 2 + 1 + 1
    assert routes.pyevm == 0


def test_a_run_that_was_left_open_does_not_disturb_the_next():
    book = _book(contracts(old=COUNTER))
    executor, view = book._executor, book.state()
    first = executor.open(context(book), view)
    first.apply(decoded(legacy(ALICE, 0, OLD)))
    second = executor.open(context(book), view)
    second.apply(decoded(legacy(ALICE, 0, OLD)))
    assert second.finish().diff.storage == {OLD: {0: 1}}


def test_two_open_runs_take_turns():
    book = _book(contracts(old=COUNTER))
    executor, view = book._executor, book.state()
    runs = [executor.open(context(book), view) for _ in range(2)]
    for nonce in range(3):
        for run in runs:
            run.apply(decoded(legacy(ALICE, nonce, OLD)))
    assert [run.finish().diff.storage for run in runs] == [{OLD: {0: 3}}] * 2


def test_an_invalid_transaction_changes_nothing():
    book = _book(contracts(old=COUNTER))
    run = book._executor.open(context(book), book.state())
    with pytest.raises(NonceError):
        run.apply(decoded(legacy(ALICE, 1, OLD)))
    with pytest.raises(InsufficientFundsError):
        run.apply(decoded(legacy(BOB, 0, OLD, value=1)))
    assert run.finish().diff == BlockDiff({}, {}, frozenset(), {})
    assert run.gas_used == 0


def test_a_fault_of_revm_is_an_error_of_ours_and_changes_nothing(monkeypatch):
    book = _book(contracts(old=COUNTER))
    run = book._executor.open(context(book), book.state())

    def broken(mirror, block, transaction):
        raise ExecutionFaultError(transaction.hash, "planted")

    with monkeypatch.context() as patch:
        patch.setattr(fast, "run", broken)
        with pytest.raises(ExecutionFaultError, match="planted"):
            run.apply(decoded(legacy(ALICE, 0, OLD)))
    assert run.apply(decoded(legacy(ALICE, 0, OLD))).status == 1


def test_a_genesis_that_the_executor_was_not_told_of_is_left_to_py_evm(routes):
    start = genesis(contracts(old=COUNTER))
    book = Ledger(start, verifier=VERIFIER, executor=fast.RevmExecutor())
    built = build(book, calls(OLD))
    block = seal(built.block)
    book.set_head(book.adopt(block, built.result))
    again = build(book, calls(OLD, start=1))
    assert book._executor._mirror.is_out_of_reach(again.result.state_root)
    assert [receipt.status for receipt in again.result.receipts] == [1]
    assert (routes.revm, routes.pyevm) == (0, 0)


def test_a_view_that_is_no_state_of_ours_is_left_to_py_evm():
    class Nothing:
        def account(self, address):
            return None

        def slot(self, address, slot):
            return 0

        def code(self, code_hash):
            return b""

    opened = fast.RevmExecutor().open(context(ledger()), Nothing())
    assert type(opened) is PyevmRun


def test_a_chain_id_that_revm_cannot_hold_is_left_to_py_evm(routes):
    book = _book(contracts(old=COUNTER))
    run = book._executor.open(context(book, chain_id=2**64), book.state())
    run.apply(decoded(legacy(ALICE, 0, OLD, chain_id=2**64)))
    assert (routes.revm, routes.pyevm) == (0, 0)


def test_a_block_that_ran_elsewhere_can_be_followed(routes):
    twins = Twins(contracts(old=COUNTER))
    view = twins.slow.state()
    run = PyevmRun(context(twins.slow), view)
    run.apply(decoded(legacy(ALICE, 0, OLD)))
    diff = run.finish().diff
    built = build(twins.slow, calls(OLD))
    twins.executor.follow(view, diff, built.result.state_root)
    assert twins.executor._mirror.root == built.result.state_root
    assert twins.executor._mirror.slot(OLD, 0) == 1


def test_an_empty_block_keeps_the_root():
    twins = Twins(contracts(old=COUNTER))
    result = twins.block([])
    assert result.state_root == twins.executor._mirror.root != ZERO_HASH


def test_too_much_for_the_block_is_skipped_alike():
    twins = Twins(contracts(old=COUNTER))
    raws = [*calls(OLD, OLD), legacy(ALICE, 9, OLD), legacy(BOB, 0, OLD, value=1)]
    twins.block([*raws, legacy(ALICE, 2, OLD)], skips=True)
