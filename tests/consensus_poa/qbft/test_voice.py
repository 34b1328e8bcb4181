"""What a validator says is guarded and logged, also after a restart."""

from node.consensus_poa.effects import AppendWal, Multicast
from node.consensus_poa.qbft.messages import PREPARE, PROPOSAL, ROUND_CHANGE
from tests.consensus_poa.qbft.solo import Solo, codes, rules, said


def words(effects: list) -> list[bytes]:
    return [e.message for e in effects if isinstance(e, Multicast)]


def test_a_restarted_validator_says_its_last_words_byte_for_byte() -> None:
    solo = Solo(own=3)
    block = solo.block()
    digest = solo.digest(block)
    spoken = solo.receive(solo.proposal(0, block), solo.prepare(0, digest), solo.prepare(1, digest))
    again = Solo(own=3, wal=solo.wal)
    assert words(again.begun) == words(spoken)
    assert not [e for e in again.begun if isinstance(e, AppendWal)]


def test_after_a_restart_it_is_in_its_round_with_its_certificate() -> None:
    solo = Solo(own=3)
    block = solo.block()
    digest = solo.digest(block)
    solo.receive(*(solo.prepare(i, digest) for i in (0, 1, 2)), solo.proposal(0, block))
    solo.time_out(0)
    solo.time_out(1)
    again = Solo(own=3, wal=solo.wal)
    assert [(m.code, m.round) for m in said(again.begun)] == [(ROUND_CHANGE, 2)]
    change = said(again.time_out(2))[0]
    assert change.round == 3
    assert change.candidate is not None
    assert change.candidate.digest == digest


def test_a_restarted_validator_never_prepares_a_second_block_in_a_round() -> None:
    solo = Solo(own=3)
    solo.receive(solo.proposal(0, solo.block()))
    again = Solo(own=3, wal=solo.wal)
    other = again.block(timestamp=again.head.timestamp + 6)
    effects = again.receive(again.proposal(0, other))
    assert "QBFT.SignGuard" in rules(effects)
    assert codes(effects) == []


def test_without_the_log_it_would() -> None:
    solo = Solo(own=3)
    solo.receive(solo.proposal(0, solo.block()))
    amnesiac = Solo(own=3)
    other = amnesiac.block(timestamp=amnesiac.head.timestamp + 6)
    assert codes(amnesiac.receive(amnesiac.proposal(0, other))) == [PREPARE]


def test_a_leader_takes_its_own_proposal_up_again_and_builds_no_other() -> None:
    solo = Solo(own=0)
    spoken = solo.expire()
    assert codes(spoken) == [PROPOSAL, PREPARE]
    again = Solo(own=0, wal=solo.wal)
    assert words(again.begun) == words(spoken)
    assert "QBFT.UponProposal" in rules(again.begun)
    digest = said(spoken)[1].value
    effects = again.receive(*(again.commit(i, digest) for i in (1, 2, 3)))
    assert "QBFT.UponCommit" in rules(effects)


def test_a_log_of_another_key_makes_an_observer() -> None:
    solo = Solo(own=3)
    solo.expire()
    solo.time_out(0)
    again = Solo(own=2, wal=solo.wal)
    assert rules(again.begun)[-1] == "QBFT.WalRefused"
    block = again.block()
    assert codes(again.receive(again.proposal(0, block))) == []
    assert again.expire() != []  # an ignored timer is traced
    effects = again.handle(again.sealed(block, (0, 1, 3)))
    assert "QBFT.UponNewBlock" in rules(effects)


def test_a_log_that_cannot_be_read_makes_an_observer() -> None:
    assert rules(Solo(own=3, wal=[b"junk"]).begun)[-1] == "QBFT.WalRefused"
    assert rules(Solo(own=None, wal=[b"junk"]).begun)[-1] == "QBFT.Height"
