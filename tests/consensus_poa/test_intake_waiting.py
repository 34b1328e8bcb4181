"""Foreign blocks that must wait: from the future, or without a parent."""

from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.limits import FUTURE_SECONDS_MAX, PARKED_BLOCKS_MAX, SYNC_RETRY_US_MIN
from node.base.types import Hash32
from node.consensus_poa.effects import (
    BroadcastBlock,
    CancelTimer,
    RequestSync,
    ScheduleTimer,
    ValidateBlock,
)
from node.consensus_poa.events import (
    NewChainHead,
    TimerExpired,
    TimerId,
    TimerKind,
)
from tests.consensus_poa.chains import (
    LATER,
    block,
    of_type,
    refusals,
)
from tests.consensus_poa.clique.benches import KEYS, OTHER, PEER, ObserverBench, kinds

FUTURE = TimerId(TimerKind.FUTURE, 0)


@pytest.fixture
def bench() -> ObserverBench:
    return ObserverBench()


# -- the future -------------------------------------------------------------------------------


def early(bench: ObserverBench, seconds: int) -> Header:
    (header,) = bench.branch(1)
    bench.now = (header.timestamp - seconds) * 10**6
    return header


def test_a_block_of_this_second_is_not_early(bench: ObserverBench) -> None:
    header = early(bench, 0)
    assert kinds(bench.receive(header)) == ["ValidateBlock"]


def test_an_early_block_is_parked_and_judged_when_its_second_begins(bench: ObserverBench) -> None:
    header = early(bench, 1)
    bench.now += 999_999
    assert bench.receive(header)[1:] == (ScheduleTimer(FUTURE, header.timestamp * 10**6),)
    bench.now += 1
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert kinds(effects) == ["ValidateBlock"]


def test_a_timer_that_fires_early_is_armed_again(bench: ObserverBench) -> None:
    header = early(bench, 2)
    bench.receive(header)
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert effects == (ScheduleTimer(FUTURE, header.timestamp * 10**6),)


@pytest.mark.parametrize(("ahead", "kept"), [(FUTURE_SECONDS_MAX, True), (31, False)])
def test_only_the_near_future_is_parked(bench: ObserverBench, ahead: int, kept: bool) -> None:
    effects = bench.receive(early(bench, ahead))
    assert refusals(effects) == ([] if kept else ["future_block"])
    assert bool(of_type(effects, ScheduleTimer)) is kept


def test_a_block_too_far_ahead_may_come_again_in_its_time(bench: ObserverBench) -> None:
    header = early(bench, 40)
    bench.receive(header)
    bench.now = LATER
    assert kinds(bench.receive(header)) == ["ValidateBlock"]


def test_early_blocks_are_judged_in_the_order_of_their_times(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    bench.now = (first.timestamp - 1) * 10**6
    bench.receive(second)
    effects = bench.receive(first)
    assert of_type(effects, ScheduleTimer) == [ScheduleTimer(FUTURE, first.timestamp * 10**6)]
    bench.now = second.timestamp * 10**6
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(first))]
    assert of_type(bench.validate(first), ValidateBlock) == [ValidateBlock(block(second))]


def test_what_is_parked_longer_gets_the_timer_next(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    bench.now = (first.timestamp - 1) * 10**6
    bench.receive(first)
    bench.receive(second)
    bench.now = first.timestamp * 10**6
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert of_type(effects, ScheduleTimer) == [ScheduleTimer(FUTURE, second.timestamp * 10**6)]


def test_a_malformed_early_block_takes_no_place(bench: ObserverBench) -> None:
    header = early(bench, 1)
    wrong = replace(header, nonce=b"\x01" * 8)
    assert refusals(bench.receive(wrong)) == ["future_block"]


def test_the_park_is_full_at_its_limit(bench: ObserverBench) -> None:
    early(bench, 1)
    for index in range(PARKED_BLOCKS_MAX):
        header = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=index)
        assert refusals(bench.receive(header)) == []
    assert refusals(bench.receive(bench.branch(2)[0])) == ["future_block"]


# -- orphans ----------------------------------------------------------------------------------


def test_a_block_without_parent_is_kept_and_its_parent_asked_for(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    assert of_type(bench.receive(second), RequestSync) == [RequestSync(0, PEER)]
    bench.receive(first)
    effects = bench.validate(first)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(second))]


def test_an_orphan_is_judged_after_its_parent_is_imported(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(second)
    bench.receive(first)
    assert kinds(bench.validate(first)) == [
        "ImportBlock",
        "SetHead",
        "BroadcastBlock",
        "ValidateBlock",
    ]


def test_a_wrong_orphan_is_refused_when_its_parent_comes(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(replace(second, base_fee=1))
    bench.receive(first)
    assert refusals(bench.validate(first)) == ["invalid_base_fee"]


def test_a_child_of_a_block_in_execution_asks_for_nothing(bench: ObserverBench) -> None:
    first, second, third = bench.branch(1, 2, 3)
    bench.receive(first)
    assert of_type(bench.receive(second), RequestSync) == []
    assert of_type(bench.receive(third), RequestSync) == []


def test_a_chain_of_orphans_asks_below_its_lowest_block(bench: ObserverBench) -> None:
    known = bench.branch(1, 2)
    for header in known:
        bench.receive(header)
        bench.validate(header)
    ahead = bench.branch(3, 0, 1, of=known[-1])
    bench.receive(ahead[1])
    effects = bench.receive(ahead[2], OTHER)
    assert of_type(effects, RequestSync) == [RequestSync(2, OTHER)]


def test_an_orphan_far_ahead_asks_above_the_head(bench: ObserverBench) -> None:
    far = bench.branch(1, 2, 3, 0, 1, 2)[-1]
    assert of_type(bench.receive(far), RequestSync) == [RequestSync(0, PEER)]


def test_an_orphan_on_a_foreign_branch_asks_below_its_parent(bench: ObserverBench) -> None:
    for header in bench.branch(1, 2, 3, 0):
        bench.receive(header)
        bench.validate(header)
    side = bench.branch(2, 3, 0)
    assert of_type(bench.receive(side[2]), RequestSync) == [RequestSync(1, PEER)]


def test_one_peer_is_asked_once_for_one_height_until_it_had_time_to_answer(
    bench: ObserverBench,
) -> None:
    ahead = bench.branch(1, 2, 3, 0, 1)
    assert of_type(bench.receive(ahead[1]), RequestSync)
    bench.now += SYNC_RETRY_US_MIN - 1
    assert of_type(bench.receive(ahead[2]), RequestSync) == []
    assert of_type(bench.receive(ahead[3], OTHER), RequestSync) == [RequestSync(0, OTHER)]
    bench.now += 1
    assert of_type(bench.receive(ahead[4]), RequestSync) == [RequestSync(0, PEER)]


def test_an_answered_request_may_be_made_again(bench: ObserverBench) -> None:
    left, right = bench.branch(1, 2), bench.branch(2, 3)
    bench.receive(left[1])
    bench.receive(left[0])
    bench.validate(left[0], "state_root")
    assert of_type(bench.receive(right[1]), RequestSync) == [RequestSync(0, PEER)]


def test_the_oldest_orphan_makes_room(bench: ObserverBench) -> None:
    unknown = [
        bench.forge.seal(bench.forge.genesis, KEYS[1], number=5, parent_hash=Hash32(i.to_bytes(32)))
        for i in range(1, PARKED_BLOCKS_MAX + 2)
    ]
    for header in unknown:
        bench.receive(header)
    state = bench.engine.snapshot()
    assert unknown[0].encode() not in state
    assert unknown[1].encode() in state
    assert unknown[-1].encode() in state


def test_orphans_are_judged_when_sync_brings_their_parent(bench: ObserverBench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(second)
    bench.forge.chain.add(first)
    effects = bench.engine.handle(NewChainHead(first), bench.now)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(second))]


def test_timers_of_a_head_that_was_left_are_cancelled(bench: ObserverBench) -> None:
    bench.engine = bench.forge.started(KEYS[0])
    (header,) = bench.branch(1)
    bench.receive(header)
    cancelled = of_type(bench.validate(header), CancelTimer)
    assert [t.timer.kind for t in cancelled if isinstance(t, CancelTimer)] == [TimerKind.WIGGLE]
    assert of_type(bench.receive(header), BroadcastBlock) == []
