"""Genesis, blocks and messages of IBFT 1 for its tests."""

from collections.abc import Sequence
from dataclasses import replace

from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.effects import BuildBlock, Effect, Multicast, Trace
from node.consensus_poa.events import MessageReceived, Start
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.header import (
    MIX_HASH,
    IstanbulExtra,
    commit_digest,
    encode_certificate,
    genesis_extra,
    seal_header,
)
from node.consensus_poa.ibft1.messages import sign_message
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft1.votes import NONCE_ADD, NONCE_DROP, VotingHistory
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.memo import Memo
from tests.base.headers import empty_header
from tests.consensus_poa.chains import GENESIS_TIME, VANITY, VERIFIER, FakeChain, ascending

OPTIONS = Ibft1Options(period=5, relays=False)
MEMO = Memo()
SECOND = 10**6


def genesis_header(keys: Sequence[PrivateKey], **fields: object) -> Header:
    header = replace(
        empty_header(),
        timestamp=GENESIS_TIME,
        mix_hash=MIX_HASH,
        extra_data=genesis_extra([k.address for k in keys]),
    )
    return replace(header, **fields)  # type: ignore[arg-type]


def answer(parent: Header, request: BuildBlock, *transactions: bytes) -> Block:
    """Answer ``BuildBlock`` as an executor would, without executing."""
    header = replace(
        parent,
        parent_hash=request.parent,
        number=parent.number + 1,
        timestamp=request.timestamp,
        extra_data=request.extra_data,
        coinbase=request.coinbase,
        nonce=request.nonce,
        difficulty=request.difficulty,
        mix_hash=request.mix_hash,
        gas_used=0,
        base_fee=next_base_fee(parent),
    )
    return Block(header, transactions)


class Forge:
    """Makes sealed blocks on any stored parent, right by default, wrong on request."""

    def __init__(
        self, keys: Sequence[PrivateKey] = (), options: Ibft1Options = OPTIONS, **fields: object
    ) -> None:
        self.keys = sorted(keys or ascending(4), key=lambda k: k.address)
        self.options = options
        self.genesis = genesis_header(self.keys, **fields)
        self.chain = FakeChain(self.genesis)
        self.history = VotingHistory(self.chain, VERIFIER, options.epoch)

    def unsealed(
        self, parent: Header, vote: tuple[Address, bool] | None = None, **fields: object
    ) -> Header:
        voting = self.history.after(parent.hash())
        assert voting is not None
        header = replace(
            parent,
            parent_hash=parent.hash(),
            number=parent.number + 1,
            timestamp=parent.timestamp + self.options.period,
            base_fee=next_base_fee(parent, london_block=self.options.london_block),
            coinbase=vote[0] if vote else ZERO_ADDRESS,
            nonce=NONCE_ADD if vote and vote[1] else NONCE_DROP,
            extra_data=IstanbulExtra(VANITY, voting.validators).encode(),
        )
        return replace(header, **fields)  # type: ignore[arg-type]

    def propose(
        self,
        parent: Header,
        signer: PrivateKey,
        vote: tuple[Address, bool] | None = None,
        **fields: object,
    ) -> Block:
        """Give a block with a proposer's seal that is not stored."""
        return Block(seal_header(self.unsealed(parent, vote, **fields), signer), ())

    def extend(
        self, parent: Header, signer: PrivateKey, vote: tuple[Address, bool] | None = None
    ) -> Header:
        header = self.propose(parent, signer, vote).header
        self.chain.add(header)
        return header

    def engine(self, signer: PrivateKey | None = None) -> Ibft1Engine:
        lent = Capabilities(self.chain, VERIFIER, TreeEntropy(7, "ibft1"), signer, memo=MEMO)
        return Ibft1Engine(self.options, lent)

    def started(
        self, signer: PrivateKey | None = None, wal: tuple[bytes, ...] = (), now: int | None = None
    ) -> Ibft1Engine:
        engine = self.engine(signer)
        head = self.chain.headers[self.chain.head]
        engine.handle(Start(head, wal), head.timestamp * SECOND if now is None else now)
        return engine

    def leader(self, height: int = 1, round_: int = 0) -> PrivateKey:
        """Give who leads a round on genesis, while all blocks are made in turn."""
        return self.keys[(height - 1 + round_) % len(self.keys)]


def certificate(block: Block, keys: Sequence[PrivateKey]) -> bytes:
    """Give committed seals of ``keys`` over a block, in their order."""
    digest = commit_digest(block.header.hash())
    return encode_certificate([k.sign(digest) for k in keys])


def message(
    signer: PrivateKey, code: int, view: tuple[int, int], what: Block | Hash32
) -> MessageReceived:
    """Give a signed message as an event; a view is (round, height)."""
    block = what if isinstance(what, Block) else None
    digest = what.header.hash() if isinstance(what, Block) else what
    return received(sign_message(signer, code, view, digest, block), signer.address)


def received(raw: bytes, peer: Address) -> MessageReceived:
    return MessageReceived(raw, keccak256(raw), peer)


def sent(effects: Sequence[Effect]) -> list[bytes]:
    return [effect.message for effect in effects if isinstance(effect, Multicast)]


def reasons(effects: Sequence[Effect]) -> list[object]:
    """Give why messages, blocks and builds were dropped."""
    return [
        dict(effect.data).get("reason") or dict(effect.data).get("error")
        for effect in effects
        if isinstance(effect, Trace) and effect.rule.endswith(("Dropped", "Refused"))
    ]
