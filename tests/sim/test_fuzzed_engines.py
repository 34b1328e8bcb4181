"""Engines that ran in a network, and then hear what a network never says."""

from dataclasses import replace

import pytest

from node.app.engines import EnginePlan
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.consensus_poa.effects import Effect, ImportBlock, ReportEvidence, SetHead
from node.consensus_poa.events import BlockReceived, Event, MessageReceived
from node.sim.facts import BlockStored, MessageSent
from node.sim.loader import load
from node.sim.runner import _Run

ENGINES = ("qbft", "clique", "aura", "ibft1")
PEER = Address(b"\x99" * 20)
TEXT = "wardnet: 1\nname: fuzz\nrun: {until: 12s}\nchain: {consensus: ENGINE, period: 1s}\n"


class Heard:
    """A run that is over, its first node's engine, and all that went over the wire."""

    def __init__(self, engine: str) -> None:
        run = _Run(load(TEXT.replace("ENGINE", engine), "fuzz.yaml"), {}, lambda _event: None)
        self.messages: list[bytes] = []
        self.blocks: dict[bytes, BlockStored] = {}
        run.world.listeners.append(self._note)
        run.play()
        self.plan: EnginePlan = run.world.engine
        self.engine = run.world.bends.engine("h0")
        self.head = run.world.nodes["h0"].ledger.head
        self.known = set(self.blocks)
        self.now = (self.head.timestamp + 1) * 1_000_000

    def _note(self, fact: object) -> None:
        if isinstance(fact, MessageSent):
            self.messages.append(fact.payload)
        elif isinstance(fact, BlockStored):
            self.blocks.setdefault(fact.hash, fact)

    def mutated(self, random: TreeEntropy) -> Event:
        """Change up to three bytes of a message or of a block's header, or cut it."""
        stored = list(self.blocks.values())
        if self.messages and random.below(4):
            raw = changed(self.messages[random.below(len(self.messages))], random)
            return MessageReceived(raw, keccak256(raw), PEER)
        block = stored[random.below(len(stored))]
        header = Header.decode(block.header)
        if random.below(2):
            header = replace(header, extra_data=changed(header.extra_data, random))
        else:
            try:
                header = Header.decode(changed(block.header, random))
            except CodecError:
                header = replace(header, timestamp=random.below(2**40), number=random.below(99))
        certificate = block.certificate
        if certificate is not None:
            certificate = changed(certificate, random)
        return BlockReceived(Block(header, ()), certificate, PEER)


def changed(data: bytes, random: TreeEntropy) -> bytes:
    raw = bytearray(data)
    for _ in range(random.below(4)):
        if raw:
            raw[random.below(len(raw))] ^= 1 + random.below(255)
    if raw and random.below(20) == 0:
        del raw[random.below(len(raw)) :]
    return bytes(raw)


def fuzz(engine: str, count: int) -> None:
    heard, random = Heard(engine), TreeEntropy(11, "fuzz", engine)
    set_before = heard.engine.validators_after_block(heard.head.hash())
    for _ in range(count):
        heard.now += random.below(2_000)
        for effect in heard.engine.handle(heard.mutated(random), heard.now):
            check(effect, heard)
    assert heard.engine.validators_after_block(heard.head.hash()) == set_before
    before = heard.engine.snapshot()
    heard.engine.restore(before)
    assert heard.engine.snapshot() == before


def check(effect: Effect, heard: Heard) -> None:
    """Nothing new is taken in, no head moves back, and no honest validator is accused."""
    match effect:
        case ImportBlock(block):
            assert block.header.hash() in heard.known
        case SetHead(block_hash):
            assert block_hash in heard.known
        case ReportEvidence(offender, kind):
            raise AssertionError(f"{kind} of 0x{offender.hex()}, who is honest")
        case _:
            pass


@pytest.mark.parametrize("engine", ENGINES)
def test_mutated_traffic_is_borne(engine: str) -> None:
    fuzz(engine, 1_500)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["clique", "aura", "ibft1"])  # QBFT has a test of its own
def test_a_hundred_thousand_mutated_messages_and_blocks_are_borne(engine: str) -> None:
    fuzz(engine, 100_000)
