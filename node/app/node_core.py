"""One node, as a pure core: events in, effects out (style.md section 5).

Wires chain, peers, block store, custody and clients; decides nothing itself.  The simulator and a
real shell run this very class.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.app.chain_desk import BuildHabits, ChainDesk, LedgerReader
from node.app.client_desk import ClientDesk
from node.app.custody_desk import CustodyDesk
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
from node.app.peer_desk import PeerDesk
from node.app.role_book import RoleBook
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.base.errors import FrameError
from node.base.keys import PrivateKey
from node.base.ports import Entropy, Verifier
from node.base.types import Address
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.interface import Capabilities, Engine
from node.contracts.suite import ContractSuite
from node.evm.beginning import Beginning
from node.evm.executor import Executor
from node.evm.forks import LONDON
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from node.evm.memo import ExecutionMemo
from node.evm.pool import Pool
from node.ipfs_lite.blockstore import BlockStore
from node.p2p.messages import (
    Custody,
    CustodyKept,
    Deposit,
    DepositKept,
    Message,
    Release,
    Released,
    XGive,
    XWant,
)
from node.p2p.wire import decode
from node.privacy.consent import Domain
from node.privacy.custody import Custodian
from node.privacy.custody_store import CustodyStore
from node.sss.ssms import Profile
from node.storage.ledger_store import LedgerStore

SAFE_DEPTH_LIMITS: Final = 2
"""Clique: a block so many SIGNER_LIMITs below the head is taken for final (consensus.md §4.5)."""


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What a node is built of."""

    genesis: Genesis | Beginning
    contracts: ContractSuite
    clique: CliqueOptions
    signers: int
    """Validators in the genesis: they fix the depth at which a block counts as final."""
    signer: PrivateKey
    sealing_private: bytes
    """X25519 key whose public half stands in HospitalRegistry."""
    verifier: Verifier
    wiggle: Entropy
    gossip: Entropy
    sealing: Entropy
    store: BlockStore
    custody: CustodyStore
    profile: Profile
    ledger_store: LedgerStore | None = None
    """None: in memory."""
    executor: Executor | None = None
    """None: py-evm."""
    memo: ExecutionMemo | None = None
    """None: this node executes every block."""
    wal: list[bytes] = field(default_factory=list[bytes])
    """The engine's write-ahead log: changed in place, so that it outlives the core."""
    wrap: Callable[[Engine], Engine] | None = None
    """Puts something between engine and desk; None: nothing."""
    habits: BuildHabits | None = None
    """None: every transaction that fits, and the parent's gas limit."""


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
        engine: Engine = CliqueEngine(
            parts.clique,
            Capabilities(LedgerReader(self.ledger), parts.verifier, parts.wiggle, parts.signer),
        )
        if parts.wrap is not None:
            engine = parts.wrap(engine)
        roles = RoleBook(self.ledger, parts.contracts)
        pool = Pool(
            self.ledger,
            chain_id=self.ledger.chain_id,
            profile=LONDON,
            verifier=parts.verifier,
            roles=roles,
        )
        self.chain = ChainDesk(
            engine,
            self.ledger,
            pool,
            roles,
            address=self.address,
            safe_depth=SAFE_DEPTH_LIMITS * (parts.signers // 2 + 1),
            wal=parts.wal,
            habits=parts.habits,
        )
        self.store = StoreDesk(parts.store, _every_validator)
        self.peers = PeerDesk(self.chain, parts.gossip)
        self.custody = CustodyDesk(
            Custodian(
                signer=parts.signer,
                sealing_private=parts.sealing_private,
                domain=Domain(self.ledger.chain_id, parts.contracts.consents.address),
                store=parts.custody,
                entropy=parts.sealing,
                profile=parts.profile,
            ),
            sealing_private=parts.sealing_private,
            store=self.store,
            chain=self.chain,
            contracts=parts.contracts,
            period_us=parts.clique.period * 1_000_000,
            reply=self._reply,
        )
        self.clients = ClientDesk(self.chain, self.store, self.custody, address=self.address)
        self.clients.on_transaction.append(self.peers.transaction_submitted)

    def handle(self, event: Event, now: int) -> Outcome:
        """Apply one event at local time ``now``, microseconds since the Unix epoch."""
        turn = Turn(now)
        match event:
            case Started():
                self.chain.start(turn)
            case PeerConnected(peer):
                self.peers.peer_connected(turn, peer)
                self.store.peer_connected(turn, peer)
            case PeerLost(peer):
                self.peers.peer_lost(turn, peer)
                self.store.peer_lost(turn, peer)
            case FrameReceived(peer, payload):
                self._frame(turn, peer, payload)
            case TimerFired(timer):
                self._timer(turn, timer)
            case Asked(call, request):
                self.clients.asked(turn, call, request)
            case SealingPaused():
                self.chain.pause_sealing(turn)
        return turn.outcome()

    def _frame(self, turn: Turn, peer: Address, payload: bytes) -> None:
        try:
            message = decode(payload)
        except FrameError as error:
            turn.note("p2p.peer_breached", peer=peer, why=str(error))
            return
        match message:
            case None:
                turn.note("p2p.type_reserved", peer=peer)
            case XWant():
                self.store.wanted(turn, peer, message)
            case XGive():
                self.store.given(turn, peer, message)
            case Custody() | Deposit() | Release():
                self.custody.received(turn, peer, message)
            case CustodyKept() | DepositKept() | Released():
                self.clients.replied(turn, peer, message)
            case _:
                self.peers.received(turn, peer, message)

    def _timer(self, turn: Turn, timer: TimerKey) -> None:
        match timer:
            case ("engine", str(kind), int(height), int(round_)):
                self.chain.timer_fired(turn, kind, height, round_)
            case ("peers", str(name)):
                self.peers.timer_fired(turn, name)
            case ("store", str(side), str(name)):
                self.store.timer_fired(turn, side, name)
            case _:
                raise AssertionError(f"no part of the node has the timer {timer}")

    def _reply(self, turn: Turn, peer: Address, message: Message) -> None:
        if peer == self.address:
            self.clients.replied(turn, peer, message)
        else:
            turn.send(peer, message)


def _every_validator(_peer: Address, _multihash: bytes) -> bool:
    """Let every validator have every block: blocks are ciphertext and public manifests here."""
    return True
