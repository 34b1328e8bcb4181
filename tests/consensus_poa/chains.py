"""Keys, a chain in memory and sealed Clique blocks for the tests of the engines."""

from collections.abc import Sequence
from dataclasses import replace

from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import (
    ZERO_ADDRESS,
    Address,
    Hash32,
)
from node.consensus_poa.base_fee import next_base_fee
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import turn_difficulty
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import Effect, Trace
from node.consensus_poa.events import Start
from node.consensus_poa.extra_data import clique_extra
from node.consensus_poa.header import seal_header
from node.consensus_poa.interface import Capabilities
from tests.base.headers import empty_header

GENESIS_TIME = 1_767_225_600
"""Seconds: 2026-01-01T00:00:00Z."""
VERIFIER = MemoVerifier()
"""Recovery is pure, so all tests share what it found."""
VANITY = bytes(32)
LATER = (GENESIS_TIME + 10**6) * 10**6
"""A local time, in microseconds, at which no block of these tests is early."""


def key(label: str) -> PrivateKey:
    """Give the key that a label stands for."""
    return PrivateKey.from_bytes(keccak256(b"wardnet test key " + label.encode()))


def ascending(count: int) -> list[PrivateKey]:
    """Give ``count`` keys in the order of their addresses."""
    return sorted((key(f"signer {i}") for i in range(count)), key=lambda k: k.address)


def genesis_header(signers: Sequence[PrivateKey], **fields: object) -> Header:
    extra_data = clique_extra(VANITY, sorted(k.address for k in signers))
    header = replace(empty_header(), timestamp=GENESIS_TIME, extra_data=extra_data)
    return replace(header, **fields)  # type: ignore[arg-type]


class FakeChain:
    """A block tree in memory; ``head`` is moved by the test or by a driver."""

    def __init__(self, genesis: Header) -> None:
        self.genesis_hash = genesis.hash()
        self.headers: dict[Hash32, Header] = {self.genesis_hash: genesis}
        self.weights: dict[Hash32, int] = {self.genesis_hash: genesis.difficulty}
        self.head = self.genesis_hash

    def add(self, header: Header) -> Hash32:
        """Store a block on a stored parent."""
        block_hash = header.hash()
        self.headers[block_hash] = header
        self.weights[block_hash] = self.weights[header.parent_hash] + header.difficulty
        return block_hash

    def header_by_hash(self, block_hash: Hash32) -> Header | None:
        return self.headers.get(block_hash)

    def header_by_number(self, number: int) -> Header | None:
        if number == 0:
            return next((h for h in self.headers.values() if h.number == 0), None)
        header = self.headers.get(self.head)
        while header is not None and header.number > number:
            header = self.headers.get(header.parent_hash)
        return header if header is not None and header.number == number else None

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        return self.weights.get(block_hash)


class Forge:
    """Makes sealed headers on any stored parent, right by default, wrong on request."""

    def __init__(
        self,
        signers: Sequence[PrivateKey],
        options: CliqueOptions | None = None,
        **genesis_fields: object,
    ) -> None:
        self.options = options or CliqueOptions(period=5)
        self.genesis = genesis_header(signers, **genesis_fields)
        self.chain = FakeChain(self.genesis)
        self.branches = Branches(self.chain, VERIFIER, self.options, CliqueState().imported)

    def unsealed(
        self,
        parent: Header,
        signer: PrivateKey,
        vote: tuple[Address, bool] | None = None,
        **fields: object,
    ) -> Header:
        """Give a right header with an empty seal; ``fields`` replace what they name."""
        number = parent.number + 1
        before = self.branches.snapshot(parent.hash())
        known = before is not None and before.is_signer(signer.address)
        at_checkpoint = number % self.options.epoch == 0
        header = replace(
            parent,
            parent_hash=parent.hash(),
            number=number,
            timestamp=parent.timestamp + self.options.period,
            gas_used=0,
            base_fee=next_base_fee(parent, self.options.london_block),
            difficulty=turn_difficulty(before, number, signer.address) if known else 1,
            coinbase=vote[0] if vote else ZERO_ADDRESS,
            nonce=NONCE_ADD if vote and vote[1] else NONCE_DROP,
            extra_data=clique_extra(VANITY, before.signers if at_checkpoint and before else ()),
        )
        return replace(header, **fields)  # type: ignore[arg-type]

    def seal(
        self,
        parent: Header,
        signer: PrivateKey,
        vote: tuple[Address, bool] | None = None,
        **fields: object,
    ) -> Header:
        """Give a sealed header that is not stored."""
        return seal_header(self.unsealed(parent, signer, vote, **fields), signer)

    def extend(self, parent: Header, signer: PrivateKey, **fields: object) -> Header:
        """Give a sealed header and store it."""
        header = self.seal(parent, signer, **fields)  # type: ignore[arg-type]
        self.chain.add(header)
        return header

    def engine(self, signer: PrivateKey | None = None, entropy: str = "wiggle") -> CliqueEngine:
        """Give an engine on this forge's chain."""
        lent = Capabilities(self.chain, VERIFIER, TreeEntropy(7, entropy), signer)
        return CliqueEngine(self.options, lent)

    def started(
        self, signer: PrivateKey | None = None, now: int = LATER, wal: tuple[bytes, ...] = ()
    ) -> CliqueEngine:
        """Give an engine that has started at the chain's head."""
        engine = self.engine(signer)
        engine.handle(Start(self.chain.headers[self.chain.head], wal), now)
        return engine


def block(header: Header, *transactions: bytes) -> Block:
    return Block(header, transactions)


def rules(effects: Sequence[Effect]) -> list[str]:
    """Give the names of the traced rules, in order."""
    return [effect.rule for effect in effects if isinstance(effect, Trace)]


def refusals(effects: Sequence[Effect]) -> list[str]:
    """Give the errors of refused blocks, in order."""
    return [
        str(dict(effect.data)["error"])
        for effect in effects
        if isinstance(effect, Trace) and effect.rule == "Clique.BlockRefused"
    ]


def of_type(effects: Sequence[Effect], kind: type) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]
