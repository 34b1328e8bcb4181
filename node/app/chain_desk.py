"""The chain of a node: engine, ledger, roles and pool, each told what the others did.

The engine decides, the ledger judges and keeps, the pool waits.  All three are pure; this desk
passes their effects around until none is left.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeAlias

from node.app.events import HeadMoved
from node.app.role_book import RoleBook
from node.app.turn import Turn
from node.base.block import Block
from node.base.errors import InvalidBlockError
from node.base.header import Header
from node.base.limits import WAL_ENTRIES_COUNT_MAX
from node.base.types import Address, Hash32
from node.consensus_poa import effects as wants
from node.consensus_poa import events as told
from node.consensus_poa.interface import Engine
from node.consensus_poa.wal import keep_newest
from node.evm.blocks import BuildRequest, ExecutionResult
from node.evm.errors import NonceError
from node.evm.ledger import Ledger
from node.evm.pool import Pool
from node.evm.transactions import Transaction

_BODY_RULE: Final = "transactions root"
_WAL_KEEPS: Final = {"seal": 128, "snapshot": 2}
"""Entries of each kind that the engine can still use after a restart."""
_TOLD: Final = frozenset(
    {"Clique.BlockRefused", "Clique.BlockParked", "Clique.BlockInvalid", "Clique.Abstained"}
)
"""Rules of the engine that a history should tell."""

HeadListener: TypeAlias = Callable[[Turn], None]
GapListener: TypeAlias = Callable[[Turn, Hash32, Address | None], None]
BlockListener: TypeAlias = Callable[[Turn, Block], None]
PushListener: TypeAlias = Callable[[Turn, Block, tuple[Address, ...]], None]


class LedgerReader:
    """``ChainReader`` of an engine on a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def header_by_hash(self, block_hash: Hash32) -> Header | None:
        """Give the header of a stored block of any branch."""
        return self._ledger.header(block_hash)

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of block ``number`` of the chain."""
        return self._ledger.header_by_number(number)

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        """Give the sum of difficulties up to a stored block."""
        if self._ledger.header(block_hash) is None:
            return None
        return self._ledger.total_difficulty(block_hash)


class BuildHabits(Protocol):
    """What a node's own blocks are like, as far as no rule says."""

    def pick(self, candidates: Iterable[Transaction]) -> Iterable[Transaction]:
        """Give the transactions that may go into a block."""
        ...

    def gas_limit(self, parent: Header) -> int | None:
        """Give the gas limit of a block on ``parent``; None: the parent's."""
        ...


class ChainDesk:
    """Runs one engine on one ledger."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        pool: Pool,
        roles: RoleBook,
        *,
        address: Address,
        safe_depth: int,
        wal: list[bytes] | None = None,
        habits: BuildHabits | None = None,
    ) -> None:
        self.ledger = ledger
        self.pool = pool
        self._roles = roles
        self._engine = engine
        self._address = address
        self._safe_depth = safe_depth
        self._habits = habits
        self._results: dict[Hash32, ExecutionResult] = {}
        self._built: ExecutionResult | None = None
        self._wal: list[bytes] = [] if wal is None else wal
        self._gaps: dict[Address | None, Hash32] = {}
        """What was missing below the newest block of each peer; None: no one peer has it."""
        self.on_head: list[HeadListener] = []
        """Called after each move of the head."""
        self.on_block: list[BlockListener] = []
        """Called when the engine wants peers to have a block."""
        self.on_push: list[PushListener] = []
        """Called when the engine wants just these peers to have a block."""
        self.on_gap: list[GapListener] = []
        """Called with the hash of a block that is missing, and who should have it."""

    @property
    def final(self) -> Header:
        """Give the block that consumers take for final.

        Clique has no finality: this is the block ``safe_depth`` below the head, and it is
        probabilistic (consensus.md section 4.5).
        """
        number = max(0, self.ledger.head.number - self._safe_depth)
        header = self.ledger.header_by_number(number)
        assert header is not None, "the chain has every number below its head"
        return header

    def start(self, turn: Turn) -> None:
        """Begin at the ledger's head."""
        self._run(turn, told.Start(self.ledger.head, tuple(self._wal)))

    def pause_sealing(self, turn: Turn) -> None:
        """Seal no more blocks; those of others are still taken in, but not passed on."""
        self._run(turn, told.PauseSealing())

    def block_received(self, turn: Turn, block: Block, peer: Address | None) -> None:
        """Take a block in, from a peer or from sync."""
        turn.work.signatures += 1 + len(block.transactions)
        parent = block.header.parent_hash
        if self.ledger.header(parent) is None:
            self._gaps[peer] = parent
        self._run(turn, told.BlockReceived(block, None, peer))

    def timer_fired(self, turn: Turn, kind: str, height: int, round_: int) -> None:
        """A timer of the engine is due."""
        timer = told.TimerId(told.TimerKind(kind), height, round_)
        self._run(turn, told.TimerExpired(timer))

    def transaction_received(
        self, turn: Turn, raw: bytes, *, is_local: bool = False
    ) -> Transaction:
        """Put a transaction into the pool; ``is_local`` when a client of this node sent it.

        raises        TransactionError, PoolRefusedError: the pool does not take it.
        """
        turn.work.signatures += 1
        transaction = self.pool.add(raw, turn.now, is_local=is_local)
        self._run(turn, told.TransactionsWaiting())
        return transaction

    def _run(self, turn: Turn, event: told.Event) -> None:
        events: deque[told.Event] = deque((event,))
        while events:
            for effect in self._engine.handle(events.popleft(), turn.now):
                match effect:
                    case wants.BuildBlock():
                        events.append(self._build(turn, effect))
                    case wants.ValidateBlock(block):
                        events.append(self._validate(turn, block))
                    case wants.SetHead(block_hash, depth):
                        events += self._set_head(turn, block_hash, depth)
                    case _:
                        self._apply(turn, effect)

    def _apply(self, turn: Turn, effect: wants.Effect) -> None:
        match effect:
            case wants.AppendWal(entry):
                self._wal.append(entry)
                if len(self._wal) > WAL_ENTRIES_COUNT_MAX:
                    self._wal[:] = keep_newest(self._wal, _WAL_KEEPS)
            case wants.ScheduleTimer(timer, at):
                turn.set_timer(("engine", timer.kind.value, timer.height, timer.round), at)
            case wants.CancelTimer(timer):
                turn.clear_timer(("engine", timer.kind.value, timer.height, timer.round))
            case wants.ImportBlock(block):
                self._import(turn, block)
            case wants.BroadcastBlock(block, to=peers):
                self._broadcast(turn, block, peers)
            case wants.RequestSync(peer=peer):
                missing = self._gaps.get(peer)
                if missing is not None:
                    for gap_listener in self.on_gap:
                        gap_listener(turn, missing, peer)
            case wants.ReportEvidence(offender, kind, proof):
                turn.note("consensus.evidence", offender=offender, kind=kind, proof=proof)
            case wants.Trace(rule, data):
                if rule in _TOLD:
                    turn.note(f"consensus.{rule}", **dict(data))
            case _:
                raise AssertionError(f"Clique has no effect {type(effect).__name__}")

    def _broadcast(self, turn: Turn, block: Block, peers: tuple[Address, ...]) -> None:
        if peers:
            for push_listener in self.on_push:
                push_listener(turn, block, peers)
        else:
            for listener in self.on_block:
                listener(turn, block)

    def _build(self, turn: Turn, effect: wants.BuildBlock) -> told.Event:
        habits, gas_limit = self._habits, None
        candidates: Iterable[Transaction] = self.pool.candidates()
        if habits is not None:
            candidates = habits.pick(candidates)
            parent = self.ledger.header(effect.parent)
            gas_limit = None if parent is None else habits.gas_limit(parent)
        request = BuildRequest(
            parent_hash=effect.parent,
            timestamp=effect.timestamp,
            extra_data=effect.extra_data,
            coinbase=effect.coinbase,
            nonce=effect.nonce,
            difficulty=effect.difficulty,
            mix_hash=effect.mix_hash,
            fee_recipient=self._address,
            gas_limit=gas_limit,
        )
        built = self.ledger.build(request, candidates)
        turn.work.signatures += 1
        turn.work.gas += built.block.header.gas_used
        for skipped, error in built.skipped:
            turn.note("pool.tx_skipped", tx=skipped.hash, why=str(error))
            if not isinstance(error, NonceError):  # that one only stands behind a skipped one
                self.pool.remove(skipped.hash)
        self._built = built.result
        return told.BlockBuilt(effect.request, built.block)

    def _validate(self, turn: Turn, block: Block) -> told.Event:
        block_hash = block.header.hash()
        signer = self._engine.signer_of(block.header)
        assert signer is not None, "the engine recovered the signer before it asks for execution"
        try:
            result = self.ledger.check(block, fee_recipient=signer)
        except InvalidBlockError as error:
            turn.note("chain.block_rejected", hash=block_hash, why=str(error))
            if error.rule != _BODY_RULE:
                return told.BlockValidated(block_hash, error.rule)
            # the header stands, so its true body is somewhere: the engine asks for it
            self._gaps[None] = block_hash
            return told.BlockValidated(block_hash, told.BODY_MISMATCH)
        turn.work.gas += result.gas_used
        self._results[block_hash] = result
        return told.BlockValidated(block_hash, None)

    def _import(self, turn: Turn, block: Block) -> None:
        block_hash = block.header.hash()
        checked = self._results.pop(block_hash, None)
        if checked is not None:
            self.ledger.insert(block, checked)
        else:
            assert self._built is not None, "only a block that was built here comes unchecked"
            self.ledger.adopt(block, self._built)
            turn.note("chain.block_sealed", hash=block_hash, number=block.header.number)
        turn.note("chain.block_stored", hash=block_hash, header=block.header.encode())

    def _set_head(self, turn: Turn, block_hash: Hash32, depth: int) -> list[told.Event]:
        moved = self.ledger.set_head(block_hash)
        changed = self._roles.head_moved(moved)
        self.pool.head_changed(moved.dropped, turn.now, role_changed=changed)
        for expired in self.pool.expire(turn.now):
            turn.note("pool.tx_expired", tx=expired)
        header = self.ledger.head
        turn.effects.append(HeadMoved(header, block_hash, depth, self.final.number))
        for listener in self.on_head:
            listener(turn)
        follows: list[told.Event] = [told.NewChainHead(header)]
        if next(self.pool.candidates(), None) is not None:
            follows.append(told.TransactionsWaiting())
        return follows
