import time

import pytest

from node.base.types import EMPTY_TRIE_ROOT
from node.bench.stages import STAGES, StageClock, TimedExecutor, timed
from node.evm.errors import NonceError
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from tests.evm.chains import ALICE, VERIFIER, build, context, genesis, legacy


def spin(cpu_s: float) -> None:
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        pass


def test_stage_and_total_hold_what_was_spent_inside() -> None:
    clock = StageClock()
    with clock.running():
        with clock.stage("decode"):
            spin(0.02)
        spin(0.01)
    found = clock.by_stage_ns()
    assert found["decode"] >= 20_000_000
    assert clock.total_ns >= 30_000_000


def test_lists_are_what_no_other_stage_has() -> None:
    clock = StageClock()
    with clock.running():
        spin(0.01)
    for stage in ("decode", "execute", "root", "storage"):
        clock.add(stage, 1_000)
    found = clock.by_stage_ns()
    assert sum(found.values()) == clock.total_ns
    assert found["lists"] == clock.total_ns - 4_000


def test_sleep_is_no_cpu() -> None:
    assert timed(lambda: time.sleep(0.05)) < 40_000_000


def test_excluded_time_is_in_no_sum() -> None:
    clock = StageClock()
    with clock.running():
        spin(0.01)
    before = clock.total_ns
    clock.exclude(5_000_000)
    assert clock.total_ns == before - 5_000_000
    assert clock.by_stage_ns()["lists"] == clock.total_ns


def test_clock_that_starts_over_has_counted_nothing() -> None:
    clock = StageClock()
    with clock.running(), clock.stage("root"):
        clock.slots = 3
    clock.start_over()
    assert (clock.total_ns, clock.slots) == (0, 0)
    assert clock.by_stage_ns() == dict.fromkeys(STAGES, 0)


def test_timed_executor_gives_the_same_block() -> None:
    alloc = {ALICE.address: GenesisAccount(balance=10**18)}
    clock = StageClock()
    plain = Ledger(genesis(alloc), verifier=VERIFIER)
    watched = Ledger(
        genesis(alloc), verifier=VERIFIER, executor=TimedExecutor(PyevmExecutor(), clock)
    )
    raws = [legacy(ALICE, 0, value=1), legacy(ALICE, 1, value=2)]
    want = build(plain, raws)
    with clock.running():
        got = build(watched, raws)
    assert got == want
    found = clock.by_stage_ns()
    assert all(found[stage] > 0 for stage in ("execute", "lists", "root"))


def test_timed_run_counts_a_refused_transaction_and_passes_it_on() -> None:
    book = Ledger(genesis(), verifier=VERIFIER)
    clock = StageClock()
    run = TimedExecutor(PyevmExecutor(), clock).open(context(book), book.state())
    opened = clock.by_stage_ns()["execute"]
    with pytest.raises(NonceError):
        run.apply(book.decode(legacy(ALICE, 7)))
    assert clock.by_stage_ns()["execute"] > opened
    assert run.gas_used == 0


def test_changed_slots_are_counted() -> None:
    # CALLER SSTORE twice: slots 0 and 1
    code = bytes.fromhex("33600055336001550000")
    target = ALICE.address[::-1]
    book = Ledger(genesis({target: GenesisAccount(code=code)}), verifier=VERIFIER)
    clock = StageClock()
    run = TimedExecutor(PyevmExecutor(), clock).open(context(book), book.state())
    run.apply(book.decode(legacy(ALICE, 0, target)))
    run.finish()
    run.settle(EMPTY_TRIE_ROOT)
    assert clock.slots == 2


def test_name_is_that_of_the_executor_behind() -> None:
    assert TimedExecutor(PyevmExecutor(), StageClock()).name == "py-evm"
