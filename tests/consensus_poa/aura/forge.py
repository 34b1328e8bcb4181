"""Sealed AuRa blocks and registries for tests."""

from collections.abc import Sequence
from dataclasses import replace

from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.aura.header import NONCE, difficulty_of, mix_hash_of, step_of
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.aura.steps import Steps
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import BlockReceived, BlockValidated, NewChainHead, Start
from node.consensus_poa.extra_data import clique_extra, genesis_extra
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.header import seal_header
from node.consensus_poa.interface import Capabilities, ValidatorProvider
from tests.base.headers import empty_header
from tests.consensus_poa.chains import GENESIS_TIME, VANITY, VERIFIER, FakeChain, block
from tests.consensus_poa.registries import addresses

OPTIONS = AuraOptions()
FIRST_STEP = GENESIS_TIME // 5


def genesis_header(keys: Sequence[PrivateKey], **fields: object) -> Header:
    header = replace(
        empty_header(), timestamp=GENESIS_TIME, extra_data=genesis_extra(addresses(keys))
    )
    return replace(header, **fields)  # type: ignore[arg-type]


class AuraForge:
    """Makes sealed headers on any parent, right by default, wrong on request."""

    def __init__(self, keys: Sequence[PrivateKey], options: AuraOptions = OPTIONS) -> None:
        self.keys = sorted(keys, key=lambda k: k.address)
        self.options = options
        self.steps = Steps(options.step_durations)
        self.genesis = genesis_header(keys)
        self.chain = FakeChain(self.genesis)

    def seal(
        self, parent: Header, skip: int = 0, sealer: PrivateKey | None = None, **fields: object
    ) -> Header:
        """Give the block of the step after the parent's, ``skip`` steps later."""
        step = max(step_of(parent) + 1, FIRST_STEP) + skip
        signer = sealer or self.keys[step % len(self.keys)]
        header = replace(
            parent,
            parent_hash=parent.hash(),
            number=parent.number + 1,
            timestamp=self.steps.start_s(step),
            gas_used=0,
            base_fee=next_base_fee(parent),
            difficulty=difficulty_of(step, step_of(parent)),
            coinbase=signer.address,
            nonce=NONCE,
            mix_hash=mix_hash_of(step),
            extra_data=clique_extra(VANITY),
        )
        return seal_header(replace(header, **fields), signer)  # type: ignore[arg-type]

    def extend(self, parent: Header, skip: int = 0) -> Header:
        header = self.seal(parent, skip)
        self.chain.add(header)
        return header

    def branch(self, parent: Header, *skips: int) -> list[Header]:
        """Give unstored blocks, one per entry."""
        made: list[Header] = []
        for skip in skips:
            parent = self.seal(parent, skip)
            made.append(parent)
        return made

    def engine(
        self, signer: PrivateKey | None = None, provider: ValidatorProvider | None = None
    ) -> AuraEngine:
        lent = Capabilities(self.chain, VERIFIER, TreeEntropy(7, "aura"), signer, provider)
        return AuraEngine(self.options, lent)

    def started(
        self,
        signer: PrivateKey | None = None,
        provider: ValidatorProvider | None = None,
        now: int | None = None,
    ) -> AuraEngine:
        engine = self.engine(signer, provider)
        head = self.chain.headers[self.chain.head]
        engine.handle(Start(head), now_at(head) if now is None else now)
        return engine

    def take(self, engine: AuraEngine, header: Header, now: int) -> tuple[Effect, ...]:
        """Let an engine import a block and the chain show it."""
        effects = engine.handle(BlockReceived(block(header), None, None), now)
        effects += engine.handle(BlockValidated(header.hash(), None), now)
        if any(type(effect).__name__ == "ImportBlock" for effect in effects):
            self.chain.add(header)
        if any(type(effect).__name__ == "SetHead" for effect in effects):
            self.chain.head = header.hash()
            effects += engine.handle(NewChainHead(header), now)
        return effects


def now_at(header: Header, seconds: int = 0) -> int:
    """Give the local time of a header, in microseconds."""
    return (header.timestamp + seconds) * 10**6
