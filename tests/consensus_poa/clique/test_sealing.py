"""When a validator seals, and what it asks to be built."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    BuildBlock,
    CancelTimer,
    ImportBlock,
    ScheduleTimer,
    Trace,
)
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    NewChainHead,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    TimerExpired,
    TimerId,
    TimerKind,
    TransactionsWaiting,
)
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.header import recover_signer
from tests.consensus_poa.chains import (
    GENESIS_TIME,
    VERIFIER,
    block,
    key,
    of_type,
    rules,
)
from tests.consensus_poa.clique.benches import KEYS, TURN, SealerBench, abstains
from tests.consensus_poa.cluster import TRANSACTION

NEW = Address(b"\x42" * 20)


# -- when -------------------------------------------------------------------------------------


def test_in_turn_the_block_is_due_one_period_after_its_parent() -> None:
    bench = SealerBench(1)
    assert bench.armed(bench.start()) == ScheduleTimer(TimerId(TimerKind.BLOCK, 1), TURN)


def test_on_an_old_head_the_block_is_due_now() -> None:
    bench = SealerBench(1)
    bench.now = TURN + 77_500_000
    effects = bench.start()
    assert bench.armed(effects).at == TURN + 77_000_000
    assert bench.request(effects).timestamp == GENESIS_TIME + 5 + 77


class Draw:
    """Entropy that gives the largest value and remembers the bound."""

    def __init__(self) -> None:
        self.bounds: list[int] = []

    def below(self, bound: int) -> int:
        self.bounds.append(bound)
        return bound - 1

    def take(self, count: int) -> bytes:
        raise AssertionError(count)


@pytest.mark.parametrize(("wiggle", "spread_us"), [("geth", 1_500_000), ("eip", 2_000_000)])
def test_out_of_turn_the_block_waits_a_random_while(wiggle: str, spread_us: int) -> None:
    bench = SealerBench(2, wiggle=wiggle, out_of_turn_min_delay_us=250_000)
    draw = Draw()
    bench.engine._capabilities = replace(bench.engine._capabilities, entropy=draw)
    bench.engine._wire(bench.engine._state)
    timer = bench.armed(bench.start())
    assert draw.bounds == [spread_us]
    assert timer == ScheduleTimer(TimerId(TimerKind.WIGGLE, 1), TURN + 250_000 + spread_us - 1)


def test_the_out_of_turn_block_keeps_the_time_at_which_its_turn_began() -> None:
    bench = SealerBench(2)
    assert bench.request(bench.start()).timestamp == GENESIS_TIME + 5


@pytest.mark.parametrize("index", range(4))
def test_turn_and_difficulty_follow_number_mod_n(index: int) -> None:
    bench = SealerBench(index, height=4)
    effects = bench.start()
    if index in (0, 3):  # sealed 4 and 3: the limit is 3
        assert abstains(effects) == "recently_signed"
        return
    in_turn = index == 5 % 4
    assert bench.armed(effects).timer.kind is (TimerKind.BLOCK if in_turn else TimerKind.WIGGLE)
    assert bench.request(effects).difficulty == (2 if in_turn else 1)


def test_a_stranger_abstains() -> None:
    bench = SealerBench(0)
    bench.engine = bench.forge.engine(key("stranger"))
    assert abstains(bench.start()) == "not_a_signer"


def test_a_head_that_the_chain_does_not_know_is_not_sealed_on() -> None:
    bench = SealerBench(1)
    bench.head = bench.forge.seal(bench.head, KEYS[1])
    assert abstains(bench.start()) == "no_snapshot"


def test_a_paused_validator_seals_nothing_until_it_resumes() -> None:
    bench = SealerBench(1)
    bench.start()
    effects = bench.engine.handle(PauseSealing(), bench.now)
    assert of_type(effects, CancelTimer) == [CancelTimer(TimerId(TimerKind.BLOCK, 1))]
    assert abstains(bench.engine.handle(NewChainHead(bench.head), bench.now)) == "paused"
    effects = bench.engine.handle(ResumeSealing(), bench.now)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 1)


def test_pausing_and_resuming_twice_changes_nothing() -> None:
    bench = SealerBench(1)
    bench.start()
    assert bench.engine.handle(ResumeSealing(), bench.now) == ()
    bench.engine.handle(PauseSealing(), bench.now)
    assert bench.engine.handle(PauseSealing(), bench.now) == ()


def test_a_build_that_comes_back_after_a_pause_is_not_sealed() -> None:
    bench = SealerBench(1)
    asked = bench.request(bench.start())
    bench.engine.handle(PauseSealing(), bench.now)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


def test_a_new_head_moves_the_turn() -> None:
    bench = SealerBench(2)
    bench.start()
    header = bench.forge.seal(bench.head, KEYS[1])
    bench.engine.handle(BlockReceived(block(header), None, None), bench.now + 10**7)
    effects = bench.engine.handle(BlockValidated(header.hash(), None), bench.now + 10**7)
    assert of_type(effects, CancelTimer) == [CancelTimer(TimerId(TimerKind.WIGGLE, 1))]
    assert of_type(effects, ScheduleTimer) == []
    bench.forge.chain.add(header)
    effects = bench.engine.handle(NewChainHead(header), bench.now + 10**7)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 2)


def test_the_same_head_told_twice_draws_no_new_wiggle() -> None:
    bench = SealerBench(2)
    bench.start()
    effects = bench.engine.handle(NewChainHead(bench.head), bench.now)
    assert of_type(effects, ScheduleTimer) == []


# -- what -------------------------------------------------------------------------------------


def test_the_request_names_every_field_that_clique_decides() -> None:
    bench = SealerBench(1)
    asked = bench.request(bench.start())
    assert asked == BuildBlock(
        request=1,
        parent=bench.head.hash(),
        timestamp=GENESIS_TIME + 5,
        extra_data=bytes(97),
        coinbase=ZERO_ADDRESS,
        nonce=bytes(8),
        difficulty=2,
        mix_hash=bytes(32),  # type: ignore[arg-type]
    )


def test_a_checkpoint_lists_the_signers_and_casts_no_vote() -> None:
    bench = SealerBench(2, height=9)
    bench.start()
    effects = bench.engine.handle(ProposeValidatorVote(NEW, authorize=True), bench.now)
    timer = TimerExpired(TimerId(TimerKind.BLOCK, 10))
    effects = bench.engine.handle(timer, TURN + 45 * 10**6)
    (asked,) = of_type(effects, BuildBlock)
    assert isinstance(asked, BuildBlock)
    assert checkpoint_signers(asked.extra_data) == tuple(k.address for k in KEYS)
    assert (asked.coinbase, asked.nonce) == (ZERO_ADDRESS, NONCE_DROP)


def test_a_built_block_is_logged_sealed_imported_and_sent_in_this_order() -> None:
    bench = SealerBench(1)
    effects = bench.answer(bench.request(bench.start()))
    kinds = [type(e).__name__ for e in effects if not isinstance(e, Trace)]
    assert kinds == ["AppendWal", "ImportBlock", "SetHead", "BroadcastBlock"]


def test_a_sealed_block_passes_everybody_elses_check() -> None:
    bench = SealerBench(1)
    (sent,) = of_type(bench.answer(bench.request(bench.start())), BroadcastBlock)
    assert isinstance(sent, BroadcastBlock)
    assert bench.forge.engine().verify_header(sent.block.header, bench.head) is None
    assert recover_signer(sent.block.header, VERIFIER) == bench.key.address


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": GENESIS_TIME + 6},
        {"difficulty": 1},
        {"coinbase": NEW},
        {"nonce": NONCE_ADD},
        {"extra_data": b"\x01" + bytes(96)},
        {"mix_hash": b"\x01" * 32},
        {"parent_hash": bytes(32)},
        {"number": 2},
        {"gas_used": 2**40},
        {"base_fee": 7},
        {"ommers_hash": bytes(32)},
    ],
)
def test_a_built_block_that_is_not_what_was_asked_for_is_not_signed(
    fields: dict[str, object],
) -> None:
    bench = SealerBench(1)
    effects = bench.answer(bench.request(bench.start()), **fields)
    assert "Clique.BuildDropped" in rules(effects)
    assert of_type(effects, AppendWal) == of_type(effects, ImportBlock) == []


def test_a_failed_build_is_tried_again() -> None:
    bench = SealerBench(1)
    asked = bench.request(bench.start())
    effects = bench.engine.handle(BlockBuilt(asked.request, None, "state_missing"), bench.now)
    again = bench.request(effects)
    assert again.request == asked.request + 1
    assert of_type(bench.answer(again), ImportBlock)


def test_an_answer_to_an_older_request_is_ignored() -> None:
    bench = SealerBench(1)
    asked = bench.request(bench.start())
    assert rules(bench.answer(replace(asked, request=asked.request - 1))) == ["Clique.Ignored"]
    bench.answer(asked)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


def test_a_build_on_a_head_that_was_left_is_ignored() -> None:
    bench = SealerBench(2)
    asked = bench.request(bench.start())
    header = bench.forge.seal(bench.head, KEYS[1])
    bench.engine.handle(BlockReceived(block(header), None, None), bench.now)
    bench.engine.handle(BlockValidated(header.hash(), None), bench.now)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


# -- period 0 ---------------------------------------------------------------------------------


def test_with_period_0_nothing_is_armed_before_transactions_wait() -> None:
    bench = SealerBench(1, period=0)
    assert abstains(bench.start()) == "no_transactions"
    effects = bench.engine.handle(TransactionsWaiting(), bench.now)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 1)
    assert of_type(bench.engine.handle(TransactionsWaiting(), bench.now), ScheduleTimer) == []


def test_with_period_0_an_empty_block_is_not_sealed() -> None:
    bench = SealerBench(1, period=0)
    bench.start()
    asked = bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    effects = bench.answer(asked)
    assert abstains(effects) == "no_transactions"
    assert of_type(effects, ImportBlock) == []


def test_with_period_0_a_transaction_that_comes_during_a_build_is_not_forgotten() -> None:
    bench = SealerBench(1, period=0)
    bench.start()
    asked = bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    assert bench.engine.handle(TransactionsWaiting(), bench.now) == ()
    again = bench.request(bench.answer(asked))
    assert of_type(bench.answer(again, (TRANSACTION,)), ImportBlock)


def test_with_period_0_a_pause_during_a_build_forgets_nothing() -> None:
    bench = SealerBench(1, period=0)
    bench.start()
    bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    bench.engine.handle(PauseSealing(), bench.now)
    assert bench.armed(bench.engine.handle(ResumeSealing(), bench.now))


def test_with_a_period_blocks_do_not_wait_for_transactions() -> None:
    bench = SealerBench(1)
    effects = bench.start()
    assert bench.engine.handle(TransactionsWaiting(), bench.now) == ()
    assert of_type(bench.answer(bench.request(effects)), ImportBlock)
