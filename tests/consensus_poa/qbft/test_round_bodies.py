"""RoundChanges whose block has the prepared header and a body of its sender's making."""

from collections.abc import Sequence

from node.base.block import Block
from node.consensus_poa.effects import Effect, ValidateBlock
from node.consensus_poa.events import BODY_MISMATCH, BlockValidated
from node.consensus_poa.qbft.messages import Proposal
from tests.consensus_poa.qbft.solo import Solo, evidence, rules, said


def foreign_bodies(own: int, *, knows: bool) -> tuple[Solo, Block, list[bytes]]:
    """Give a block prepared in round 0, and RoundChanges of which the first has a foreign body."""
    solo = Solo(own=own)
    block = solo.block()
    if knows:
        solo.receive(solo.proposal(0, block))
    foreign = Block(block.header, (b"\x02foreign",))
    prepares = [solo.prepare(i, solo.digest(block)) for i in (0, 1, 3)]
    changes = [
        solo.change(0, 1, 0, foreign, prepares),
        solo.change(2, 1, 0, block, prepares),
        solo.change(3, 1),
    ]
    return solo, block, changes


def proposed(effects: Sequence[Effect]) -> list[Block]:
    return [m.message.block for m in said(effects) if isinstance(m.message, Proposal)]


def test_a_leader_proposes_the_body_that_it_found_valid() -> None:
    solo, block, changes = foreign_bodies(1, knows=True)
    effects = solo.receive(*changes)
    assert [found.transactions for found in proposed(effects)] == [block.transactions]
    assert "QBFT.UponProposal" in rules(effects)


def test_a_leader_that_knows_no_body_has_each_executed_until_one_is_valid() -> None:
    solo, block, changes = foreign_bodies(1, knows=False)
    solo.answers = False
    effects = solo.receive(*changes)
    assert proposed(effects) == []
    asked = [e.block.transactions for e in effects if isinstance(e, ValidateBlock)]
    assert asked == [(b"\x02foreign",)]
    block_hash = solo.candidate(block).hash
    effects = solo.handle(BlockValidated(block_hash, BODY_MISMATCH))
    assert [e.block.transactions for e in effects if isinstance(e, ValidateBlock)] == [()]
    restored = solo.fresh()
    restored.restore(solo.engine.snapshot())
    effects = solo.handle(BlockValidated(block_hash, None))
    assert tuple(effects) == restored.handle(BlockValidated(block_hash, None), solo.now)
    assert [found.transactions for found in proposed(effects)] == [()]
    assert "QBFT.UponProposal" in rules(effects)
    assert evidence(effects) == []
