"""The engine as a whole: total on any input, fast on the usual one."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.block import Block
from node.base.keccak import keccak256
from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    DiscardValidatorVote,
    MessageReceived,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.qbft.engine import QbftEngine
from tests.consensus_poa.qbft.solo import Solo, rules

PEER = Address(b"\7" * 20)


def received(raw: bytes) -> MessageReceived:
    return MessageReceived(raw, keccak256(raw), PEER)


@given(st.binary(max_size=200))
def test_random_bytes_change_nothing_but_what_was_seen(data: bytes) -> None:
    solo = Solo(own=3)
    before = solo.engine._context.state.round
    effects = solo.handle(received(data))
    assert rules(effects) == ["QBFT.PeerBreached"]
    assert solo.engine._context.state.round == before


def real_messages(solo: Solo) -> list[bytes]:
    """Give messages of all kinds, in several rounds and heights."""
    found: list[bytes] = []
    for round_ in range(3):
        block = solo.block(round_, round_)
        digest = solo.digest(block, round_)
        prepares = [solo.prepare(i, digest, round_) for i in range(3)]
        commits = [solo.commit(i, digest, round_) for i in range(2)]
        changes = [solo.change(i, round_ + 1) for i in range(3)]
        lock = [solo.change(i, round_ + 2, round_, block, prepares) for i in range(3)]
        found += [*prepares, *commits, *changes, *lock, solo.prepare(0, digest, height=3)]
        proof = [solo.change(i, round_) for i in range(3)] if round_ else []
        found.append(solo.proposal(round_, block, round_, proof))
    return found


def fuzz(count: int, seed: int) -> int:
    """Feed mutated messages and other events; give how often the engine moved on."""
    random = TreeEntropy(seed, "fuzz")
    solo = Solo(own=3)
    messages = real_messages(solo)
    others = other_events(solo)
    last, moves = (1, -1), 0
    for step in range(count):
        raw = bytearray(messages[random.below(len(messages))])
        for _ in range(random.below(4)):
            raw[random.below(len(raw))] ^= 1 + random.below(255)
        if random.below(20) == 0:
            del raw[random.below(len(raw)) :]
        if random.below(40) == 0:
            solo.handle(others[random.below(len(others))])
        solo.now += random.below(20_000)
        solo.handle(received(bytes(raw)))
        state = solo.engine._context.state
        now = (solo.head.number + 1, state.round)
        assert now >= last, (seed, step)  # heights rise, rounds rise within a height
        moves += now != last
        last = now
        if step % 5_000 == 0:
            twin = solo.fresh()
            twin.restore(solo.engine.snapshot())
    return moves


def other_events(solo: Solo) -> list:
    block = solo.block()
    return [
        Start(solo.head),
        BlockBuilt(1, block),
        BlockBuilt(2, None, "x"),
        BlockValidated(Hash32(bytes(32)), None),
        BlockReceived(block, None, PEER),
        BlockReceived(block, b"\xc2\x80\xc0", PEER),
        BlockReceived(Block(solo.head, ()), None, None),
        DiscardValidatorVote(ZERO_ADDRESS),
        *(TimerExpired(TimerId(kind, 1, r)) for kind in TimerKind for r in range(3)),
    ]


def test_mutated_messages_never_raise() -> None:
    assert fuzz(3_000, seed=1) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_thousand_mutated_messages_never_raise(seed: int) -> None:
    assert fuzz(10_000, seed=100 + seed) > 0


def test_a_second_start_is_ignored() -> None:
    solo = Solo()
    assert rules(solo.handle(Start(solo.head))) == ["QBFT.Ignored"]


def test_the_fee_recipient_is_the_builder_and_of_genesis_nobody() -> None:
    solo = Solo()
    assert solo.engine.signer_of(solo.block(2).header) == solo.keys[2].address
    assert solo.engine.signer_of(solo.head) is None


def test_the_higher_of_two_final_blocks_is_followed() -> None:
    solo = Solo()
    assert solo.engine.fork_choice(solo.head, solo.block().header)
    assert not solo.engine.fork_choice(solo.block().header, solo.block(1).header)


def test_sets_are_given_for_a_block_and_after_it() -> None:
    solo = Solo()
    members = tuple(k.address for k in solo.keys)
    solo.sets.changes[2] = members[1:]
    solo.handle(solo.sealed(solo.block(), (0, 1, 2)))
    assert solo.engine.validators_for_block(solo.chain.head) == members
    assert solo.engine.validators_after_block(solo.chain.head) == members[1:]


def hot_path(count: int) -> tuple[float, int]:
    """Give microseconds for one Prepare or Commit of ``count`` validators, opened before."""
    solo = Solo(count, own=count - 1)
    digest = solo.digest(solo.block())
    raws = [make(i, digest) for make in (solo.prepare, solo.commit) for i in range(count - 1)]
    events = [received(raw) for raw in raws]
    for event in events:
        solo.handle(event)
    engines: list[QbftEngine] = []
    for _ in range(20):
        engine = solo.fresh()
        engine.handle(Start(solo.head), solo.now)
        engines.append(engine)
    found: list[tuple[Effect, ...]] = []
    begin = time.process_time()
    for engine in engines:
        found += [engine.handle(event, solo.now) for event in events]
    took = time.process_time() - begin
    assert found == [()] * len(found)
    return took * 1e6 / len(found), len(found)


@pytest.mark.bench
def test_a_vote_that_was_opened_before_takes_microseconds(
    record_property: Callable[[str, object], None],
) -> None:
    took, votes = hot_path(21)
    assert votes == 800
    record_property("us_per_vote", took)
