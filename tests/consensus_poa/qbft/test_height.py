"""Heights: when round 0 starts, what a pause keeps, what late answers do."""

from dataclasses import replace

from node.base.types import MICROS_PER_SECOND
from node.consensus_poa.effects import BuildBlock
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockBuilt,
    BlockValidated,
    PauseSealing,
    ResumeSealing,
    TimerId,
    TimerKind,
    TransactionsWaiting,
)
from node.consensus_poa.qbft.messages import PREPARE, PROPOSAL
from tests.consensus_poa.qbft.network import OPTIONS, build
from tests.consensus_poa.qbft.solo import READY_US, Solo, armed, codes, evidence, rules

BLOCK, ROUND = TimerId(TimerKind.BLOCK, 1), TimerId(TimerKind.ROUND, 1, 0)


def test_round_0_starts_a_period_after_the_parent() -> None:
    solo = Solo(own=0)
    assert armed(solo.begun) == {BLOCK: READY_US}
    solo.now = READY_US - 1
    assert armed(solo.expire()) == {BLOCK: READY_US}
    solo.now = READY_US
    effects = solo.expire()
    assert rules(effects)[:2] == ["QBFT.UponBlockTimeout", "QBFT.Proposed"]
    assert codes(effects) == [PROPOSAL, PREPARE]


def test_a_proposal_before_the_own_timer_starts_round_0() -> None:
    solo = Solo(own=3)
    solo.now -= 500_000
    effects = solo.receive(solo.proposal(0, solo.block()))
    assert "QBFT.UponProposal" in rules(effects)
    assert armed(effects) == {ROUND: solo.now + OPTIONS.request_timeout_us}
    assert rules(solo.expire()) == ["QBFT.Ignored"]


def test_an_empty_block_waits_for_transactions_or_its_period() -> None:
    solo = Solo(own=0, options=replace(OPTIONS, empty_period=8))
    effects = solo.expire()
    assert rules(effects) == []
    assert armed(effects) == {BLOCK: READY_US + 3 * MICROS_PER_SECOND}
    solo.now += 3 * MICROS_PER_SECOND
    assert codes(solo.expire()) == [PROPOSAL, PREPARE]


def test_a_transaction_ends_the_wait_and_a_spurious_one_does_not() -> None:
    options = replace(OPTIONS, empty_period=60)
    for transactions, want in (((b"\x02\xc0",), [PROPOSAL, PREPARE]), ((), [])):
        solo = Solo(own=0, options=options, answers=False)
        solo.expire()
        solo.now += 1_000_000
        effects = solo.handle(TransactionsWaiting())
        request = next(e for e in effects if isinstance(e, BuildBlock))
        built = build(solo.head, request, transactions)
        effects = solo.handle(BlockBuilt(request.request, built))
        assert codes(effects) == want
        if not want:
            assert armed(effects) == {BLOCK: solo.now + 5 * MICROS_PER_SECOND}


def test_a_pause_keeps_the_round_and_gives_it_its_full_time_afterwards() -> None:
    solo = Solo(own=3)
    solo.expire()
    solo.time_out(0)
    solo.handle(PauseSealing())
    assert solo.handle(PauseSealing()) == []
    solo.now += 10**9
    effects = solo.handle(ResumeSealing())
    assert armed(effects) == {
        TimerId(TimerKind.ROUND, 1, 1): solo.now + 2 * OPTIONS.request_timeout_us
    }


def test_a_late_verdict_is_kept_for_the_block_when_it_is_proposed_again() -> None:
    solo = Solo(own=3, answers=False)
    block = solo.block()
    solo.expire()
    solo.receive(solo.proposal(0, block))
    solo.time_out(0)
    assert codes(solo.handle(BlockValidated(solo.candidate(block).hash, None))) == []
    prepares = [solo.prepare(i, solo.digest(block)) for i in range(3)]
    changes = [solo.change(0, 1, 0, block, prepares), solo.change(1, 1), solo.change(2, 1)]
    effects = solo.receive(solo.proposal(1, solo.block(0, 1), 1, changes, prepares))
    assert "QBFT.UponProposal" in rules(effects)


def test_the_leader_is_blamed_for_an_invalid_block_once_and_nothing_is_prepared() -> None:
    solo = Solo(own=3)
    block = solo.block()
    solo.invalid.add(solo.candidate(block).hash)
    raw = solo.proposal(0, block)
    effects = solo.receive(raw)
    assert [(e.kind, e.proof) for e in evidence(effects)] == [("invalid_proposal", raw)]
    assert codes(effects) == []
    assert evidence(solo.receive(raw)) == []


def test_a_proposal_with_a_foreign_body_is_blamed_and_its_block_is_not_banned() -> None:
    solo = Solo(own=3, answers=False)
    wrong = solo.block(transactions=(b"\x02\xc0",))
    solo.receive(solo.proposal(0, wrong))
    effects = solo.handle(BlockValidated(solo.candidate(wrong).hash, BODY_MISMATCH))
    assert [e.kind for e in evidence(effects)] == ["invalid_proposal"]
    assert not solo.engine._context.state.bad
