"""Sealed blocks that come by gossip or sync."""

import pytest

from node.base.block import Block
from node.base.header import Header
from node.consensus_poa.effects import (
    Effect,
    Finalized,
    ImportBlock,
    Multicast,
    RequestSync,
    ScheduleTimer,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockReceived,
    BlockValidated,
    NewChainHead,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.messages import PREPREPARE
from tests.consensus_poa.chains import GENESIS_TIME, of_type, rules
from tests.consensus_poa.ibft1.chains import SECOND, Forge, certificate, message, reasons

LATER = (GENESIS_TIME + 10**6) * SECOND


class Scene:
    """An observer on a chain of its own, and a forge whose chain is ahead."""

    def __init__(self) -> None:
        self.forge = Forge()
        self.ahead = Forge()
        self.keys = self.forge.keys
        self.engine: Ibft1Engine = self.forge.started()

    def next_block(self, parent: Header, maker: int = 0) -> Block:
        block = self.ahead.propose(parent, self.keys[maker])
        self.ahead.chain.add(block.header)
        return block

    def receive(self, block: Block, sealers: int = 3, now: int = LATER) -> tuple[Effect, ...]:
        proof = certificate(block, self.keys[:sealers]) if sealers else None
        event = BlockReceived(block, proof, self.keys[1].address)
        return self.engine.handle(event, now)

    def validated(self, block: Block, error: str | None = None) -> tuple[Effect, ...]:
        return self.engine.handle(BlockValidated(block.header.hash(), error), LATER)

    def take(self, block: Block) -> tuple[Effect, ...]:
        """Let a block become the head."""
        self.receive(block)
        effects = self.validated(block)
        if of_type(effects, ImportBlock):
            self.forge.chain.head = self.forge.chain.add(block.header)
            return self.engine.handle(NewChainHead(block.header), LATER)
        return effects


def test_a_sealed_block_is_executed_then_final() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    assert of_type(scene.receive(block), ValidateBlock) == [ValidateBlock(block)]
    effects = scene.validated(block)
    proof = certificate(block, scene.keys[:3])
    assert of_type(effects, ImportBlock) == [ImportBlock(block, proof)]
    assert of_type(effects, Finalized) == [Finalized(block.header.hash(), 1, proof)]
    assert "IBFT1.UponNewBlock" in rules(effects)


@pytest.mark.parametrize(
    ("sealers", "error"), [(0, "empty_committed_seals"), (1, "too_few_committed_seals"), (2, None)]
)
def test_f_plus_1_seals_are_enough(sealers: int, error: str | None) -> None:
    scene = Scene()
    effects = scene.receive(scene.next_block(scene.forge.genesis), sealers)
    assert reasons(effects) == ([error] if error else [])


def test_a_certificate_that_cannot_be_read_is_refused() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    effects = scene.engine.handle(BlockReceived(block, b"\xff", None), LATER)
    assert reasons(effects) == ["invalid_extra_data"]


def test_a_block_that_does_not_execute_is_remembered() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    scene.receive(block)
    assert rules(scene.validated(block, "state_root")) == ["IBFT1.BlockInvalid"]
    assert reasons(scene.receive(block)) == ["known_bad"]
    child = scene.next_block(block.header, 1)
    assert reasons(scene.receive(child)) == ["known_bad"]


def test_a_foreign_body_does_not_ban_the_header() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    scene.receive(block)
    effects = scene.validated(block, BODY_MISMATCH)
    assert of_type(effects, RequestSync) == [RequestSync(0, None)]
    assert of_type(scene.receive(block), ValidateBlock) == [ValidateBlock(block)]


def test_answers_to_nothing_are_ignored() -> None:
    scene = Scene()
    assert rules(scene.validated(scene.next_block(scene.forge.genesis))) == ["IBFT1.Ignored"]


def test_blocks_in_any_order_become_the_chain() -> None:
    scene = Scene()
    blocks, parent = [], scene.forge.genesis
    for number in range(5):
        blocks.append(scene.next_block(parent, number % 4))
        parent = blocks[-1].header
    effects = scene.receive(blocks[4])
    assert of_type(effects, RequestSync) == [RequestSync(0, scene.keys[1].address)]
    for block in blocks[1:4]:
        scene.receive(block)
    assert len(scene.engine._state.waiting) == 4
    scene.take(blocks[0])
    for block in blocks[1:]:
        assert block.header.hash() in scene.engine._state.candidates
        scene.take(block)
    assert scene.engine._state.height == 6
    assert scene.engine._state.waiting == {}


def test_a_block_of_the_future_is_parked_for_half_a_minute_at_most() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    start = GENESIS_TIME * SECOND
    timer = TimerId(TimerKind.FUTURE, 0)
    effects = scene.receive(block, now=start)
    assert ScheduleTimer(timer, start + 5 * SECOND) in effects
    due = scene.engine.handle(TimerExpired(timer), start + 5 * SECOND)
    assert of_type(due, ValidateBlock) == [ValidateBlock(block)]
    other = Scene()
    assert reasons(other.receive(block, now=start - 26 * SECOND)) == ["future_block"]


def test_a_second_sealed_block_for_a_height_halts_the_validator() -> None:
    scene = Scene()
    scene.engine = scene.forge.started(scene.keys[3])
    first, second = (scene.next_block(scene.forge.genesis, maker) for maker in (0, 1))
    scene.take(first)
    assert scene.engine._state.timers != {}
    assert reasons(scene.receive(second, 1)) == ["too_few_committed_seals"]
    assert "IBFT1.agreement_violation" in rules(scene.receive(second))
    assert scene.engine._state.timers == {}
    assert scene.engine._state.head == first.header


def test_a_head_that_leaves_a_decided_block_halts_too() -> None:
    scene = Scene()
    first, second = (scene.next_block(scene.forge.genesis, maker) for maker in (0, 1))
    scene.take(first)
    effects = scene.engine.handle(NewChainHead(second.header), LATER)
    assert rules(effects) == ["IBFT1.agreement_violation"]
    assert scene.engine._state.head == first.header


def test_known_blocks_change_nothing() -> None:
    scene = Scene()
    block = scene.next_block(scene.forge.genesis)
    scene.take(block)
    before = scene.engine.snapshot()
    assert rules(scene.receive(block)) == ["IBFT1.BlockKnown"]
    assert rules(scene.engine.handle(NewChainHead(block.header), LATER)) == ["IBFT1.HeadSettled"]
    assert scene.engine.snapshot() == before


def test_a_sealed_block_is_executed_again_where_its_body_is_not_the_valid_one() -> None:
    scene = Scene()
    engine = scene.forge.started(scene.keys[3])
    block = scene.next_block(scene.forge.genesis)
    engine.handle(message(scene.keys[0], PREPREPARE, (0, 1), block), LATER)
    engine.handle(BlockValidated(block.header.hash(), None), LATER)
    foreign = Block(block.header, (b"\x02foreign",))
    proof = certificate(block, scene.keys[:3])
    effects = engine.handle(BlockReceived(foreign, proof, scene.keys[1].address), LATER)
    assert of_type(effects, ImportBlock) == []
    assert of_type(effects, ValidateBlock) == [ValidateBlock(foreign)]


def test_the_verdict_on_one_body_is_not_taken_for_another() -> None:
    scene = Scene()
    engine = scene.forge.started(scene.keys[3])
    block = scene.next_block(scene.forge.genesis)
    foreign = Block(block.header, (b"\x02foreign",))
    engine.handle(message(scene.keys[0], PREPREPARE, (0, 1), block), LATER)
    proof = certificate(block, scene.keys[:3])
    engine.handle(BlockReceived(foreign, proof, scene.keys[1].address), LATER)
    effects = engine.handle(BlockValidated(block.header.hash(), None), LATER)
    assert of_type(effects, ImportBlock) == []
    assert of_type(effects, ValidateBlock) == [ValidateBlock(foreign)]
    effects = engine.handle(BlockValidated(block.header.hash(), BODY_MISMATCH), LATER)
    assert of_type(effects, RequestSync) == [RequestSync(0, None)]
    event = BlockReceived(block, proof, scene.keys[1].address)
    assert of_type(engine.handle(event, LATER), ImportBlock) == [ImportBlock(block, proof)]


def test_a_proposal_behind_a_foreign_body_is_executed_next() -> None:
    scene = Scene()
    engine = scene.forge.started(scene.keys[3])
    block = scene.next_block(scene.forge.genesis)
    foreign = Block(block.header, (b"\x02foreign",))
    proof = certificate(block, scene.keys[:3])
    engine.handle(BlockReceived(foreign, proof, scene.keys[1].address), LATER)
    engine.handle(message(scene.keys[0], PREPREPARE, (0, 1), block), LATER)
    effects = engine.handle(BlockValidated(block.header.hash(), BODY_MISMATCH), LATER)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block)]
    assert of_type(engine.handle(BlockValidated(block.header.hash(), None), LATER), Multicast)
