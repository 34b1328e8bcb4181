"""One simulated network: hosts, links, and what checkers are told about them."""

from collections.abc import Callable
from typing import Final, TypeAlias

from node.app.events import (
    Event,
    FrameReceived,
    HeadMoved,
    Noted,
    PeerConnected,
    PeerLost,
    SealingPaused,
    Started,
)
from node.app.founding import found
from node.app.node_core import NodeCore, NodeParts, safe_depth
from node.base.errors import WardnetError
from node.base.rng import TreeEntropy
from node.base.types import Address, Cid, Hash32
from node.evm.beginning import Beginning
from node.ipfs_lite.errors import CorruptBlockError
from node.privacy.custody_epochs import Revocation
from node.sim.cast import Cast, cast_all, cast_hospitals, secrets_of
from node.sim.counters import Counters
from node.sim.disks import Disk
from node.sim.engine_plans import engine_plan
from node.sim.fabric import Fabric, ways_of
from node.sim.facts import (
    BlockStored,
    BytesSeen,
    EvidenceReported,
    Fact,
    FinalAt,
    HeadAt,
    MessageSent,
    NodeTurned,
    ReceiptSigned,
    ValidatorsAfter,
)
from node.sim.faults.bent import Bends
from node.sim.faults.bent_custodian import CustodyBends
from node.sim.faults.planted import plants
from node.sim.flow_driver import FlowDriver
from node.sim.founding_plan import founding_plan
from node.sim.history import NOTES_KEPT, EventKind, History, JsonValue, as_json
from node.sim.hosts import CpuSpec, Host, LocalClock
from node.sim.kernel import Kernel, Priority
from node.sim.link import Link
from node.sim.loot import Loot
from node.sim.memo import Executions
from node.sim.message_trace import Message
from node.sim.repair_plans import repair_plan
from node.sim.roster import Member, members
from node.sim.rotation import Rotations
from node.sim.schema.expectations import ValidatorSetPure
from node.sim.schema.injection import is_engine_fault
from node.sim.schema.scenario import Scenario
from node.sim.topology import link_specs
from node.sim.trace import Trace
from node.sss.terms import Profile
from node.storage.shared_nodes import NodePool

Listener: TypeAlias = Callable[[Fact], None]

MESSAGES_KEPT_MAX: Final = 200
"""Frames that the report draws."""
SETTLE_US: Final = 10_000_000
"""What is under way at the horizon has this long to arrive: two retransmissions and a fetch."""


class World:
    """Everything that a scenario's steps act on.  Also the ``Surroundings`` of its hosts."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.kernel = Kernel(scenario.run.budget.events)
        self.trace = Trace()
        self.history = History()
        self.counters = Counters()
        self.messages: list[Message] = []
        self.listeners: list[Listener] = []
        """Told every fact but ``BytesSeen``."""
        self.scanners: list[Listener] = []
        """Told ``BytesSeen``, which is most facts of a run and matters to few."""
        self.on_change: list[Callable[[], None]] = []
        """Called once at an instant at which the state of some node changed."""
        self.stored_at: dict[bytes, dict[str, int]] = {}
        """Block hash: when each node stored it, world time."""
        self.receipts: list[bytes] = []
        self.loot = Loot()
        self._check_due = False
        self._tells_sets = any(
            isinstance(one.predicate, ValidatorSetPure) for one in scenario.expect
        )
        hospitals = cast_hospitals(scenario)
        self.engine = engine_plan(scenario)
        founding = found(founding_plan(scenario, hospitals, self.engine))
        self.beginning = Beginning(founding.genesis)
        self.pool = NodePool()
        """Trie nodes and code of all nodes; each opens only the states that it received."""
        self.executions = Executions(scenario, founding.genesis)
        self.verifier = self.executions.verifier
        self.cast: Cast = cast_all(scenario, hospitals, founding.contracts)
        self.members = members(scenario.network, scenario.faults)
        is_honest = not any(map(is_engine_fault, scenario.faults))
        self.bends = Bends(is_honest=is_honest, plants=plants(scenario))
        """What Byzantine nodes do; honest nodes have nothing there."""
        self.hosts: dict[str, Host] = {}
        self.custody_bends = CustodyBends(lambda: self.kernel.now, self.hosts)
        self.before_start: list[Callable[[str], None]] = []
        """Called with the name of a node that starts again, before its core is built."""
        self.disks = {one.name: Disk.empty(self.pool) for one in self.members}
        self.nodes: dict[str, NodeCore] = {}
        self.rotations = Rotations(self._members_at, self._restart)
        self.listeners.append(self.rotations.observe)
        self.addresses: dict[str, Address] = {}
        """The key of each node."""
        for member in self.members:
            self._add_node(member)
        seed = scenario.run.seed
        specs = link_specs(scenario.network, self.members)
        links = {ends: Link(seed, *ends, spec) for ends, spec in specs.items()}
        self.fabric = Fabric(self.kernel, links, self)
        self._ways = ways_of(links, self.addresses)
        firsts = {self.addresses[name]: host for name, host in reversed(self.hosts.items())}
        self.flows = FlowDriver(self.kernel, firsts)

    @property
    def safe_depth(self) -> int | None:
        """Give how far below the head a block counts as final; None: the engine says."""
        if self.engine.has_finality:
            return None
        return safe_depth(len(self.scenario.network.validators))

    def start(self) -> None:
        """Start all nodes at T = 0 and connect them."""
        for host in self.hosts.values():
            host.offer(Priority.COMPLETION, Started())
        self.fabric.connect_all()

    def stop_node(self, name: str) -> None:
        """Take a machine down at once."""
        host = self.hosts[name]
        host.stop()
        self.fabric.stopped(name)
        self.flows.stopped(host)
        self.tell(NodeTurned(name, "down"))

    def start_node(self, name: str) -> None:
        """Start a machine again: its core is built from its disk, as at the first start."""
        for listener in self.before_start:
            listener(name)
        member = next(one for one in self.members if one.name == name)
        self.nodes[name] = core = self._core(member)
        host = self.hosts[name]
        host.start(core)
        self.tell(NodeTurned(name, "up"))
        host.offer(Priority.COMPLETION, Started())
        self.fabric.started(name)

    def settle(self) -> None:
        """Let no node seal any more, and deliver what is under way.

        Otherwise the last block of a run would be known to its sealer and to nobody else.
        """
        for host in self.hosts.values():
            host.offer(Priority.COMPLETION, SealingPaused())
        self.kernel.run_until(self.kernel.now + SETTLE_US)

    def tell(self, fact: Fact) -> None:
        """Tell checkers and predicates a fact, and have them judge soon."""
        for listener in self.scanners if isinstance(fact, BytesSeen) else self.listeners:
            listener(fact)
        self._judge_soon()

    def _judge_soon(self) -> None:
        if not self._check_due:
            self._check_due = True
            self.kernel.at(self.kernel.now, Priority.CHECK, "", self._check)

    def tell_stores(self) -> None:
        """Show the checkers every block of every chain and store, and the history."""
        for name, core in self.nodes.items():
            for number in range(core.ledger.head.number + 1):
                block_hash = core.ledger.hash_by_number(number)
                block = None if block_hash is None else core.ledger.block(block_hash)
                if block is not None:
                    self.tell(BytesSeen(f"block {number} of {name}", block.encode()))
            for multihash in core.store.store.multihashes():
                cid = Cid(b"\x01\x55" + multihash)
                where = f"block 0x{multihash.hex()[:16]} in the store of {name}"
                try:
                    self.tell(BytesSeen(where, core.store.store.get(cid)))
                except CorruptBlockError as error:
                    why: JsonValue = {"why": str(error)}
                    self.history.append(self.kernel.now, name, "note", "store.block_corrupt", why)
        self.tell(BytesSeen("the history", self.history.text().encode()))

    # -- Ports of the fabric --

    def is_up(self, node: str) -> bool:
        """Say whether a machine runs."""
        return self.hosts[node].is_up

    def connected(self, node: str, peer: str) -> None:
        """Tell a node that a peer is there."""
        self._offer(node, PeerConnected(self.nodes[peer].address))

    def lost(self, node: str, peer: str) -> None:
        """Tell a node that a peer is gone."""
        self._offer(node, PeerLost(self.nodes[peer].address))

    # -- Surroundings --

    def transmit(self, source: str, peers: tuple[Address, ...], payload: bytes) -> None:
        """Put a frame onto the links to all that have the keys of the peers."""
        now, kind, size = self.kernel.now, payload[1], len(payload)
        event = FrameReceived(self.addresses[source], payload)
        send, hosts, ways = self.fabric.send, self.hosts, self._ways[source]
        is_told = bool(self.scanners) or len(self.messages) < MESSAGES_KEPT_MAX
        frames = 0
        for peer in peers:
            for ends in ways[peer]:
                arrival = send(ends, kind, size, hosts[ends[1]].deliver, event)
                frames += 1
                if is_told:
                    self._tell_frame(Message(now, arrival, *ends, kind, size), payload)
        self.counters.frames += frames
        self.counters.bytes += frames * size
        if frames:
            self._judge_soon()

    def _tell_frame(self, message: Message, payload: bytes) -> None:
        if len(self.messages) < MESSAGES_KEPT_MAX:
            self.messages.append(message)
        where = f"frame {message.source} -> {message.target} at {message.sent_us} us"
        for scanner in self.scanners:
            scanner(BytesSeen(where, payload))

    def answered(self, call: int, value: object) -> None:
        """Hand an answer to the flow that asked."""
        self.flows.answered(call, value)

    def failed(self, call: int, error: WardnetError) -> None:
        """Hand an error to the flow that asked."""
        self.flows.failed(call, error)

    def head_moved(self, node: str, move: HeadMoved) -> None:
        """Note a node's new head."""
        header = move.header
        self.trace.head(self.kernel.now, node, move.hash, header.state_root)
        if move.reorg_depth:
            self.counters.reorgs += 1
            depths = self.counters.reorg_depths
            depths[node] = max(depths.get(node, 0), move.reorg_depth)
            value: JsonValue = {"number": header.number, "depth": move.reorg_depth}
            self.history.append(self.kernel.now, node, "head", "reorg", value)
        self.tell(HeadAt(node, move.hash, header.number))
        if self._tells_sets:
            self._tell_set(node, move.hash)

    def noted(self, node: str, note: Noted) -> None:
        """Sort what a node tells: facts for the checkers, lines for the history."""
        data = note.data
        match note.name:
            case "chain.block_stored":
                block_hash, header, at_us = data["hash"], data["header"], data["at"]
                certificate = data.get("certificate")
                assert isinstance(block_hash, bytes)
                assert isinstance(header, bytes)
                assert isinstance(at_us, int)
                assert certificate is None or isinstance(certificate, bytes)
                self.stored_at.setdefault(block_hash, {})[node] = self.kernel.now
                self.tell(BlockStored(node, Hash32(block_hash), header, certificate, at_us))
            case "chain.finalized":
                final_hash, number = data["hash"], data["number"]
                assert isinstance(final_hash, bytes)
                assert isinstance(number, int)
                self.tell(FinalAt(node, Hash32(final_hash), number))
            case "consensus.message_sent":
                payload = data["payload"]
                assert isinstance(payload, bytes)
                self.tell(MessageSent(node, self.engine.name, payload))
            case "chain.block_sealed":
                self.counters.sealed[node] = self.counters.sealed.get(node, 0) + 1
            case "consensus.evidence":
                offender, kind, proof = data["offender"], data["kind"], data["proof"]
                assert isinstance(offender, bytes)
                assert isinstance(kind, str)
                assert isinstance(proof, bytes)
                self.tell(EvidenceReported(node, offender, kind, proof))
            case "custody.receipt_signed":
                receipt = data["receipt"]
                assert isinstance(receipt, bytes)
                self.receipts.append(receipt)
                self.counters.receipt_times.append(self.kernel.now)
                self.tell(ReceiptSigned(node, receipt))
            case _:
                pass
        if note.name in NOTES_KEPT:
            line: EventKind = "evidence" if note.name == "consensus.evidence" else "note"
            self.history.append(self.kernel.now, node, line, note.name, as_json(data))

    # -- inside --

    def _tell_set(self, node: str, block_hash: Hash32) -> None:
        """Tell whom a node takes for the validators after its head, unless it moved on already."""
        core = self.nodes[node]
        if core.ledger.head_hash == block_hash and core.chain.validators:
            members = b"".join(sorted(core.chain.validators))
            self.tell(ValidatorsAfter(node, block_hash, members))

    def _members_at(self, node: str) -> frozenset[Address]:
        return self.nodes[node].chain.validators

    def _restart(self, node: str) -> None:
        """Start a node again with another validator key: a log is of one key."""

        def again() -> None:
            self.disks[node].log.replace(())
            self.stop_node(node)
            self.start_node(node)

        self.kernel.at(self.kernel.now + 1, Priority.FAULT, "", again)

    def _offer(self, target: str, event: Event) -> None:
        self.hosts[target].offer(Priority.DELIVERY, event)

    def _check(self) -> None:
        self._check_due = False
        for listener in self.on_change:
            listener()

    def _core(self, member: Member) -> NodeCore:
        """Build a node from its disk."""
        name, seed = member.name, self.scenario.run.seed
        disk, secrets = self.disks[name], secrets_of(seed, member.key_of)
        execution = self.executions.of(name)
        return NodeCore(
            NodeParts(
                genesis=self.beginning,
                contracts=self.cast.ward.contracts,
                engine=self.bends.plan(name, self.engine),
                signers=len(self.scenario.network.validators),
                signer=secrets.signer,
                sealing_private=secrets.sealing,
                verifier=execution.reading.verifier,
                wiggle=TreeEntropy(seed, "node", name, "wiggle"),
                gossip=TreeEntropy(seed, "node", name, "gossip"),
                sealing=TreeEntropy(seed, "node", name, "sealing"),
                store=disk.blocks,
                custody=disk.custody,
                custodian=self.custody_bends.maker(name),
                revocation=Revocation(self.scenario.records.revocation),
                profile=Profile.SIMULATION,
                ledger_store=disk.ledger,
                executor=execution.executor,
                memo=execution.memo,
                opened=execution.reading.messages,
                blocks=execution.reading.blocks,
                sets=execution.reading.sets,
                is_direct=self.scenario.network.gossip == "direct",
                validator=self.rotations.keys.get(name),
                log=disk.log,
                wrap=lambda engine: self.bends.wrap(name, engine),
                habits=self.bends.habits(name),
                repair=repair_plan(self.scenario, name),
            )
        )

    def _add_node(self, member: Member) -> None:
        scenario, name = self.scenario, member.name
        self.nodes[name] = core = self._core(member)
        self.addresses[name] = core.address
        settings = scenario.network.nodes.get(member.key_of)
        clock, cpu = LocalClock(scenario.run.epoch_us), CpuSpec()
        if settings is not None:
            clock = LocalClock(
                scenario.run.epoch_us, settings.clock.offset_us, settings.clock.drift_ppm
            )
            cpu = CpuSpec(
                settings.cpu.message_us, settings.cpu.signature_us, settings.cpu.gas_per_second
            )
        self.hosts[name] = Host(
            name, core, clock=clock, cpu=cpu, kernel=self.kernel, trace=self.trace, world=self
        )
        self.hosts[name].is_up = not member.is_late
