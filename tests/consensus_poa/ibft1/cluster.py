"""Several IBFT 1 engines that exchange messages and blocks in virtual time.

Execution is a stub: after a millisecond a block is what ``judge`` says of it.
"""

import heapq
from collections.abc import Callable

from node.base.block import Block
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Hash32
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
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.interface import Capabilities
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, FakeChain, ascending
from tests.consensus_poa.ibft1.chains import MEMO, OPTIONS, answer, genesis_header, received

WORK_US = 1_000
LATENCY_US = 20_000


class Member:
    """One node: engine, chain, log, timers."""

    def __init__(self, genesis: Header, options: Ibft1Options, key: PrivateKey) -> None:
        self.key = key
        self.options = options
        self.chain = FakeChain(genesis)
        self.bodies: dict[Hash32, tuple[Block, bytes | None]] = {}
        self.wal: list[bytes] = []
        self.timers: dict[TimerId, int] = {}
        self.traces: list[Trace] = []
        self.evidence: list[ReportEvidence] = []
        self.is_up = True
        self.engine = self.fresh_engine()

    def fresh_engine(self) -> Ibft1Engine:
        entropy = TreeEntropy(1, self.key.address.hex())
        lent = Capabilities(self.chain, VERIFIER, entropy, self.key, memo=MEMO)
        return Ibft1Engine(self.options, lent)

    def head(self) -> Header:
        return self.chain.headers[self.chain.head]

    def branch(self) -> list[tuple[Block, bytes | None]]:
        """Give blocks and certificates, oldest first, without genesis."""
        found: list[tuple[Block, bytes | None]] = []
        at = self.chain.head
        while at in self.bodies:
            found.append(self.bodies[at])
            at = self.bodies[at][0].header.parent_hash
        return found[::-1]

    def note(self, effect: Effect) -> None:
        """Keep what is said for people and checkers."""
        match effect:
            case Trace():
                self.traces.append(effect)
            case ReportEvidence():
                self.evidence.append(effect)
            case Finalized():
                assert effect.hash in self.bodies
            case _:
                raise AssertionError(effect)

    def rules(self) -> list[str]:
        return [effect.rule for effect in self.traces]


class Cluster:
    """Members, links and one heap of events; all clocks agree unless ``offsets`` says more."""

    def __init__(self, size: int = 4, options: Ibft1Options = OPTIONS) -> None:
        keys = ascending(size)
        genesis = genesis_header(keys)
        self.members = [Member(genesis, options, key) for key in keys]
        self.peers = {key.address: index for index, key in enumerate(keys)}
        self.offsets: dict[int, int] = {}
        self.now = GENESIS_TIME * 10**6
        self.connected: Callable[[int, int], bool] = lambda _a, _b: True
        self.passes: Callable[[int, int, bytes], bool] = lambda _a, _b, _raw: True
        self.judge: Callable[[Block], str | None] = lambda _block: None
        self.transactions: tuple[bytes, ...] = ()
        self.answer_delay_us = WORK_US
        self.has_twins = False
        """Whether each event also goes to an engine restored from a snapshot, and must agree."""
        self.said: list[bytes] = []
        """Every message that was sent, in order."""
        self._latency = TreeEntropy(1, "latency")
        self._heap: list[tuple[int, int, int, Event, int]] = []
        self._count = 0
        for index, member in enumerate(self.members):
            self.post(index, Start(member.head()), 1 + index)

    def post(self, index: int, event: Event, delay_us: int) -> None:
        self._count += 1
        at = self.now + max(1, delay_us)
        heapq.heappush(self._heap, (at, self._count, index, event, id(self.members[index].engine)))

    def run(self, seconds: int) -> None:
        """Let virtual time pass."""
        end = self.now + seconds * 10**6
        while self._heap and self._heap[0][0] <= end:
            self.now, _, index, event, addressee = heapq.heappop(self._heap)
            member = self.members[index]
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
        twin = member.fresh_engine() if self.has_twins else None
        if twin is not None:
            twin.restore(member.engine.snapshot())
        effects = member.engine.handle(event, local)
        if twin is not None:
            assert twin.handle(event, local) == effects
            assert twin.snapshot() == member.engine.snapshot()
        for effect in effects:
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
                built = answer(member.chain.headers[effect.parent], effect, *self.transactions)
                self.post(index, BlockBuilt(effect.request, built), self.answer_delay_us)
            case ValidateBlock():
                block_hash = effect.block.header.hash()
                verdict = BlockValidated(block_hash, self.judge(effect.block))
                self.post(index, verdict, self.answer_delay_us)
            case ImportBlock():
                block_hash = member.chain.add(effect.block.header)
                member.bodies[block_hash] = (effect.block, effect.certificate)
            case SetHead():
                member.chain.head = effect.hash
                self.post(index, NewChainHead(member.head()), self.answer_delay_us)
            case Multicast():
                self._multicast(index, effect)
            case BroadcastBlock():
                for other in range(len(self.members)):
                    self.send_block(index, other, effect.block, effect.certificate)
            case RequestSync():
                self._sync(index, effect)
            case _:
                member.note(effect)

    def _multicast(self, index: int, effect: Multicast) -> None:
        source = self.members[index].key.address
        self.said.append(effect.message)
        for address, other in self.peers.items():
            named = address in effect.to if effect.to else address not in effect.exclude
            if named and other != index and self.passes(index, other, effect.message):
                self._post_over(index, other, received(effect.message, source))

    def send_block(self, source: int, target: int, block: Block, proof: bytes | None) -> None:
        if source != target:
            peer = self.members[source].key.address
            self._post_over(source, target, BlockReceived(block, proof, peer))

    def _post_over(self, source: int, target: int, event: MessageReceived | BlockReceived) -> None:
        if self.connected(source, target):
            self.post(target, event, LATENCY_US + self._latency.below(LATENCY_US))

    def _sync(self, index: int, effect: RequestSync) -> None:
        source = (index + 1) % len(self.members)
        if effect.peer is not None:
            source = self.peers[effect.peer]
        if self.members[source].is_up:
            for block, proof in self.members[source].branch()[effect.above_height :]:
                self.send_block(source, index, block, proof)

    def crash(self, index: int) -> None:
        self.members[index].is_up = False

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
            for block, proof in member.branch():
                for other in range(len(self.members)):
                    self.send_block(index, other, block, proof)

    def heights(self) -> list[int]:
        return [member.head().number for member in self.members]

    def decided(self, number: int) -> set[Hash32]:
        """Give every hash that some member decided at a height."""
        found = [member.chain.header_by_number(number) for member in self.members]
        return {header.hash() for header in found if header is not None}
