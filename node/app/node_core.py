"""One node, as a pure core: events in, effects out (style.md section 5).

Wires chain, peers, block store, custody and clients; decides nothing itself.  The simulator and a
real shell run this very class.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.app.access_desk import AccessDesk
from node.app.chain_desk import BuildHabits, ChainDesk
from node.app.client_desk import ClientDesk
from node.app.custodian_questions import CustodianQuestions
from node.app.custody_clerk import CustodyClerk
from node.app.custody_desk import CustodyDesk
from node.app.custody_mending import CustodyMending
from node.app.engines import EnginePlan
from node.app.events import (
    Asked,
    Event,
    FrameReceived,
    Outcome,
    PeerConnected,
    PeerLost,
    SealingPaused,
    Started,
    TimerFired,
    TimerKey,
)
from node.app.final_book import FinalBook
from node.app.ledger_reader import LedgerReader
from node.app.peer_desk import PeerDesk
from node.app.repair_desk import RepairDesk, RepairPlan
from node.app.role_book import RoleBook
from node.app.standing_desk import StandingDesk
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.app.validator_sets import RegistryValidators, SetCache
from node.base.errors import FrameError
from node.base.keys import PrivateKey
from node.base.limits import SHARED_FRAME_BYTES_MAX
from node.base.ports import Entropy, Verifier
from node.base.types import Address
from node.consensus_poa.interface import Capabilities, Engine
from node.consensus_poa.memo import Memo
from node.consensus_poa.watcher import RegistryWatcher
from node.contracts.suite import ContractSuite
from node.evm.beginning import Beginning
from node.evm.executor import Executor
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from node.evm.memo import ExecutionMemo
from node.evm.pool import Pool
from node.ipfs_lite.blockstore import BlockStore
from node.p2p.blocks import BlockMemo
from node.p2p.messages import (
    Consensus,
    Custody,
    CustodyKept,
    Deposit,
    DepositKept,
    Entrust,
    Entrusted,
    Message,
    Reclaim,
    Reclaimed,
    Release,
    Released,
    Renew,
    Renewed,
    RepairAsk,
    RepairMask,
    RepairPart,
    XCopy,
    XGive,
    XWant,
)
from node.p2p.wire import decode
from node.privacy.consent import Domain
from node.privacy.custody import Custodian
from node.privacy.custody_epochs import Revocation
from node.privacy.custody_store import CustodyStore
from node.sss.terms import Profile
from node.storage.engine_log import MemoryEngineLog, WriteAheadLog
from node.storage.ledger_store import LedgerStore

_SHARED_TYPES: Final = (b"\x10", b"\x30")
"""Frames that go to everybody, by their second byte: blocks and messages of consensus."""


def _as_it_is(engine: Engine) -> Engine:
    return engine


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What a node is built of."""

    genesis: Genesis | Beginning
    contracts: ContractSuite
    engine: EnginePlan
    signers: int
    """Validators in the genesis: they fix the depth at which a block counts as final."""
    signer: PrivateKey
    """The node's own key: its name among peers, its custodian's and its clients' signature."""
    sealing_private: bytes
    """X25519 key whose public half stands in HospitalRegistry."""
    verifier: Verifier
    wiggle: Entropy
    gossip: Entropy
    sealing: Entropy
    store: BlockStore
    custody: CustodyStore
    profile: Profile
    custodian: Callable[..., Custodian] = Custodian
    """Makes the custodian of its arguments: a simulated fault makes another one."""
    ledger_store: LedgerStore | None = None
    """None: in memory."""
    executor: Executor | None = None
    """None: py-evm."""
    memo: ExecutionMemo | None = None
    """None: this node executes every block."""
    validator: PrivateKey | None = None
    """The key that blocks are made with since it was rotated; None: the node's own."""
    log: WriteAheadLog = field(default_factory=MemoryEngineLog)
    """The engine's; it must outlive the node."""
    opened: Memo = field(default_factory=Memo)
    """What decoding consensus messages gave; nodes of one process may share it."""
    blocks: BlockMemo = field(default_factory=BlockMemo)
    """What reading blocks from the wire gave; nodes of one process may share it."""
    is_direct: bool = False
    """Blocks go from their maker to all, who do not pass them on (``Gossip``)."""
    sets: SetCache = field(default_factory=SetCache)
    """Validator sets read from the registry; nodes of one process may share them."""
    wrap: Callable[[Engine], Engine] = _as_it_is
    """Puts something between engine and node: a simulated fault."""
    revocation: Revocation = Revocation.STANDARD
    """What the custodian does at the end of a grant, besides destroying what was lent."""
    habits: BuildHabits | None = None
    """None: every transaction that fits, and the parent's gas limit."""
    repair: RepairPlan | None = None
    """None: lost copies are nobody's business here."""


class NodeCore:
    """A validator's node."""

    def __init__(self, parts: NodeParts) -> None:
        self.address: Address = parts.signer.address
        self.ledger = Ledger(
            parts.genesis,
            verifier=parts.verifier,
            store=parts.ledger_store,
            executor=parts.executor,
            memo=parts.memo,
        )
        registry = RegistryValidators(
            self.ledger, parts.contracts.government, parts.sets, is_founded=True
        )
        self._shared = parts.opened.table("frame", _decoded)
        self._wire_id = parts.engine.wire_id
        self.chain = _chain_desk(parts, self.ledger, registry)
        access = AccessDesk(parts.store, self.chain, parts.contracts)
        self.store = StoreDesk(parts.store, access.allowed)
        self.peers = PeerDesk(
            self.chain, parts.gossip, is_direct=parts.is_direct, memo=parts.blocks
        )
        self.clerk, self.custody = self._custodian(parts)
        self.mending = CustodyMending(
            self.custody,
            sealing_private=parts.sealing_private,
            entropy=parts.sealing,
            store=self.store,
            clerk=self.clerk,
            period_us=parts.engine.period_s * 1_000_000,
        )
        access.follow(self.custody, self.store)
        self.standings = StandingDesk(self.chain, parts.contracts, registry)
        self.standings.on_close.append(self._peer_lost)
        self.repair: RepairDesk | None = None
        if parts.repair is not None:
            self.repair = RepairDesk(
                parts.repair,
                me=self.address,
                chain=self.chain,
                contracts=parts.contracts,
                sets=registry,
                stores=self.store,
            )
        self.questions = CustodianQuestions(
            self.custody,
            address=self.address,
            period_us=parts.engine.period_s * 1_000_000,
            is_connected=self.peers.is_connected,
        )
        self.clients = ClientDesk(
            self.chain, self.store, self.questions, is_taken=self.clerk.is_open
        )
        self.clients.on_transaction.append(self.peers.transaction_submitted)

    def _custodian(self, parts: NodeParts) -> tuple[CustodyClerk, CustodyDesk]:
        """Give the desk of the own custodian and its clerk, which read one book."""
        book = FinalBook(self.chain, parts.contracts)
        clerk = CustodyClerk(
            parts.signer,
            chain=self.chain,
            ledger=parts.contracts.custody,
            store=parts.custody,
            book=book,
            submitted=self.peers.transaction_submitted,
        )
        desk = CustodyDesk(
            _custodian(parts, self.ledger.chain_id),
            sealing_private=parts.sealing_private,
            store=self.store,
            chain=self.chain,
            contracts=parts.contracts,
            book=book,
            clerk=clerk,
            period_us=parts.engine.period_s * 1_000_000,
            reply=self._reply,
        )
        return clerk, desk

    def handle(self, event: Event, now: int) -> Outcome:
        """Apply one event at local time ``now``, microseconds since the Unix epoch."""
        turn = Turn(now)
        if type(event) is FrameReceived:  # almost all of them
            self._frame(turn, event.peer, event.payload)
            return turn.outcome()
        match event:
            case Started():
                self.chain.start(turn)
                if self.repair is not None:
                    self.repair.start(turn)
            case PeerConnected(peer):
                if self.standings.peer_connected(peer):
                    self.peers.peer_connected(turn, peer)
                    self.store.peer_connected(turn, peer)
                    if self.repair is not None:
                        self.repair.peer_connected(turn, peer)
            case PeerLost(peer):
                self.standings.peer_lost(peer)
                self._peer_lost(turn, peer)
            case TimerFired(timer):
                self._timer(turn, timer)
            case Asked(call, request):
                self.clients.asked(turn, call, request)
            case SealingPaused():
                self.chain.pause_sealing(turn)
            case _:
                raise AssertionError(f"a frame is handled before, {event} is none")
        return turn.outcome()

    def _peer_lost(self, turn: Turn, peer: Address) -> None:
        self.peers.peer_lost(turn, peer)
        self.store.peer_lost(turn, peer)
        if self.repair is not None:
            self.repair.peer_lost(turn, peer)

    def _frame(self, turn: Turn, peer: Address, payload: bytes) -> None:
        if not self.standings.is_admitted(peer):
            turn.note("p2p.frame_refused", peer=peer)
            return
        message = self._shared.get(payload) or self._decode(payload)
        if type(message) is Consensus and message.engine == self._wire_id:
            self.chain.message_received(turn, message.payload, peer)  # most frames of a BFT engine
            return
        if isinstance(message, FrameError):
            turn.note("p2p.peer_breached", peer=peer, why=str(message))
            return
        match message:
            case None:
                turn.note("p2p.type_reserved", peer=peer)
            case XWant():
                self.store.wanted(turn, peer, message)
            case XGive():
                if self.repair is not None:
                    message = self.repair.given(turn, peer, message)
                self.store.given(turn, peer, message)
            case XCopy():
                if self.repair is not None:
                    self.repair.copy_told(turn, peer, message)
            case RepairAsk() | RepairMask() | RepairPart():
                self.mending.received(turn, peer, message)
            case Custody() | Deposit() | Release() | Renew() | Entrust() | Reclaim():
                self.custody.received(turn, peer, message)
            case CustodyKept() | DepositKept() | Released() | Renewed() | Entrusted() | Reclaimed():
                self.questions.replied(turn, peer, message)
            case _:
                self.peers.received(turn, peer, message)

    def _decode(self, payload: bytes) -> Message | FrameError | None:
        """Decode a frame; those that go to everybody once for all who share."""
        if payload[1:2] in _SHARED_TYPES and len(payload) <= SHARED_FRAME_BYTES_MAX:
            return self._shared[payload]
        return _decoded(payload)

    def _timer(self, turn: Turn, timer: TimerKey) -> None:
        match timer:
            case ("engine", str(kind), int(height), int(round_)):
                self.chain.timer_fired(turn, kind, height, round_)
            case ("peers", str(name)):
                self.peers.timer_fired(turn, name)
            case ("custody", "repair"):
                self.mending.timer_fired(turn)
            case ("clients", "questions"):
                self.questions.timer_fired(turn)
            case ("store", str(side), str(name)):
                self.store.timer_fired(turn, side, name)
            case ("repair", str(name)) if self.repair is not None:
                self.repair.timer_fired(turn, name)
            case _:
                raise AssertionError(f"no part of the node has the timer {timer}")

    def _reply(self, turn: Turn, peer: Address, message: Message) -> None:
        if peer == self.address:
            self.questions.replied(turn, peer, message)
        else:
            turn.send(peer, message)


def safe_depth(signers: int) -> int:
    """Give how far below the head a block is taken for final where the engine has no finality.

    Twice SIGNER_LIMIT of the founding set (consensus.md section 4.5).
    """
    return 2 * (signers // 2 + 1)


def _custodian(parts: NodeParts, chain_id: int) -> Custodian:
    return parts.custodian(
        signer=parts.signer,
        sealing_private=parts.sealing_private,
        domain=Domain(chain_id, parts.contracts.consents.address),
        store=parts.custody,
        entropy=parts.sealing,
        profile=parts.profile,
        revocation=parts.revocation,
    )


def _chain_desk(parts: NodeParts, ledger: Ledger, registry: RegistryValidators) -> ChainDesk:
    """Give an engine its capabilities, and the desk that runs it on the ledger."""
    reader = LedgerReader(ledger)
    validator = parts.signer if parts.validator is None else parts.validator
    follows = parts.engine.registry
    lent = Capabilities(
        reader,
        parts.verifier,
        parts.wiggle,
        validator,
        registry if follows == "set" else None,
        parts.opened,
    )
    watcher = None
    if follows != "set":
        watcher = RegistryWatcher(reader, registry, reads_deep=follows == "deep votes")
    roles = RoleBook(ledger, parts.contracts)
    pool = Pool(
        ledger,
        chain_id=ledger.chain_id,
        profile=parts.engine.profile,
        verifier=parts.verifier,
        roles=roles,
    )
    return ChainDesk(
        parts.wrap(parts.engine.make(lent)),
        parts.engine,
        ledger,
        pool,
        roles,
        address=validator.address,
        safe_depth=safe_depth(parts.signers),
        log=parts.log,
        watcher=watcher,
        habits=parts.habits,
        memo=parts.opened,
    )


def _decoded(payload: bytes) -> Message | FrameError | None:
    try:
        return decode(payload)
    except FrameError as error:
        return error
