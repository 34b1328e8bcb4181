"""Several QBFT engines in virtual time, and one engine alone with the keys of all others.

Execution is a stub: every block is valid after a millisecond unless its hash is in ``invalid``.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace

from node.base.block import Block
from node.base.errors import UnknownBlockError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import EMPTY_TRIE_ROOT, ZERO_HASH, Address, Hash32
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    BuildBlock,
    CancelTimer,
    Effect,
    Finalized,
    ImportBlock,
    Multicast,
    ReportEvidence,
    RequestSync,
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
)
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.memo import Memo
from node.consensus_poa.qbft.engine import QbftEngine
from node.consensus_poa.qbft.header import MIX_HASH, genesis_extra
from node.consensus_poa.qbft.options import QbftOptions
from tests.base.headers import empty_header
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, FakeChain, ascending

WORK_US = 1_000
LATENCY_US = 20_000
START_US = GENESIS_TIME * 10**6
MEMO = Memo()
OPTIONS = QbftOptions(period=5, relays=False)


def genesis_of(keys: Sequence[PrivateKey], options: QbftOptions = OPTIONS) -> Header:
    listed = [k.address for k in keys] if options.validators_from == "header" else []
    return replace(
        empty_header(),
        timestamp=GENESIS_TIME,
        mix_hash=MIX_HASH,
        extra_data=genesis_extra(listed),
        withdrawals_root=EMPTY_TRIE_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
    )


class FixedSet:
    """A contract's set: ``changes`` maps a height to the set that decides it, from then on."""

    def __init__(self, chain: FakeChain, keys: Sequence[PrivateKey]) -> None:
        self.chain = chain
        self.changes = {1: tuple(sorted(k.address for k in keys))}

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        header = self.chain.headers.get(block_hash)
        if header is None:
            raise UnknownBlockError(block_hash.hex())
        return self.changes[max(h for h in self.changes if h <= header.number + 1)]

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        return self.validators_after_block(self.chain.headers[block_hash].parent_hash)


def build(parent: Header, request: BuildBlock, transactions: tuple[bytes, ...] = ()) -> Block:
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


class Member:
    """One node: engine, chain, log, timers."""

    def __init__(self, genesis: Header, options: QbftOptions, key: PrivateKey | None) -> None:
        self.key, self.options = key, options
        self.chain = FakeChain(genesis)
        self.sets = FixedSet(self.chain, [])
        self.bodies: dict[Hash32, tuple[Block, bytes | None]] = {}
        self.wal: list[bytes] = []
        self.timers: dict[TimerId, int] = {}
        self.traces: list[Trace] = []
        self.evidence: list[ReportEvidence] = []
        self.final: list[tuple[int, Hash32]] = []
        self.syncs: list[RequestSync] = []
        self.said: list[bytes] = []
        self.log: list[tuple[Event, int]] = []
        self.is_up = True
        self.engine = self.fresh_engine()

    def fresh_engine(self) -> QbftEngine:
        lent = Capabilities(
            self.chain, VERIFIER, TreeEntropy(1, "unused"), self.key, self.sets, MEMO
        )
        return QbftEngine(self.options, lent)

    def note(self, effect: Effect) -> None:
        if isinstance(effect, Trace):
            self.traces.append(effect)
        else:
            assert isinstance(effect, ReportEvidence)
            self.evidence.append(effect)

    def head(self) -> Header:
        return self.chain.headers[self.chain.head]

    def branch(self) -> list[tuple[Block, bytes | None]]:
        found: list[tuple[Block, bytes | None]] = []
        at = self.chain.head
        while at in self.bodies:
            found.append(self.bodies[at])
            at = self.bodies[at][0].header.parent_hash
        return found[::-1]


class Network:
    """Members, links and one heap of events."""

    def __init__(
        self,
        count: int,
        options: QbftOptions = OPTIONS,
        *,
        seed: int = 1,
        observers: int = 0,
        validators: int | None = None,
    ) -> None:
        self.keys = ascending(count)
        first = self.keys[: validators or count]
        genesis = genesis_of(first, options)
        keys: list[PrivateKey | None] = [*self.keys, *[None] * observers]
        self.members = [Member(genesis, options, key) for key in keys]
        for member in self.members:
            member.sets.changes[1] = tuple(sorted(k.address for k in first))
        self.now = START_US
        self.connected: Callable[[int, int], bool] = lambda _a, _b: True
        self.delivers: Callable[[int, int, bytes], int] = lambda _a, _b, _m: 1
        """How many copies of a message arrive."""
        self.latency_us = LATENCY_US
        self.transactions: tuple[bytes, ...] = ()
        self.invalid: set[Hash32] = set()
        self._random = TreeEntropy(seed, "latency")
        self._heap: list[tuple[int, int, int, Event, int]] = []
        self._count = 0
        for index, member in enumerate(self.members):
            self.post(index, Start(member.head()), 1 + index)

    def address(self, index: int) -> Address:
        key = self.members[index].key
        return Address(bytes([index]) * 20) if key is None else key.address

    def post(self, index: int, event: Event, delay_us: int) -> None:
        self._count += 1
        at = self.now + max(1, delay_us)
        heapq.heappush(self._heap, (at, self._count, index, event, id(self.members[index].engine)))

    def run(self, seconds: int) -> None:
        end = self.now + seconds * 10**6
        while self._heap and self._heap[0][0] <= end:
            self.now, _, index, event, addressee = heapq.heappop(self._heap)
            member = self.members[index]
            if member.is_up and (addressee == id(member.engine) or isinstance(event, Start)):
                self._deliver(index, event)
        self.now = end

    def _deliver(self, index: int, event: Event) -> None:
        member = self.members[index]
        if isinstance(event, TimerExpired):
            if member.timers.get(event.timer, self.now + 1) > self.now:
                return  # cancelled, or replaced by a later one
            del member.timers[event.timer]
        member.log.append((event, self.now))
        for effect in member.engine.handle(event, self.now):
            self._execute(index, effect)

    def _execute(self, index: int, effect: Effect) -> None:
        member = self.members[index]
        match effect:
            case AppendWal():
                member.wal.append(effect.entry)
            case ScheduleTimer():
                member.timers[effect.timer] = effect.at
                self.post(index, TimerExpired(effect.timer), effect.at - self.now)
            case CancelTimer():
                member.timers.pop(effect.timer, None)
            case BuildBlock():
                done = {raw for block, _ in member.branch() for raw in block.transactions}
                pool = tuple(raw for raw in self.transactions if raw not in done)
                built = build(member.chain.headers[effect.parent], effect, pool)
                self.post(index, BlockBuilt(effect.request, built), WORK_US)
            case ValidateBlock():
                block_hash = effect.block.header.hash()
                error = "state_root" if block_hash in self.invalid else None
                self.post(index, BlockValidated(block_hash, error), WORK_US)
            case ImportBlock():
                member.chain.add(effect.block.header)
                member.bodies[effect.block.header.hash()] = effect.block, effect.certificate
            case SetHead():
                member.chain.head = effect.hash
                self.post(index, NewChainHead(member.head()), 1)
            case Finalized():
                member.final.append((effect.height, effect.hash))
            case BroadcastBlock():
                for other in range(len(self.members)):
                    self.send_block(index, other, effect.block, effect.certificate)
            case Multicast():
                self._multicast(index, effect)
            case RequestSync():
                member.syncs.append(effect)
                self._sync(index, effect)
            case _:
                member.note(effect)

    def _multicast(self, index: int, effect: Multicast) -> None:
        self.members[index].said.append(effect.message)
        for other in range(len(self.members)):
            address = self.address(other)
            is_meant = not effect.to or address in effect.to
            if other != index and is_meant and address not in effect.exclude:
                self.send(index, other, effect.message)

    def send(self, source: int, target: int, message: bytes) -> None:
        if not self.connected(source, target):
            return
        event = MessageReceived(message, keccak256(message), self.address(source))
        for _ in range(self.delivers(source, target, message)):
            self.post(target, event, self.latency_us + self._random.below(self.latency_us))

    def send_block(self, source: int, target: int, block: Block, certificate: bytes | None) -> None:
        if source != target and self.connected(source, target):
            event = BlockReceived(block, certificate, self.address(source))
            self.post(target, event, self.latency_us + self._random.below(self.latency_us))

    def _sync(self, index: int, effect: RequestSync) -> None:
        source = (index + 1) % len(self.members)
        for other in range(len(self.members)):
            if self.address(other) == effect.peer:
                source = other
        if self.members[source].is_up:
            for block, certificate in self.members[source].branch()[effect.above_height :]:
                self.send_block(source, index, block, certificate)

    def crash(self, index: int) -> None:
        self.members[index].is_up = False

    def restart(self, index: int, *, keeps_wal: bool = True) -> None:
        member = self.members[index]
        member.is_up = True
        member.timers.clear()
        member.engine = member.fresh_engine()
        wal = tuple(member.wal) if keeps_wal else ()
        self.post(index, Start(member.head(), wal), 1)

    def heights(self) -> list[int]:
        return [member.head().number for member in self.members]

    def assert_agreement(self) -> None:
        decided: dict[int, Hash32] = {}
        for member in self.members:
            for height, block_hash in member.final:
                assert decided.setdefault(height, block_hash) == block_hash, height


def traced(member: Member) -> list[str]:
    return [effect.rule for effect in member.traces]
