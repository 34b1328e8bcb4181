"""Sealed blocks from anybody: rule 9, gaps, the future, and the end of agreement."""

import pytest

from node.base.types import Hash32
from node.consensus_poa.effects import ImportBlock, RequestSync, ValidateBlock
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockReceived,
    BlockValidated,
    NewChainHead,
    TimerExpired,
)
from node.consensus_poa.qbft.blocks import FUTURE_TIMER
from tests.consensus_poa.qbft.solo import Solo, armed, codes, evidence, reasons, rules

SEALERS = (0, 1, 2)


def chain_of(count: int) -> tuple[Solo, list[BlockReceived]]:
    """Give sealed blocks of one chain."""
    solo, found = Solo(own=None), []
    solo.now += 10**9
    for number in range(count):
        found.append(solo.sealed(solo.block(number % 4), SEALERS))
        solo.handle(found[-1])
    assert solo.head.number == count
    return solo, found


def late(own: int | None = 3, **options: bool) -> Solo:
    solo = Solo(own=own, **options)  # type: ignore[arg-type]
    solo.now += 10**9
    return solo


def test_a_sealed_block_is_executed_imported_and_followed() -> None:
    solo = late()
    effects = solo.handle(solo.sealed(solo.block(), SEALERS))
    assert rules(effects) == ["QBFT.UponNewBlock", "QBFT.Height"]
    assert [type(e) for e in effects if isinstance(e, ValidateBlock | ImportBlock)] == [
        *(ValidateBlock, ImportBlock)
    ]


def test_a_block_without_enough_seals_is_refused() -> None:
    solo = late()
    assert reasons(solo.handle(solo.sealed(solo.block(), (0, 1)))) == ["not_enough_seals"]
    bare = BlockReceived(solo.candidate(solo.block()).block, None, None)
    assert reasons(solo.handle(bare)) == ["not_enough_seals"]
    junk = BlockReceived(bare.block, b"junk", None)
    assert reasons(solo.handle(junk)) == ["invalid_certificate"]


def test_blocks_out_of_order_wait_for_those_below() -> None:
    _, blocks = chain_of(4)
    solo = late()
    for event in reversed(blocks):
        solo.handle(event)
    assert solo.head.number == 4


def test_a_gap_is_asked_for_once_per_peer_and_height() -> None:
    _, blocks = chain_of(4)
    solo = late()
    effects = solo.handle(blocks[2]) + solo.handle(blocks[3])
    peer = solo.keys[1].address
    assert [e for e in effects if isinstance(e, RequestSync)] == [RequestSync(0, peer)]


def test_a_block_from_the_future_is_parked_until_its_time() -> None:
    solo = Solo(own=3)
    block = solo.block(timestamp=solo.now // 10**6 + 10)
    effects = solo.handle(solo.sealed(block, SEALERS))
    assert rules(effects) == ["QBFT.BlockParked"]
    at = armed(effects)[FUTURE_TIMER]
    assert at == solo.now + 9 * 10**6
    early = solo.handle(TimerExpired(FUTURE_TIMER))
    assert armed(early) == {FUTURE_TIMER: at}
    solo.now = at
    assert "QBFT.UponNewBlock" in rules(solo.handle(TimerExpired(FUTURE_TIMER)))


def test_a_block_from_far_ahead_is_refused() -> None:
    solo = Solo(own=3)
    block = solo.block(timestamp=solo.now // 10**6 + 31)
    assert reasons(solo.handle(solo.sealed(block, SEALERS))) == ["future_block"]


def test_another_block_at_a_decided_height_stops_the_validator() -> None:
    solo = late()
    solo.handle(solo.sealed(solo.block(), SEALERS))
    genesis = solo.chain.headers[solo.chain.genesis_hash]
    head, solo.chain.head = solo.chain.head, genesis.hash()
    rival = solo.sealed(solo.block(1), SEALERS)
    weak = solo.sealed(solo.block(2), (0,))
    solo.chain.head = head
    assert reasons(solo.handle(weak)) == ["not_enough_seals"]
    effects = solo.handle(rival)
    assert rules(effects) == ["agreement_violation"]
    assert solo.chain.head == head
    assert codes(solo.receive(solo.proposal(1, solo.block(1)))) == []
    assert solo.engine.handle(TimerExpired(FUTURE_TIMER), solo.now)


def test_another_head_at_a_decided_height_is_not_followed() -> None:
    solo = late(answers=False)
    block = solo.sealed(solo.block(), SEALERS)
    solo.handle(block)
    solo.handle(BlockValidated(block.block.header.hash(), None))
    rival = solo.sealed(solo.block(1), SEALERS).block.header
    effects = solo.handle(NewChainHead(rival))
    assert rules(effects) == ["agreement_violation"]


def test_the_answer_may_come_late_and_the_same_head_twice() -> None:
    solo = late(answers=False)
    block = solo.sealed(solo.block(), SEALERS)
    solo.handle(block)
    effects = solo.handle(BlockValidated(block.block.header.hash(), None))
    assert "QBFT.UponNewBlock" in rules(effects)
    assert rules(solo.handle(block)) == ["QBFT.BlockKnown"]
    solo.chain.head = block.block.header.hash()
    assert rules(solo.handle(NewChainHead(block.block.header))) == ["QBFT.Height"]
    assert solo.handle(NewChainHead(block.block.header)) == []


@pytest.mark.parametrize("error", ["state_root", BODY_MISMATCH])
def test_a_sealed_block_that_does_not_execute_is_refused(error: str) -> None:
    solo = late(answers=False)
    block = solo.sealed(solo.block(), SEALERS)
    solo.handle(block)
    effects = solo.handle(BlockValidated(block.block.header.hash(), error))
    assert reasons(effects)[-1] == error
    again = reasons(solo.handle(block))
    assert again == ([] if error == BODY_MISMATCH else ["known_bad"])


def test_a_foreign_body_does_not_ban_the_true_one() -> None:
    solo = late(answers=False)
    right = solo.sealed(solo.block(), SEALERS)
    block_hash = right.block.header.hash()
    wrong = BlockReceived(
        type(right.block)(right.block.header, (b"\x02\xc0",)), right.certificate, None
    )
    solo.handle(wrong)
    solo.handle(BlockValidated(block_hash, BODY_MISMATCH))
    solo.handle(right)
    effects = solo.handle(BlockValidated(block_hash, None))
    assert "QBFT.UponNewBlock" in rules(effects)
    assert evidence(effects) == []


def test_an_answer_to_nothing_is_ignored() -> None:
    effects = late().handle(BlockValidated(Hash32(bytes(32)), None))
    assert rules(effects) == ["QBFT.Ignored"]
