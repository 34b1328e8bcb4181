"""Rules 2 to 8 of consensus.md section 3.3, each alone, and the scripts of section 3.9."""

from dataclasses import replace

import pytest

from node.base import rlp
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    BuildBlock,
    Finalized,
    ImportBlock,
    Multicast,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import BlockValidated, TimerId, TimerKind
from node.consensus_poa.qbft.header import decode_certificate
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Proposal,
    RoundChange,
)
from tests.consensus_poa.qbft.network import OPTIONS
from tests.consensus_poa.qbft.solo import (
    Solo,
    armed,
    codes,
    evidence,
    opened,
    reasons,
    rules,
    said,
)


def test_a_right_proposal_is_prepared_after_its_block_was_executed() -> None:
    solo = Solo(own=3, answers=False)
    block = solo.block()
    effects = solo.receive(solo.proposal(0, block))
    assert [type(e) for e in effects] == [ValidateBlock]
    effects = solo.handle(BlockValidated(solo.candidate(block).hash, None))
    assert rules(effects) == ["QBFT.UponProposal"]
    assert codes(effects) == [PREPARE]
    assert said(effects)[0].value == solo.digest(block)


def test_the_log_is_written_before_each_send() -> None:
    solo = Solo(own=3)
    block = solo.block()
    digest = solo.digest(block)
    effects = solo.receive(
        solo.proposal(0, block), solo.prepare(0, digest), solo.prepare(1, digest)
    )
    kinds = [type(e) for e in effects if isinstance(e, AppendWal | Multicast)]
    # prepare: one entry; commit: the certificate and the message
    assert kinds == [AppendWal, Multicast, AppendWal, AppendWal, Multicast]


def test_a_quorum_of_prepares_brings_one_commit() -> None:
    solo = Solo(own=3)
    block = solo.block()
    digest = solo.digest(block)
    assert codes(solo.receive(solo.proposal(0, block))) == [PREPARE]
    assert codes(solo.receive(solo.prepare(0, digest))) == []
    effects = solo.receive(solo.prepare(1, digest))
    assert rules(effects) == ["QBFT.UponPrepare"]
    assert codes(effects) == [COMMIT]
    assert solo.receive(solo.prepare(2, digest)) == []


def test_prepares_for_another_digest_do_not_count() -> None:
    solo = Solo(own=3)
    block = solo.block()
    solo.receive(solo.proposal(0, block))
    other = solo.digest(solo.block(gas_used=1))
    assert codes(solo.receive(*(solo.prepare(i, other) for i in range(3)))) == []


def test_a_quorum_of_commits_decides_in_the_order_agreed() -> None:
    solo = Solo(own=3, answers=False)
    block = solo.block()
    digest = solo.digest(block)
    solo.receive(solo.proposal(0, block))
    solo.handle(BlockValidated(solo.candidate(block).hash, None))
    effects = solo.receive(*(solo.commit(i, digest) for i in (2, 0, 1)))
    assert rules(effects) == ["QBFT.UponCommit"]
    decided = [e for e in effects if type(e).__name__ not in ("Trace", "CancelTimer")]
    assert [type(e) for e in decided] == [ImportBlock, SetHead, Finalized, BroadcastBlock]
    imported = decided[0]
    assert isinstance(imported, ImportBlock)
    assert imported.block == solo.candidate(block).block
    assert imported.certificate is not None
    round_, seals = decode_certificate(imported.certificate)
    assert round_ == 0
    assert list(seals) == [solo.keys[i].sign(digest) for i in (0, 1, 2)]


def test_votes_before_the_proposal_count_when_it_comes() -> None:
    solo = Solo(own=3)
    block = solo.block()
    digest = solo.digest(block)
    early = [solo.prepare(i, digest) for i in (0, 1)] + [solo.commit(i, digest) for i in (0, 1)]
    assert solo.receive(*early) == []
    effects = solo.receive(solo.proposal(0, block))
    assert rules(effects)[:3] == ["QBFT.UponProposal", "QBFT.UponPrepare", "QBFT.UponCommit"]


def test_a_round_that_had_its_time_brings_a_round_change_and_twice_the_time() -> None:
    solo = Solo(own=3)
    effects = solo.expire()
    timer = TimerId(TimerKind.ROUND, 1, 0)
    assert armed(effects) == {timer: solo.now + OPTIONS.request_timeout_us}
    effects = solo.time_out(0)
    assert "QBFT.UponRoundTimeout" in rules(effects)
    assert codes(effects) == [ROUND_CHANGE]
    assert armed(effects) == {
        TimerId(TimerKind.ROUND, 1, 1): solo.now + 2 * OPTIONS.request_timeout_us
    }


def test_timeouts_double_at_most_32_times_and_never_pass_the_cap() -> None:
    solo = Solo(own=3)
    changes = [solo.change(i, 40) for i in range(3)]
    at = armed(solo.receive(*changes))[TimerId(TimerKind.ROUND, 1, 40)]
    assert at - solo.now == OPTIONS.request_timeout_us << 32
    capped = Solo(own=3, options=replace(OPTIONS, round_timeout_cap_us=9_000_000))
    at = armed(capped.receive(*changes))[TimerId(TimerKind.ROUND, 1, 40)]
    assert at - capped.now == 9_000_000


def test_a_quorum_of_round_changes_moves_everybody_and_the_leader_proposes() -> None:
    solo = Solo(own=1)
    effects = solo.receive(*(solo.change(i, 1) for i in (0, 2, 3)))
    assert "QBFT.UponRoundChange.quorum" in rules(effects)
    proposals = [m for m in said(effects) if m.code == PROPOSAL]
    assert len(proposals) == 1
    message = proposals[0].message
    assert isinstance(message, Proposal)
    assert message.block.header.coinbase == solo.keys[1].address
    assert len(message.round_changes) >= 3
    assert message.prepares == ()


def test_the_leader_proposes_the_highest_prepared_block_with_its_builder() -> None:
    solo = Solo(own=2)
    first, second = solo.block(0), solo.block(1, round_=1)
    old = [solo.prepare(i, solo.digest(first), 0) for i in (0, 1, 3)]
    new = [solo.prepare(i, solo.digest(second, 1), 1) for i in (0, 1, 3)]
    effects = solo.receive(
        solo.change(0, 2, 0, first, old), solo.change(1, 2, 1, second, new), solo.change(3, 2)
    )
    message = next(m for m in said(effects) if m.code == PROPOSAL).message
    assert isinstance(message, Proposal)
    assert message.block.header.coinbase == solo.keys[1].address
    assert solo.candidate(message.block).hash == solo.candidate(second).hash
    assert [opened(raw).message for raw in new] == list(message.prepares)
    assert "QBFT.UponProposal" in rules(effects)  # and it accepts what it proposed


def test_f_plus_1_in_higher_rounds_pull_to_the_smallest_of_them() -> None:
    solo = Solo(7, own=6)
    solo.expire()
    solo.receive(solo.change(0, 5), solo.change(1, 4))
    effects = solo.receive(solo.change(2, 3))
    assert rules(effects) == ["QBFT.UponRoundChange.f_plus_1"]
    assert [(m.code, m.round) for m in said(effects)] == [(ROUND_CHANGE, 3)]


def test_without_early_round_change_f_plus_1_pull_nobody() -> None:
    solo = Solo(7, own=6, options=replace(OPTIONS, early_round_change=False))
    solo.expire()
    assert codes(solo.receive(*(solo.change(i, 3) for i in range(4)))) == []
    assert "QBFT.UponRoundChange.quorum" in rules(solo.receive(solo.change(4, 3)))


def test_a_replayed_old_round_change_does_not_lower_an_authors_highest() -> None:
    solo = Solo(7, own=6)
    solo.expire()
    solo.receive(solo.change(0, 20), solo.change(0, 2), solo.change(1, 20), solo.change(1, 2))
    effects = solo.receive(solo.change(2, 20))
    assert [m.round for m in said(effects)] == [20]


def test_a_laggard_is_shown_the_latest_round_change_once_a_second() -> None:
    solo = Solo(own=3)
    solo.expire()
    solo.time_out(0)
    sent = said(solo.time_out(1))[0]
    effects = solo.receive(solo.change(1, 1))
    assert rules(effects) == ["QBFT.UponLaggard"]
    assert [e for e in effects if isinstance(e, Multicast)] == [
        Multicast(sent.raw, (solo.keys[1].address,))
    ]
    assert solo.receive(solo.change(1, 1)) == []
    solo.now += 1_000_000
    assert rules(solo.receive(solo.change(1, 1))) == ["QBFT.UponLaggard"]


def test_votes_of_rounds_left_behind_are_dropped() -> None:
    solo = Solo(own=3)
    block = solo.block()
    solo.receive(solo.proposal(0, block))
    solo.time_out(0)
    assert solo.receive(*(solo.commit(i, solo.digest(block)) for i in range(3))) == []


def test_votes_are_kept_for_eight_rounds_ahead_and_no_further() -> None:
    solo = Solo(own=3)
    solo.expire()
    digest = solo.digest(solo.block())
    assert solo.receive(solo.prepare(0, digest, 8)) == []
    assert rules(solo.receive(solo.prepare(0, digest, 9))) == ["QBFT.TooFarAhead"]


@pytest.mark.parametrize("kind", ["prepare", "commit", "change", "proposal"])
def test_a_second_message_in_one_slot_is_evidence_and_the_first_stays(kind: str) -> None:
    solo = Solo(own=3)
    blocks = [solo.block(), solo.block(timestamp=solo.head.timestamp + 6)]
    digests = [solo.digest(b) for b in blocks]
    if kind == "change":
        votes = [solo.prepare(i, digests[0]) for i in range(3)]
        pair = [solo.change(0, 2), solo.change(0, 2, 0, blocks[0], votes)]
    elif kind == "proposal":
        pair = [solo.proposal(0, block) for block in blocks]
    else:
        make = solo.prepare if kind == "prepare" else solo.commit
        pair = [make(0, digest) for digest in digests]
    assert evidence(solo.receive(pair[0])) == []
    found = evidence(solo.receive(pair[1]))
    assert [(e.offender, e.kind) for e in found] == [(solo.keys[0].address, "equivocation")]
    assert rlp.decode(found[0].proof) == pair
    solo.engine.restore(solo.engine.snapshot())
    assert evidence(solo.receive(pair[1])) == []


def test_a_proposal_for_a_higher_round_moves_there_if_it_is_justified() -> None:
    solo = Solo(own=3)
    solo.expire()
    changes = [solo.change(i, 1) for i in range(3)]
    effects = solo.receive(solo.proposal(1, solo.block(1, 1), 1, changes))
    assert "QBFT.UponProposal" in rules(effects)
    assert TimerId(TimerKind.ROUND, 1, 1) in armed(effects)


def test_a_badly_justified_proposal_is_evidence_and_the_round_goes_on() -> None:
    solo = Solo(own=3)
    solo.expire()
    raw = solo.proposal(1, solo.block(1, 1), 1, [solo.change(0, 1)])
    effects = solo.receive(raw)
    assert [(e.kind, e.proof) for e in evidence(effects)] == [("invalid_justification", raw)]
    assert reasons(effects) == ["no_quorum_of_round_changes"]
    assert armed(effects) == {}


def test_a_proposal_more_than_a_second_ahead_is_refused_without_blame() -> None:
    solo = Solo(own=3)
    block = solo.block(timestamp=solo.now // 10**6 + 2)
    effects = solo.receive(solo.proposal(0, block))
    assert reasons(effects) == ["future_block"]
    assert evidence(effects) == []


def test_at_the_last_round_there_is_no_further_one() -> None:
    solo = Solo(own=3)
    solo.receive(*(solo.change(i, 1000) for i in range(3)))
    solo.now += OPTIONS.request_timeout_us << 32
    effects = solo.expire(TimerKind.ROUND, 1000)
    assert rules(effects) == ["QBFT.RoundsExhausted"]
    assert TimerId(TimerKind.ROUND, 1, 1000) in armed(effects)


# -- scripts --------------------------------------------------------------------------------------


def certificate_trap(own: int) -> tuple[Solo, list[bytes]]:
    """Seven validators, 1 and 2 Byzantine; all have prepared v in round 0 that saw it."""
    solo = Solo(7, own=own)
    v = solo.block()
    return solo, [solo.prepare(i, solo.digest(v)) for i in (0, 1, 2, 3, 4) if i != own]


def test_a_certificate_survives_a_justified_proposal_of_a_higher_round() -> None:
    """Section 3.9: validator 4 never times out in round 0, and still shows (0, v) in round 2."""
    solo, prepares = certificate_trap(own=4)
    v = solo.block()
    effects = solo.receive(solo.proposal(0, v), *prepares)
    assert "QBFT.UponPrepare" in rules(effects)
    prepares.append(next(m.raw for m in said(effects) if m.code == PREPARE))
    changes = [solo.change(3, 1, 0, v, prepares), *(solo.change(i, 1) for i in (1, 2, 5, 6))]
    again = solo.block(0, 1)
    effects = solo.receive(solo.proposal(1, again, 1, changes, prepares))
    assert "QBFT.UponProposal" in rules(effects)
    change = next(m for m in said(solo.time_out(1)) if m.code == ROUND_CHANGE)
    assert change.round == 2
    assert isinstance(change.message, RoundChange)
    assert change.message.signed.prepared == (0, solo.digest(v))

    judge, _ = certificate_trap(own=5)
    others = [judge.change(i, 2) for i in (1, 2, 5, 6)]
    w = judge.block(2, 2)
    effects = judge.receive(judge.proposal(2, w, 2, [change.raw, *others]))
    assert reasons(effects) == ["not_the_prepared_block"]
    effects = judge.receive(judge.proposal(2, judge.block(0, 2), 2, [change.raw, *others]))
    assert "QBFT.UponProposal" not in rules(effects)


def test_a_hidden_lock_is_found_by_the_highest_certificate() -> None:
    """One validator alone saw the prepares: the next leader has to take its block."""
    solo = Solo(own=3)
    v = solo.block()
    prepares = [solo.prepare(i, solo.digest(v)) for i in (0, 1, 2)]
    changes = [solo.change(2, 1, 0, v, prepares), solo.change(0, 1), solo.change(1, 1)]
    effects = solo.receive(solo.proposal(1, solo.block(1, 1), 1, changes))
    assert reasons(effects) == ["not_the_prepared_block"]
    fresh = Solo(own=3)
    effects = fresh.receive(fresh.proposal(1, fresh.block(0, 1), 1, changes, prepares))
    assert "QBFT.UponProposal" in rules(effects)


def test_a_block_decided_in_a_round_left_behind_comes_in_with_its_certificate() -> None:
    solo = Solo(own=3)
    block = solo.block()
    solo.receive(solo.proposal(0, block))
    solo.time_out(0)
    effects = solo.handle(solo.sealed(block, (0, 1, 2)))
    assert "QBFT.UponNewBlock" in rules(effects)
    assert solo.head.number == 1


def test_ten_thousand_round_changes_of_one_author_take_constant_memory() -> None:
    solo = Solo(own=3)
    solo.expire()
    sizes = []
    for round_ in range(1, 1200, 3):
        solo.receive(solo.change(0, round_))
        sizes.append(len(solo.engine.snapshot()) - 32 * min(len(sizes) + 1, 4096))
    assert max(sizes[20:]) - min(sizes[20:]) < 64


def test_a_leader_asks_for_a_block_once_per_round() -> None:
    solo = Solo(own=1, answers=False)
    effects = solo.receive(*(solo.change(i, 1) for i in (0, 2, 3)))
    assert len([e for e in effects if isinstance(e, BuildBlock)]) == 1


@pytest.mark.parametrize("is_same", [True, False])
def test_votes_of_ones_own_key_that_come_from_outside_do_no_harm(is_same: bool) -> None:
    """A log was lost, or a second node has this key: the first vote in a slot stays."""
    solo = Solo(own=3)
    block, other = solo.block(), solo.block(timestamp=solo.head.timestamp + OPTIONS.period + 1)
    digest = solo.digest(block if is_same else other)
    solo.receive(solo.prepare(3, digest), solo.commit(3, digest))
    solo.receive(solo.proposal(0, block))
    effects = solo.receive(*(solo.prepare(i, solo.digest(block)) for i in (0, 1, 2)))
    assert "QBFT.UponPrepare" in rules(effects)
    assert codes(effects) == [COMMIT]
    effects = solo.receive(*(solo.commit(i, solo.digest(block)) for i in (0, 1, 2)))
    assert "QBFT.UponCommit" in rules(effects)
