"""One engine, and the keys of everybody: each message it may get can be forged here."""

from collections.abc import Sequence
from dataclasses import replace

from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.consensus_poa.effects import (
    AppendWal,
    BuildBlock,
    Effect,
    ImportBlock,
    Multicast,
    ReportEvidence,
    ScheduleTimer,
    SetHead,
    Trace,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    Event,
    MessageReceived,
    NewChainHead,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.qbft.engine import QbftEngine
from node.consensus_poa.qbft.header import QbftExtra, commit_digest, encode_certificate
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Commit,
    Prepare,
    Proposal,
    RoundChange,
    SignedRoundChange,
    signing_digest,
)
from node.consensus_poa.qbft.opened import Candidate, Opened, candidate_of, open_message
from node.consensus_poa.qbft.options import QbftOptions
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, FakeChain, ascending, key
from tests.consensus_poa.qbft.network import MEMO, OPTIONS, FixedSet, build, genesis_of

PERIOD_US = OPTIONS.period * 10**6
READY_US = GENESIS_TIME * 10**6 + PERIOD_US
"""When round 0 of height 1 may start."""
STRANGER = key("stranger")


def sign(signer: PrivateKey, code: int, payload: bytes) -> bytes:
    return signer.sign(signing_digest(code, payload))


def opened(raw: bytes) -> Opened:
    found = open_message(raw, MEMO, VERIFIER)
    assert isinstance(found, Opened), found
    return found


class Solo:
    """An engine at height 1 of ``count`` validators; ``own`` None: an observer.

    ``answers``: builds and validations are answered at once.
    """

    def __init__(
        self,
        count: int = 4,
        own: int | None = 0,
        options: QbftOptions = OPTIONS,
        *,
        answers: bool = True,
        wal: Sequence[bytes] = (),
    ) -> None:
        self.keys = ascending(count)
        self.options, self.answers = options, answers
        self.chain = FakeChain(genesis_of(self.keys, options))
        self.sets = FixedSet(self.chain, self.keys)
        self.own = None if own is None else self.keys[own]
        self.now = READY_US
        self.wal: list[bytes] = []
        self.invalid: set[Hash32] = set()
        self.engine = self.fresh()
        self.begun = self.handle(Start(self.head, tuple(wal)))

    def fresh(self) -> QbftEngine:
        lent = Capabilities(
            self.chain, VERIFIER, TreeEntropy(1, "unused"), self.own, self.sets, MEMO
        )
        return QbftEngine(self.options, lent)

    @property
    def head(self) -> Header:
        return self.chain.headers[self.chain.head]

    # -- events --------------------------------------------------------------------------------

    def handle(self, event: Event) -> list[Effect]:
        """Hand over an event, and the answers to what it asks for; give all effects."""
        found: list[Effect] = []
        events = [event]
        while events:
            for effect in self.engine.handle(events.pop(0), self.now):
                found.append(effect)
                events += self._answers(effect)
        return found

    def _answers(self, effect: Effect) -> list[Event]:
        match effect:
            case AppendWal():
                self.wal.append(effect.entry)
            case ImportBlock():
                self.chain.add(effect.block.header)
            case SetHead() if self.answers:
                self.chain.head = effect.hash
                return [NewChainHead(self.head)]
            case BuildBlock() if self.answers:
                built = build(self.chain.headers[effect.parent], effect)
                return [BlockBuilt(effect.request, built)]
            case ValidateBlock() if self.answers:
                block_hash = effect.block.header.hash()
                error = "state_root" if block_hash in self.invalid else None
                return [BlockValidated(block_hash, error)]
            case _:
                pass
        return []

    def receive(self, *messages: bytes, peer: int = 1) -> list[Effect]:
        found: list[Effect] = []
        for raw in messages:
            event = MessageReceived(raw, keccak256(raw), self.keys[peer].address)
            found += self.handle(event)
        return found

    def expire(self, kind: TimerKind = TimerKind.BLOCK, round_: int = 0) -> list[Effect]:
        return self.handle(TimerExpired(TimerId(kind, self.head.number + 1, round_)))

    def time_out(self, round_: int) -> list[Effect]:
        """Let the ROUND timer of ``round_`` expire when it is due."""
        self.now += self.options.request_timeout_us << round_
        return self.expire(TimerKind.ROUND, round_)

    # -- forging -------------------------------------------------------------------------------

    def block(self, builder: int = 0, round_: int = 0, **fields: object) -> Block:
        """Give a right block on the head as a proposal of ``round_`` carries it."""
        parent = self.head
        header = replace(
            parent,
            parent_hash=parent.hash(),
            number=parent.number + 1,
            timestamp=parent.timestamp + self.options.period,
            coinbase=self.keys[builder].address,
            extra_data=replace(
                QbftExtra.decode(parent.extra_data), round=round_, seals=(), vote=None
            ).encode(),
            gas_used=0,
            base_fee=next_base_fee(parent),
        )
        transactions = fields.pop("transactions", ())
        return Block(replace(header, **fields), transactions)  # type: ignore[arg-type]

    def candidate(self, block: Block, round_: int = 0) -> Candidate:
        found = candidate_of(block, round_)
        assert found is not None
        return found

    def digest(self, block: Block, round_: int = 0) -> Hash32:
        return commit_digest(block.header, QbftExtra.decode(block.header.extra_data), round_)

    def proposal(
        self,
        author: int,
        block: Block,
        round_: int = 0,
        changes: Sequence[bytes] = (),
        prepares: Sequence[bytes] = (),
    ) -> bytes:
        bare = Proposal(self.head.number + 1, round_, block)
        signature = sign(self.keys[author], PROPOSAL, bare.payload())
        signed = [opened(raw).message for raw in changes]
        votes = [opened(raw).message for raw in prepares]
        return replace(
            bare,
            signature=signature,
            round_changes=tuple(c.signed for c in signed if isinstance(c, RoundChange)),
            prepares=tuple(p for p in votes if isinstance(p, Prepare)),
        ).encode()

    def prepare(
        self, author: int, digest: Hash32, round_: int = 0, height: int | None = None
    ) -> bytes:
        bare = Prepare(height or self.head.number + 1, round_, digest)
        return replace(bare, signature=sign(self.keys[author], PREPARE, bare.payload())).encode()

    def commit(
        self, author: int, digest: Hash32, round_: int = 0, sealer: int | None = None
    ) -> bytes:
        seal = self.keys[author if sealer is None else sealer].sign(digest)
        bare = Commit(self.head.number + 1, round_, digest, seal)
        return replace(bare, signature=sign(self.keys[author], COMMIT, bare.payload())).encode()

    def change(
        self,
        author: int,
        round_: int,
        prepared: int | None = None,
        block: Block | None = None,
        prepares: Sequence[bytes] = (),
    ) -> bytes:
        metadata = None
        if prepared is not None and block is not None:
            metadata = (prepared, self.digest(block, prepared))
        bare = SignedRoundChange(self.head.number + 1, round_, metadata)
        signature = sign(self.keys[author], ROUND_CHANGE, bare.payload())
        votes = [opened(raw).message for raw in prepares]
        return RoundChange(
            replace(bare, signature=signature),
            block,
            tuple(p for p in votes if isinstance(p, Prepare)),
        ).encode()

    def sealed(self, block: Block, sealers: Sequence[int], round_: int = 0) -> BlockReceived:
        """Give a canonical block with a certificate."""
        digest = self.digest(block, round_)
        seals = [self.keys[i].sign(digest) for i in sealers]
        candidate = self.candidate(block)
        certificate = encode_certificate(round_, seals)
        return BlockReceived(candidate.block, certificate, self.keys[1].address)


# -- reading effects ------------------------------------------------------------------------------


def rules(effects: Sequence[Effect]) -> list[str]:
    return [effect.rule for effect in effects if isinstance(effect, Trace)]


def said(effects: Sequence[Effect]) -> list[Opened]:
    """Give the messages that go out, in order."""
    return [opened(effect.message) for effect in effects if isinstance(effect, Multicast)]


def codes(effects: Sequence[Effect]) -> list[int]:
    return [message.code for message in said(effects)]


def evidence(effects: Sequence[Effect]) -> list[ReportEvidence]:
    return [effect for effect in effects if isinstance(effect, ReportEvidence)]


def reasons(effects: Sequence[Effect]) -> list[str]:
    """Give the reasons that refusals name."""
    return [
        str(value)
        for effect in effects
        if isinstance(effect, Trace)
        for name, value in effect.data
        if name in ("reason", "error")
    ]


def armed(effects: Sequence[Effect]) -> dict[TimerId, int]:
    return {e.timer: e.at for e in effects if isinstance(e, ScheduleTimer)}
