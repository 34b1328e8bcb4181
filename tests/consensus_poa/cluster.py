"""Several engines that exchange blocks in virtual time: the smallest driver that is honest.

Execution is a stub: every block is valid after a millisecond unless its hash is in ``invalid``.
"""

import heapq
from collections.abc import Callable
from dataclasses import replace

from node.base.block import Block
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.consensus_poa.base_fee import next_base_fee
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    BuildBlock,
    CancelTimer,
    Effect,
    ImportBlock,
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
    NewChainHead,
    Start,
    TimerExpired,
    TimerId,
)
from node.consensus_poa.interface import Capabilities
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, FakeChain

WORK_US = 1_000
LATENCY_US = 20_000
START_US = GENESIS_TIME * 10**6
TRANSACTION = b"\x02" + b"\xc0"
"""The stub executes nothing, so any envelope will do."""


class Member:
    """One node of a cluster: engine, chain, log, timers."""

    def __init__(self, genesis: Header, options: CliqueOptions, key: PrivateKey, seed: int) -> None:
        self.key = key
        self.options = options
        self.chain = FakeChain(genesis)
        self.bodies: dict[Hash32, Block] = {}
        self.entropy = TreeEntropy(seed, "node", key.address.hex(), "wiggle")
        self.wal: list[bytes] = []
        self.timers: dict[TimerId, int] = {}
        self.traces: list[Trace] = []
        self.evidence: list[ReportEvidence] = []
        self.log: list[tuple[Event, int]] = []
        self.is_up = True
        self.engine = self.fresh_engine()

    def fresh_engine(self) -> CliqueEngine:
        lent = Capabilities(self.chain, VERIFIER, self.entropy, self.key)
        return CliqueEngine(self.options, lent)

    def store(self, block: Block) -> None:
        self.bodies[self.chain.add(block.header)] = block

    def head(self) -> Header:
        return self.chain.headers[self.chain.head]

    def branch(self) -> list[Block]:
        """Give the blocks of the chain, oldest first, without genesis."""
        found: list[Block] = []
        at = self.chain.head
        while at in self.bodies:
            found.append(self.bodies[at])
            at = self.bodies[at].header.parent_hash
        return found[::-1]


class Cluster:
    """Members, links and one heap of events."""

    def __init__(
        self,
        genesis: Header,
        options: CliqueOptions,
        keys: list[PrivateKey],
        *,
        seed: int = 1,
        clock_offsets_us: dict[int, int] | None = None,
    ) -> None:
        self.members = [Member(genesis, options, key, seed) for key in keys]
        self.peers = {key.address: index for index, key in enumerate(keys)}
        self.offsets = clock_offsets_us or {}
        self.now = START_US
        self.connected: Callable[[int, int], bool] = lambda _a, _b: True
        self.transactions: tuple[bytes, ...] = ()
        self.invalid: set[Hash32] = set()
        self._latency = TreeEntropy(seed, "latency")
        self._heap: list[tuple[int, int, int, Event, int]] = []
        self._count = 0
        for index, member in enumerate(self.members):
            self.post(index, Start(member.head()), 1 + index)

    def post(self, index: int, event: Event, delay_us: int) -> None:
        """Hand ``event`` to a member after ``delay_us``, at least 1."""
        self._count += 1
        at = self.now + max(1, delay_us)
        heapq.heappush(self._heap, (at, self._count, index, event, id(self.members[index].engine)))

    def run(self, seconds: int) -> None:
        """Let virtual time pass."""
        end = self.now + seconds * 10**6
        while self._heap and self._heap[0][0] <= end:
            self.now, _, index, event, addressee = heapq.heappop(self._heap)
            member = self.members[index]
            # what was under way to a crashed engine is void, timers too
            if member.is_up and (addressee == id(member.engine) or isinstance(event, Start)):
                self._deliver(index, event)
        self.now = end

    def _deliver(self, index: int, event: Event) -> None:
        member = self.members[index]
        local = self.now + self.offsets.get(index, 0)
        if isinstance(event, TimerExpired):
            if member.timers.get(event.timer, local + 1) > local:
                return  # cancelled, or replaced by a later one
            del member.timers[event.timer]
        member.log.append((event, local))
        for effect in member.engine.handle(event, local):
            self._execute(index, effect, local)

    def _execute(self, index: int, effect: Effect, local: int) -> None:
        member = self.members[index]
        match effect:
            case AppendWal():
                member.wal.append(effect.entry)
            case ScheduleTimer():
                member.timers[effect.timer] = effect.at
                self.post(index, TimerExpired(effect.timer), effect.at - local)
            case CancelTimer():
                member.timers.pop(effect.timer, None)
            case BuildBlock():
                done = {raw for block in member.branch() for raw in block.transactions}
                pool = tuple(raw for raw in self.transactions if raw not in done)
                built = build(member.chain.headers[effect.parent], effect, pool)
                self.post(index, BlockBuilt(effect.request, built), WORK_US)
            case ValidateBlock():
                block_hash = effect.block.header.hash()
                error = "state_root" if block_hash in self.invalid else None
                self.post(index, BlockValidated(block_hash, error), WORK_US)
            case ImportBlock():
                member.store(effect.block)
            case SetHead():
                member.chain.head = effect.hash
                self.post(index, NewChainHead(member.head()), 1)
            case BroadcastBlock():
                for other in range(len(self.members)):
                    self.send(index, other, effect.block)
            case RequestSync():
                self._sync(index, effect)
            case Trace():
                member.traces.append(effect)
            case ReportEvidence():
                member.evidence.append(effect)
            case _:
                raise AssertionError(effect)

    def send(self, source: int, target: int, block: Block) -> None:
        """Put a block onto a link, if the link is up."""
        if source != target and self.connected(source, target):
            peer = self.members[source].key.address
            delay = LATENCY_US + self._latency.below(LATENCY_US)
            self.post(target, BlockReceived(block, None, peer), delay)

    def _sync(self, index: int, effect: RequestSync) -> None:
        source = (index + 1) % len(self.members)
        if effect.peer is not None:
            source = self.peers[effect.peer]
        if self.members[source].is_up:
            for block in self.members[source].branch()[effect.above_height :]:
                self.send(source, index, block)

    def crash(self, index: int, *, lose_blocks: int = 0) -> None:
        """Stop a member; its newest blocks were not yet durable, its log was."""
        member = self.members[index]
        member.is_up = False
        for _ in range(lose_blocks):
            lost = member.head()
            member.chain.head = lost.parent_hash
            for table in (member.chain.headers, member.chain.weights, member.bodies):
                table.pop(lost.hash())

    def restart(self, index: int) -> None:
        """Start a member again from chain and log."""
        member = self.members[index]
        member.is_up = True
        member.timers.clear()
        member.engine = member.fresh_engine()
        self.post(index, Start(member.head(), tuple(member.wal)), 1)

    def announce(self) -> None:
        """Let every member send its chain to all others, as peers do that meet again."""
        for index, member in enumerate(self.members):
            for block in member.branch():
                for other in range(len(self.members)):
                    self.send(index, other, block)

    def heads(self) -> set[Hash32]:
        return {member.chain.head for member in self.members}


def build(parent: Header, request: BuildBlock, transactions: tuple[bytes, ...]) -> Block:
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
