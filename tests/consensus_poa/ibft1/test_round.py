"""Proposals, Prepares and Commits, one engine at a time."""

from dataclasses import replace
from typing import Any

import pytest

from node.base.block import Block
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    Effect,
    Finalized,
    ImportBlock,
    Multicast,
    ReportEvidence,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import BlockValidated, Event
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.header import Ibft1HeaderForm, recover_committers
from node.consensus_poa.ibft1.messages import (
    COMMIT,
    PREPARE,
    PREPREPARE,
    ROUND_CHANGE,
    Message,
    read_message,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, key, rules
from tests.consensus_poa.ibft1.chains import OPTIONS, SECOND, Forge, message, reasons, sent

NOW = (GENESIS_TIME + 5) * SECOND
FORGE = Forge()
KEYS = FORGE.keys
BLOCK = FORGE.propose(FORGE.genesis, KEYS[0])
DIGEST = BLOCK.header.hash()
OTHER = FORGE.propose(FORGE.genesis, KEYS[1])
PROPOSAL = message(KEYS[0], PREPREPARE, (0, 1), BLOCK)


def feed(engine: Ibft1Engine, *events: Event, now: int = NOW) -> list[Effect]:
    return [effect for event in events for effect in engine.handle(event, now)]


def votes(code: int, *indices: int, round_: int = 0, digest: Hash32 = DIGEST) -> tuple[Event, ...]:
    return tuple(message(KEYS[i], code, (round_, 1), digest) for i in indices)


def codes(effects: list[Effect]) -> list[int]:
    found = [read_message(raw, VERIFIER) for raw in sent(effects)]
    return [m.code for m in found if isinstance(m, Message)]


def third(**switches: Any) -> Ibft1Engine:
    """Give the engine of validator 3, which has accepted the proposal of round 0."""
    forge = Forge(options=replace(OPTIONS, **switches)) if switches else FORGE
    engine = forge.started(KEYS[3])
    feed(engine, PROPOSAL, BlockValidated(DIGEST, None))
    return engine


def test_a_proposal_is_executed_before_it_is_prepared() -> None:
    engine = FORGE.started(KEYS[3])
    first = feed(engine, PROPOSAL)
    assert ValidateBlock(BLOCK) in first
    assert codes(first) == []
    after = feed(engine, BlockValidated(DIGEST, None))
    assert codes(after) == [PREPARE]
    assert "IBFT1.UponPreprepare" in rules(after)


def test_a_quorum_of_prepares_brings_one_commit() -> None:
    engine = third()
    assert codes(feed(engine, *votes(PREPARE, 1))) == []
    effects = feed(engine, *votes(PREPARE, 2))
    assert codes(effects) == [COMMIT]
    assert "IBFT1.UponPrepare" in rules(effects)
    assert codes(feed(engine, *votes(PREPARE, 0))) == []


def test_commits_count_as_prepares_too() -> None:
    assert codes(feed(third(), *votes(PREPARE, 1), *votes(COMMIT, 1))) == []
    assert codes(feed(third(), *votes(PREPARE, 1), *votes(COMMIT, 2))) == [COMMIT]


def test_a_quorum_of_commits_decides_in_the_agreed_order_of_effects() -> None:
    engine = third()
    effects = feed(engine, *votes(PREPARE, 1, 2), *votes(COMMIT, 1, 2))
    kinds = (ImportBlock, SetHead, Finalized, BroadcastBlock)
    decision = [effect for effect in effects if isinstance(effect, kinds)]
    assert [type(effect) for effect in decision] == list(kinds)
    found = decision[0]
    assert isinstance(found, ImportBlock)
    assert found.block == BLOCK
    full = Ibft1HeaderForm().join(found.block.header, found.certificate)
    assert FORGE.engine().verify_header(full, FORGE.genesis) is None
    assert recover_committers(full, VERIFIER) == tuple(k.address for k in KEYS[1:])
    assert reasons(feed(engine, *votes(COMMIT, 0))) == ["decided"]


def test_votes_that_come_before_their_proposal_count() -> None:
    engine = FORGE.started(KEYS[3])
    feed(engine, *votes(PREPARE, 0, 1, 2), *votes(COMMIT, 0, 1), PROPOSAL)
    effects = feed(engine, BlockValidated(DIGEST, None))
    assert codes(effects) == [PREPARE, COMMIT]
    assert any(isinstance(effect, ImportBlock) for effect in effects)


def test_votes_for_another_digest_do_not_count() -> None:
    engine = third()
    assert codes(feed(engine, *votes(PREPARE, 1, 2, digest=OTHER.header.hash()))) == []


@pytest.mark.parametrize("code", [PREPARE, COMMIT])
def test_a_second_digest_in_one_slot_is_reported_once_and_not_counted(code: int) -> None:
    engine = third()
    feed(engine, *votes(code, 1, digest=OTHER.header.hash()))
    effects = feed(engine, *votes(code, 1), *votes(code, 1, digest=Hash32(b"\x09" * 32)))
    reports = [effect for effect in effects if isinstance(effect, ReportEvidence)]
    assert [(r.offender, r.kind) for r in reports] == [(KEYS[1].address, "equivocation")]


def test_two_proposals_of_one_leader_are_reported() -> None:
    effects = feed(third(), message(KEYS[0], PREPREPARE, (0, 1), OTHER))
    assert [e.kind for e in effects if isinstance(e, ReportEvidence)] == ["equivocation"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (message(KEYS[1], PREPREPARE, (0, 1), BLOCK), "not_the_leader"),
        (message(key("stranger"), PREPARE, (0, 1), DIGEST), "not_a_validator"),
        (message(KEYS[1], PREPARE, (0, 0), DIGEST), "old_height"),
        (message(KEYS[1], PREPARE, (9, 1), DIGEST), "round_ahead"),
        (message(KEYS[1], PREPARE, (1_001, 1), DIGEST), "round_max"),
        (message(KEYS[1], PREPARE, (0, 11), DIGEST), "height_ahead"),
        (message(KEYS[1], ROUND_CHANGE, (0, 1), ZERO_HASH), "round"),
    ],
)
def test_what_does_not_belong_here_is_dropped(event: Event, reason: str) -> None:
    assert reason in reasons(feed(third(), event))


@pytest.mark.parametrize(
    ("fields", "evidence"),
    [
        ({"timestamp": GENESIS_TIME}, True),
        ({"mix_hash": ZERO_HASH}, True),
        ({"parent_hash": ZERO_HASH}, False),
    ],
)
def test_a_wrong_header_brings_a_round_change(fields: dict[str, Any], evidence: bool) -> None:
    wrong = FORGE.propose(FORGE.genesis, KEYS[0], **fields)
    effects = feed(FORGE.started(KEYS[3]), message(KEYS[0], PREPREPARE, (0, 1), wrong))
    assert codes(effects) == [ROUND_CHANGE]
    assert any(isinstance(effect, ReportEvidence) for effect in effects) == evidence


def test_a_block_that_does_not_execute_brings_a_round_change_and_evidence() -> None:
    engine = FORGE.started(KEYS[3])
    effects = feed(engine, PROPOSAL, BlockValidated(DIGEST, "state_root"))
    assert codes(effects) == [ROUND_CHANGE]
    assert [e.kind for e in effects if isinstance(e, ReportEvidence)] == ["invalid_proposal"]


def locked_in_round_1(**switches: Any) -> Ibft1Engine:
    """Give validator 3, which has sent a Commit in round 0 and stands in round 1."""
    engine = third(**switches)
    feed(engine, *votes(PREPARE, 1, 2))
    changes = votes(ROUND_CHANGE, 0, 1, 2, round_=1, digest=ZERO_HASH)
    assert "IBFT1.RoundStarted" in rules(feed(engine, *changes))
    return engine


def test_who_is_locked_answers_another_proposal_with_a_round_change() -> None:
    other = message(KEYS[1], PREPREPARE, (1, 1), OTHER)
    effects = feed(locked_in_round_1(), other)
    assert "IBFT1.LockedOnAnother" in rules(effects)
    assert codes(effects) == [ROUND_CHANGE]


def test_who_is_locked_commits_its_block_at_once_when_it_comes_again() -> None:
    again = message(KEYS[1], PREPREPARE, (1, 1), BLOCK)
    assert codes(feed(locked_in_round_1(), again)) == [COMMIT]


def test_without_lock_another_proposal_is_prepared() -> None:
    engine = locked_in_round_1(lock="off")
    other = message(KEYS[1], PREPREPARE, (1, 1), OTHER)
    assert codes(feed(engine, other, BlockValidated(OTHER.header.hash(), None))) == [PREPARE]


@pytest.mark.parametrize(("old_rounds", "decides"), [("drop", False), ("count", True)])
def test_commits_of_a_past_round_decide_only_where_they_count(
    old_rounds: str, decides: bool
) -> None:
    effects = feed(locked_in_round_1(old_rounds=old_rounds), *votes(COMMIT, 1, 2))
    assert any(isinstance(effect, ImportBlock) for effect in effects) == decides
    assert ("old_round" in reasons(effects)) != decides


def test_valid_messages_are_relayed_once_where_the_mesh_is_not_full() -> None:
    forge = Forge(options=Ibft1Options(period=5))
    engine = forge.started(KEYS[3])
    (vote,) = votes(PREPARE, 1)
    relayed = [e for e in feed(engine, vote, vote) if isinstance(e, Multicast)]
    assert [effect.exclude for effect in relayed] == [(KEYS[1].address, KEYS[1].address)]


def test_commits_for_another_digest_do_not_help_to_decide() -> None:
    engine = third()
    other = votes(COMMIT, 0, digest=OTHER.header.hash())
    effects = feed(engine, *votes(PREPARE, 1, 2), *other, *votes(COMMIT, 1))
    assert not any(isinstance(effect, ImportBlock) for effect in effects)
    assert any(isinstance(effect, ImportBlock) for effect in feed(engine, *votes(COMMIT, 2)))


def test_rounds_long_past_never_count() -> None:
    engine = third(old_rounds="count")
    feed(engine, *votes(ROUND_CHANGE, 0, 1, 2, round_=9, digest=ZERO_HASH))
    assert reasons(feed(engine, *votes(PREPARE, 1))) == ["old_round"]
    assert reasons(feed(engine, *votes(PREPARE, 1, round_=1))) == []


def test_the_lock_outlives_a_restart() -> None:
    engine = FORGE.started(KEYS[3])
    effects = feed(engine, PROPOSAL, BlockValidated(DIGEST, None), *votes(PREPARE, 1, 2))
    wal = tuple(effect.entry for effect in effects if isinstance(effect, AppendWal))
    again = FORGE.started(KEYS[3], wal)
    feed(again, *votes(ROUND_CHANGE, 0, 1, 2, round_=1, digest=ZERO_HASH))
    after = feed(again, message(KEYS[1], PREPREPARE, (1, 1), OTHER))
    assert "IBFT1.LockedOnAnother" in rules(after)


def test_a_valid_block_that_comes_again_with_another_body_is_executed_again() -> None:
    engine = third()
    feed(engine, *votes(ROUND_CHANGE, 0, 1, 2, round_=1, digest=ZERO_HASH))
    foreign = Block(BLOCK.header, (b"\x02foreign",))
    effects = feed(engine, message(KEYS[1], PREPREPARE, (1, 1), foreign))
    assert codes(effects) == []
    assert [e for e in effects if isinstance(e, ValidateBlock)] == [ValidateBlock(foreign)]
