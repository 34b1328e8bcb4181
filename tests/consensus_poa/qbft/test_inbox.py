"""Messages as they come in: the rows of consensus.md section 11 that concern QBFT."""

from dataclasses import replace

from node.base.keccak import keccak256
from node.consensus_poa.effects import Multicast, RequestSync
from node.consensus_poa.events import MessageReceived, PauseSealing, ResumeSealing
from node.consensus_poa.qbft.messages import PREPARE, Prepare
from tests.consensus_poa.qbft.network import OPTIONS
from tests.consensus_poa.qbft.solo import (
    STRANGER,
    Solo,
    codes,
    evidence,
    reasons,
    rules,
    sign,
)


def test_what_cannot_be_decoded_is_dropped_traced_and_decoded_once() -> None:
    solo = Solo(own=3)
    assert rules(solo.receive(b"\xc0")) == ["QBFT.PeerBreached"]
    assert solo.receive(b"\xc0") == []
    huge = bytes(10 * 2**20 + 1)
    assert rules(solo.receive(huge)) == ["QBFT.PeerBreached"]


def test_a_stranger_is_dropped_without_blame() -> None:
    solo = Solo(own=3)
    bare = Prepare(1, 0, solo.digest(solo.block()))
    raw = replace(bare, signature=sign(STRANGER, PREPARE, bare.payload())).encode()
    effects = solo.receive(raw)
    assert reasons(effects) == ["not_a_validator"]
    assert evidence(effects) == []


def test_a_round_above_1000_is_dropped() -> None:
    solo = Solo(own=3)
    effects = solo.receive(solo.change(0, 1001))
    assert reasons(effects) == ["round_out_of_range"]


def test_messages_of_coming_heights_wait_and_are_judged_at_theirs() -> None:
    solo = Solo(own=3)
    first = solo.sealed(solo.block(), (0, 1, 2))
    ahead = Solo(own=None)
    ahead.handle(first)
    block = ahead.block(1)
    effects = solo.receive(
        ahead.proposal(1, block), *(ahead.prepare(i, ahead.digest(block)) for i in (0, 1))
    )
    assert [e for e in effects if isinstance(e, RequestSync)] == [
        RequestSync(0, solo.keys[1].address)
    ]
    solo.now = block.header.timestamp * 10**6
    effects = solo.handle(first)
    assert "QBFT.UponProposal" in rules(effects)
    assert "QBFT.UponPrepare" in rules(effects)


def test_more_than_ten_heights_ahead_is_not_kept() -> None:
    solo = Solo(own=3)
    digest = solo.digest(solo.block())
    effects = solo.receive(solo.prepare(0, digest, height=11))
    assert rules(effects) == ["QBFT.TooFarAhead"]
    assert len(solo.engine._context.state.future) == 0
    solo.receive(solo.prepare(0, digest, height=10))
    assert len(solo.engine._context.state.future) == 1


def test_a_message_of_a_height_left_behind_is_dropped_in_silence() -> None:
    solo = Solo(own=3)
    raw = solo.prepare(0, solo.digest(solo.block()))
    solo.handle(solo.sealed(solo.block(), (0, 1, 2)))
    assert solo.receive(raw) == []


def test_a_new_message_is_relayed_once_and_not_to_author_or_peer() -> None:
    solo = Solo(own=3, options=replace(OPTIONS, relays=True))
    raw = solo.prepare(0, solo.digest(solo.block()))
    peers = (solo.keys[0].address, solo.keys[1].address)
    assert solo.receive(raw) == [Multicast(raw, exclude=peers)]
    assert solo.receive(raw, peer=2) == []
    wrong = solo.change(0, 2, block=solo.block())
    assert not [e for e in solo.receive(wrong) if isinstance(e, Multicast)]


def test_what_comes_while_the_node_syncs_is_judged_afterwards() -> None:
    solo = Solo(own=3)
    solo.handle(PauseSealing())
    assert solo.receive(solo.proposal(0, solo.block())) == []
    assert codes(solo.handle(ResumeSealing())) == [PREPARE]


def test_an_observer_says_nothing() -> None:
    solo = Solo(own=None)
    block = solo.block()
    raw = solo.proposal(0, block)
    peer = solo.keys[0].address
    assert solo.handle(MessageReceived(raw, keccak256(raw), peer)) == []
