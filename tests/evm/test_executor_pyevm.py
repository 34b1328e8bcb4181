"""Our executor, trie and lists against py-evm as it is: same gas, same roots."""

import os
import random
import subprocess
import sys
import warnings

import pytest

from node.base.errors import CorruptStoreError
from node.base.types import Address
from node.evm.errors import ExecutionFaultError, NonceError
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.machine import LedgerLondonComputation
from node.evm.receipts import gas_used_by
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER, asm
from tests.evm.chains import (
    ALICE,
    CHAIN_ID,
    KEYS,
    SIGNER,
    build,
    context,
    decoded,
    ledger,
    legacy,
    seal,
)
from tests.evm.programs import Author
from tests.evm.stock import StockChain, stock_hash

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
RICH = 10**24
OLD = Address(b"\x0d" * 20)


def _alloc():
    alloc = {key.address: GenesisAccount(balance=RICH) for key in KEYS}
    alloc[OLD] = GenesisAccount(nonce=1, balance=5, code=COUNTER, storage={0: 41, 1: 2**255, 9: 1})
    return alloc


def _run(profile, seed, blocks, size):
    """Build random blocks on both; give what each said about every block."""
    alloc = _alloc()
    book = ledger(alloc, profile=profile, base_fee=7, gas_limit=60_000_000)
    stock = StockChain(alloc, CHAIN_ID, profile)
    assert stock.state_root == book.head.state_root
    author = Author(random.Random(seed), KEYS, CHAIN_ID, cancun=profile is CANCUN, known=[OLD])
    ancestors = [book.head_hash]
    for _ in range(blocks):
        raws = [author.transaction() for _ in range(size)]
        built = build(book, raws)
        assert not built.skipped
        assert len(built.block.transactions) == size
        block = seal(built.block)
        judged = stock.import_block(block.header, block.transactions, SIGNER, ancestors)
        statuses = tuple(receipt.status for receipt in built.result.receipts)
        yield block.header, statuses, judged
        ancestors.insert(0, book.adopt(block, built.result))
        book.set_head(ancestors[0])


@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6])
def test_random_blocks_have_the_roots_that_stock_py_evm_finds(profile, seed):
    for header, statuses, judged in _run(profile, seed, blocks=3, size=15):
        assert header.gas_used == judged.gas_used
        assert statuses == judged.statuses
        assert header.transactions_root == judged.transactions_root
        assert header.receipts_root == judged.receipts_root
        assert header.logs_bloom == judged.bloom
        assert header.state_root == judged.state_root


def test_random_blocks_hold_successes_and_failures():
    outcomes = [
        status
        for seed in range(4)
        for _, statuses, _ in _run(LONDON, seed, 3, 15)
        for status in statuses
    ]
    assert 20 < sum(outcomes) < len(outcomes) - 10


@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
def test_our_header_hashes_as_py_evm_hashes_it(profile):
    header, _, _ = next(_run(profile, 1, 1, 2))
    assert header.hash() == stock_hash(header)
    assert len(header.items()) == (16 if profile is LONDON else 20)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
def test_a_thousand_random_transactions_have_the_roots_that_stock_py_evm_finds(profile):
    for seed in range(100, 122):
        for header, _, judged in _run(profile, seed, blocks=3, size=16):
            assert header.receipts_root == judged.receipts_root, seed
            assert header.state_root == judged.state_root, seed


def test_warning_filters_do_not_decide_about_a_block():
    """py-evm warns about SELFDESTRUCT from Shanghai on; as an error that would fail the frame."""
    code = asm("PUSH 0x51 SELFDESTRUCT")
    book = ledger({OLD: GenesisAccount(nonce=1, code=code)}, profile=CANCUN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = build(book, [legacy(ALICE, 0, OLD)])
    assert [receipt.status for receipt in built.result.receipts] == [1]


def test_slots_are_cold_again_in_the_next_transaction():
    book = ledger({OLD: GenesisAccount(nonce=1, code=COUNTER, storage={0: 5})})
    receipts = build(book, [legacy(ALICE, 0, OLD), legacy(ALICE, 1, OLD)]).result.receipts
    assert gas_used_by(receipts, 0) == gas_used_by(receipts, 1)


def test_a_fault_of_the_machine_is_an_error_of_ours_and_changes_nothing(monkeypatch):
    book = ledger({OLD: GenesisAccount(nonce=1, code=COUNTER)})
    run = PyevmExecutor().open(context(book), book.state())
    table = list(LedgerLondonComputation.lean)

    def broken(computation, meter, values):
        raise ZeroDivisionError("planted")

    table[0x55] = broken
    monkeypatch.setattr(LedgerLondonComputation, "lean", tuple(table))
    with pytest.raises(ExecutionFaultError, match="ZeroDivisionError: planted"):
        run.apply(decoded(legacy(ALICE, 0, OLD)))
    diff = run.finish().diff
    assert (dict(diff.accounts), dict(diff.storage), diff.wiped) == ({}, {}, frozenset())


def test_an_invalid_transaction_changes_nothing():
    book = ledger()
    run = PyevmExecutor().open(context(book), book.state())
    with pytest.raises(NonceError):
        run.apply(decoded(legacy(ALICE, 1)))
    assert run.finish().diff.accounts == {}


def test_a_block_without_transactions_changes_nothing():
    book = ledger()
    executed = PyevmExecutor().open(context(book), book.state()).finish()
    assert (executed.receipts, executed.gas_used, executed.diff.accounts) == ((), 0, {})


def test_calls_1024_deep_end_without_an_error_of_python():
    """Every frame calls itself with all its gas; the 63/64 rule ends it, or the depth limit."""
    recurse = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0 ADDRESS GAS CALL PUSH 0 SSTORE")
    book = ledger({OLD: GenesisAccount(nonce=1, code=recurse)}, gas_limit=2**40)
    raw = legacy(ALICE, 0, OLD, gas=2**38)
    built = build(book, [raw])
    assert [receipt.status for receipt in built.result.receipts] == [1]


def test_the_same_block_gives_the_same_bytes_under_another_hash_seed():
    program = (
        "from tests.evm.test_executor_pyevm import _run; from node.evm.forks import LONDON;"
        "print([h.hash().hex() for h, _, _ in _run(LONDON, 1, 2, 12)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    assert b"[" in outputs.pop()


def test_a_broken_store_is_not_taken_for_an_invalid_transaction():
    book = ledger({OLD: GenesisAccount(nonce=1, code=COUNTER)})
    view = book.state()
    view._nodes = MemoryStateNodes()
    run = PyevmExecutor().open(context(book), view)
    with pytest.raises(CorruptStoreError, match="code"):
        run.apply(decoded(legacy(ALICE, 0, OLD)))
    assert run.gas_used == 0
