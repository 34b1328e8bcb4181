"""When a leader proposes, and what."""

from dataclasses import replace
from typing import Any

import pytest

from node.base.block import Block
from node.base.types import ZERO_ADDRESS, ZERO_HASH, Address
from node.consensus_poa.effects import AppendWal, BuildBlock, Effect, ScheduleTimer
from node.consensus_poa.events import (
    BlockBuilt,
    DiscardValidatorVote,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.header import MIX_HASH, IstanbulExtra, recover_proposer
from node.consensus_poa.ibft1.messages import PREPREPARE, ROUND_CHANGE, Message, read_message
from node.consensus_poa.ibft1.votes import NONCE_ADD, NONCE_DROP
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, key, rules
from tests.consensus_poa.ibft1.chains import SECOND, Forge, answer, message, reasons, sent

FORGE = Forge()
KEYS = FORGE.keys
BEGIN = (GENESIS_TIME + 5) * SECOND
BLOCK_TIMER = TimerId(TimerKind.BLOCK, 1)
NEW = key("newcomer").address


def asked(engine: Ibft1Engine, now: int = BEGIN) -> BuildBlock:
    requests = of_builds(engine.handle(TimerExpired(BLOCK_TIMER), now))
    assert len(requests) == 1
    return requests[0]


def of_builds(effects: tuple[Effect, ...] | list[Effect]) -> list[BuildBlock]:
    return [effect for effect in effects if isinstance(effect, BuildBlock)]


def proposals(effects: tuple[Effect, ...]) -> list[Block]:
    found = [read_message(raw, VERIFIER) for raw in sent(effects)]
    return [m.block for m in found if isinstance(m, Message) and m.code == PREPREPARE and m.block]


def test_round_0_starts_a_period_behind_the_parent() -> None:
    engine = FORGE.engine(KEYS[0])
    effects = engine.handle(Start(FORGE.genesis), BEGIN - SECOND)
    assert ScheduleTimer(BLOCK_TIMER, BEGIN) in effects


def test_the_leader_asks_for_a_block_with_the_fields_of_ibft() -> None:
    request = asked(FORGE.started(KEYS[0]), BEGIN + 2 * SECOND)
    assert request.timestamp == GENESIS_TIME + 7
    assert (request.difficulty, request.mix_hash) == (1, MIX_HASH)
    assert (request.coinbase, request.nonce) == (ZERO_ADDRESS, NONCE_DROP)
    assert IstanbulExtra.decode(request.extra_data).validators == tuple(k.address for k in KEYS)


def test_another_validator_asks_for_nothing_in_round_0() -> None:
    assert of_builds(FORGE.started(KEYS[1]).handle(TimerExpired(BLOCK_TIMER), BEGIN)) == []


def test_an_observer_arms_nothing() -> None:
    engine = FORGE.started(None)
    assert engine._state.timers == {}
    assert FORGE.started(key("stranger"))._state.timers == {}


def test_the_built_block_is_sealed_and_proposed() -> None:
    engine = FORGE.started(KEYS[0])
    request = asked(engine)
    built = BlockBuilt(request.request, answer(FORGE.genesis, request))
    (block,) = proposals(engine.handle(built, BEGIN))
    assert recover_proposer(block.header, VERIFIER) == KEYS[0].address
    assert reasons(engine.handle(built, BEGIN)) == []  # answered before: ignored


@pytest.mark.parametrize(
    "fields",
    [{"timestamp": 1}, {"coinbase": NEW}, {"extra_data": b""}, {"parent_hash": ZERO_HASH}],
)
def test_a_block_that_was_not_asked_for_is_dropped(fields: dict[str, Any]) -> None:
    engine = FORGE.started(KEYS[0])
    request = asked(engine)
    block = answer(FORGE.genesis, request)
    wrong = Block(replace(block.header, **fields), ())
    effects = engine.handle(BlockBuilt(request.request, wrong), BEGIN)
    assert reasons(effects) == ["not_as_asked"]
    assert sent(effects) == []


def test_a_failed_build_leaves_the_round_to_its_clock() -> None:
    engine = FORGE.started(KEYS[0])
    request = asked(engine)
    assert reasons(engine.handle(BlockBuilt(request.request, None, "full"), BEGIN)) == ["full"]
    assert TimerId(TimerKind.ROUND, 1, 0) in engine._state.timers


def test_a_leader_that_leads_again_proposes_the_block_it_built() -> None:
    engine = FORGE.started(KEYS[0])
    request = asked(engine)
    built = BlockBuilt(request.request, answer(FORGE.genesis, request))
    (block,) = proposals(engine.handle(built, BEGIN))
    effects: list[Effect] = []
    for other in KEYS[1:]:
        change = message(other, ROUND_CHANGE, (4, 1), ZERO_HASH)
        effects += engine.handle(change, BEGIN)
    assert proposals(tuple(effects)) == [block]
    assert of_builds(effects) == []


def vote_of(engine: Ibft1Engine, *ballots: tuple[Address, bool]) -> tuple[Address, bytes]:
    for subject, authorize in ballots:
        engine.handle(ProposeValidatorVote(subject, authorize), BEGIN)
    request = asked(engine)
    return request.coinbase, request.nonce


def test_open_votes_are_cast_removals_first() -> None:
    subjects = ((NEW, True), (KEYS[2].address, False))
    assert vote_of(FORGE.started(KEYS[0]), *subjects) == (KEYS[2].address, NONCE_DROP)
    assert vote_of(FORGE.started(KEYS[0]), subjects[0]) == (NEW, NONCE_ADD)


def test_pointless_and_discarded_votes_are_not_cast() -> None:
    engine = FORGE.started(KEYS[0])
    engine.handle(ProposeValidatorVote(NEW, authorize=True), BEGIN)
    assert rules(engine.handle(DiscardValidatorVote(NEW), BEGIN)) == ["IBFT1.VoteDiscarded"]
    assert rules(engine.handle(DiscardValidatorVote(NEW), BEGIN)) == ["IBFT1.Ignored"]
    assert vote_of(engine, (KEYS[1].address, True)) == (ZERO_ADDRESS, NONCE_DROP)


def test_a_vote_that_stands_is_not_cast_again() -> None:
    forge = Forge()
    head = forge.extend(forge.genesis, KEYS[0], vote=(NEW, True))
    for other in KEYS[2:]:
        head = forge.extend(head, other)
    forge.chain.head = head.hash()
    engine = forge.started(KEYS[0])
    engine.handle(ProposeValidatorVote(NEW, authorize=True), head.timestamp * SECOND)
    timer = TimerId(TimerKind.BLOCK, head.number + 1)
    (request,) = of_builds(engine.handle(TimerExpired(timer), (head.timestamp + 5) * SECOND))
    assert request.coinbase == ZERO_ADDRESS


@pytest.mark.parametrize("subject", [ZERO_ADDRESS, b"", bytes(21)])
def test_votes_on_nobody_are_refused(subject: bytes) -> None:
    event = ProposeValidatorVote(Address(subject), authorize=True)
    assert rules(FORGE.started(KEYS[0]).handle(event, BEGIN)) == ["IBFT1.VoteRefused"]


def test_a_leader_that_stopped_before_its_proposal_owes_it() -> None:
    engine = FORGE.started(KEYS[0])
    entries = tuple(
        effect.entry
        for effect in engine.handle(TimerExpired(BLOCK_TIMER), BEGIN)
        if isinstance(effect, AppendWal)
    )
    again = FORGE.engine(KEYS[0])
    assert len(of_builds(again.handle(Start(FORGE.genesis, entries), BEGIN))) == 1


def test_a_paused_leader_asks_again_when_it_goes_on() -> None:
    engine = FORGE.started(KEYS[0])
    request = asked(engine)
    engine.handle(PauseSealing(), BEGIN)
    assert proposals(engine.handle(BlockBuilt(request.request, None), BEGIN)) == []
    assert len(of_builds(engine.handle(ResumeSealing(), BEGIN))) == 1
