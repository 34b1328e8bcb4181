"""The chain of a node: engine, ledger, roles and pool, each told what the others did.

The engine decides, the ledger judges and keeps, the pool waits.  All three are pure; this desk
passes their effects around until none is left.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeAlias

from node.app.engines import BREACH_RULES, TOLD_RULES, EnginePlan
from node.app.events import HeadMoved
from node.app.role_book import RoleBook
from node.app.turn import Turn
from node.base.block import Block
from node.base.errors import InvalidBlockError, UnavailableError
from node.base.header import Header
from node.base.limits import (
    BLOCK_RESULTS_COUNT_MAX,
    BUILT_RESULTS_COUNT_MAX,
    WAL_ENTRIES_COUNT_MAX,
)
from node.base.types import Address, Hash32
from node.consensus_poa import effects as wants
from node.consensus_poa import events as told
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.interface import Engine
from node.consensus_poa.memo import Memo
from node.consensus_poa.watcher import RegistryWatcher
from node.evm.blocks import BuildRequest, ExecutionResult
from node.evm.errors import NonceError
from node.evm.ledger import Ledger
from node.evm.pool import Pool
from node.evm.transactions import Transaction
from node.storage.engine_log import WriteAheadLog

_BODY_RULE: Final = "transactions root"

HeadListener: TypeAlias = Callable[[Turn], None]
GapListener: TypeAlias = Callable[[Turn, Hash32 | None, Address | None], None]
BlockListener: TypeAlias = Callable[[Turn, wants.BroadcastBlock], None]
MessageListener: TypeAlias = Callable[[Turn, wants.Multicast], None]


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
        plan: EnginePlan,
        ledger: Ledger,
        pool: Pool,
        roles: RoleBook,
        *,
        address: Address,
        safe_depth: int,
        log: WriteAheadLog,
        memo: Memo,
        watcher: RegistryWatcher | None = None,
        habits: BuildHabits | None = None,
    ) -> None:
        self.ledger = ledger
        self.pool = pool
        self.plan = plan
        self._roles = roles
        self._engine = engine
        self.address = address
        """Of the key that makes blocks here."""
        self._safe_depth = safe_depth
        self._log = log
        self._log_entries = 0
        self._log_entries_max = WAL_ENTRIES_COUNT_MAX
        self._messages = told.messages_from(memo)
        self._watcher = watcher
        self._habits = habits
        self._checked: Bounded[Hash32, ExecutionResult] = Bounded(BLOCK_RESULTS_COUNT_MAX)
        """Block hash -> what executing it gave, until it is imported."""
        self._built: Bounded[Hash32, ExecutionResult] = Bounded(BUILT_RESULTS_COUNT_MAX)
        """The same of blocks that were built here, by what sealing leaves as it is."""
        self._gaps: dict[Address | None, Hash32] = {}
        """What was missing below the newest block of each peer; None: no one peer has it."""
        self._moved: tuple[Hash32, int] | None = None
        """Where the head went during this event, and how many blocks it left."""
        self._finals: list[tuple[Hash32, int]] = []
        """What became final during this event: hash and number."""
        self._set: tuple[Hash32, frozenset[Address]] | None = None
        self.on_head: list[HeadListener] = []
        """Called when the head, or what counts as final, has moved."""
        self.on_block: list[BlockListener] = []
        """Called when the engine wants peers to have a block."""
        self.on_message: list[MessageListener] = []
        """Called when the engine wants validators to have a message."""
        self.on_gap: list[GapListener] = []
        """Called with the hash of a block that is missing (None: not known), and who has it."""

    @property
    def final(self) -> Header:
        """Give the block that consumers take for final.

        Where the engine has no finality this is the block ``safe_depth`` below the head, and it
        is probabilistic (consensus.md section 4.5).
        """
        ledger = self.ledger
        if self.plan.has_finality:
            number = ledger.finalized
        else:
            number = max(0, ledger.head.number - self._safe_depth)
        header = ledger.header_by_number(number)
        assert header is not None, "the chain has every number below its head"
        return header

    @property
    def validators(self) -> frozenset[Address]:
        """Give who may seal the next block; empty while no set can be read."""
        head = self.ledger.head_hash
        if self._set is None or self._set[0] != head:
            try:
                members = frozenset(self._engine.validators_after_block(head))
            except UnavailableError:
                return frozenset()  # and asked again: it may be read a moment later
            self._set = (head, members)
        return self._set[1]

    def is_own(self, header: Header) -> bool:
        """Say whether this node made a block."""
        return self._engine.signer_of(header) == self.address

    def maker_of(self, header: Header) -> Address | None:
        """Give the key that made a block; None of genesis."""
        return self._engine.signer_of(header)

    def start(self, turn: Turn) -> None:
        """Begin at the ledger's head, with what the log kept."""
        entries = self._log.entries()
        kept = self.plan.pruned(entries, self.ledger.head.number)
        if kept != entries:
            self._log.replace(kept)
        self._log_entries = len(kept)
        self._run(turn, told.Start(self.ledger.head, kept))

    def pause_sealing(self, turn: Turn) -> None:
        """Seal no more blocks; those of others are still taken in, but not passed on."""
        self._run(turn, told.PauseSealing())

    def vote(self, turn: Turn, subject: Address, *, authorize: bool | None) -> None:
        """Open the operator's vote on a key; None closes it."""
        if authorize is None:
            self._run(turn, told.DiscardValidatorVote(subject))
        else:
            self._run(turn, told.ProposeValidatorVote(subject, authorize=authorize))

    def block_received(
        self, turn: Turn, block: Block, certificate: bytes | None, peer: Address | None
    ) -> None:
        """Take a block in, from a peer or from sync."""
        turn.signatures += 1 + len(block.transactions)
        parent = block.header.parent_hash
        if self.ledger.header(parent) is None:
            self._gaps[peer] = parent
        self._run(turn, told.BlockReceived(block, certificate, peer))

    def message_received(self, turn: Turn, message: bytes, peer: Address) -> None:
        """Take a consensus message in."""
        turn.signatures += 1
        effects = self._engine.handle(self._messages[message, peer], turn.now)
        if effects:  # most messages are one vote of many
            self._carry_out(turn, effects)

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
        turn.signatures += 1
        transaction = self.pool.add(raw, turn.now, is_local=is_local)
        self._run(turn, told.TransactionsWaiting())
        return transaction

    def _run(self, turn: Turn, event: told.Event) -> None:
        self._carry_out(turn, self._engine.handle(event, turn.now))

    def _carry_out(self, turn: Turn, effects: tuple[wants.Effect, ...]) -> None:
        events: deque[told.Event] = deque()
        while True:
            for effect in effects:
                if type(effect) is wants.Trace:  # most of them, and most are told to nobody
                    if effect.rule in TOLD_RULES:
                        turn.note(f"consensus.{effect.rule}", **dict(effect.data))
                    elif effect.rule in BREACH_RULES:
                        turn.note("p2p.peer_breached", **dict(effect.data))
                    continue
                match effect:
                    case wants.BuildBlock():
                        events.append(self._build(turn, effect))
                    case wants.ValidateBlock(block):
                        events.append(self._validate(turn, block))
                    case wants.SetHead(block_hash, depth):
                        events += self._set_head(turn, block_hash, depth)
                    case wants.AppendWal(entry):
                        self._append_log(entry)
                    case wants.ImportBlock(block, certificate):
                        self._import(turn, block, certificate)
                    case wants.Finalized(block_hash, height):
                        self._finalize(block_hash, height)
                    case _:
                        self._apply(turn, effect)
            self._tell_head(turn)
            if not events:
                return
            effects = self._engine.handle(events.popleft(), turn.now)

    def _apply(self, turn: Turn, effect: wants.Effect) -> None:
        match effect:
            case wants.Multicast():
                turn.note("consensus.message_sent", payload=effect.message)
                for message_listener in self.on_message:
                    message_listener(turn, effect)
            case wants.ScheduleTimer(timer, at):
                turn.set_timer(("engine", timer.kind.value, timer.height, timer.round), at)
            case wants.CancelTimer(timer):
                turn.clear_timer(("engine", timer.kind.value, timer.height, timer.round))
            case wants.BroadcastBlock():
                for listener in self.on_block:
                    listener(turn, effect)
            case wants.RequestSync(peer=peer):
                missing = self._gaps.get(peer)
                for gap_listener in self.on_gap:
                    gap_listener(turn, missing, peer)
            case wants.ReportEvidence(offender, kind, proof):
                turn.note("consensus.evidence", offender=offender, kind=kind, proof=proof)
            case _:
                raise AssertionError(f"{type(effect).__name__} is handled before")

    def _append_log(self, entry: bytes) -> None:
        self._log.append(entry)
        self._log_entries += 1
        if self._log_entries > self._log_entries_max:
            kept = self.plan.pruned(self._log.entries(), self.ledger.head.number)
            self._log.replace(kept)
            self._log_entries = len(kept)
            # what still matters may be much: ask again only when it has doubled
            self._log_entries_max = max(WAL_ENTRIES_COUNT_MAX, 2 * len(kept))

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
            fee_recipient=self.address,
            gas_limit=gas_limit,
        )
        built = self.ledger.build(request, candidates)
        turn.signatures += 1
        turn.gas += built.block.header.gas_used
        for skipped, error in built.skipped:
            turn.note("pool.tx_skipped", tx=skipped.hash, why=str(error))
            if not isinstance(error, NonceError):  # that one only stands behind a skipped one
                self.pool.remove(skipped.hash)
        self._built[built.result.core] = built.result
        return told.BlockBuilt(effect.request, built.block)

    def _validate(self, turn: Turn, block: Block) -> told.Event:
        block_hash = block.header.hash()
        try:
            result = self._check(block)
        except InvalidBlockError as error:
            turn.note("chain.block_rejected", hash=block_hash, why=str(error))
            if error.rule != _BODY_RULE:
                return told.BlockValidated(block_hash, error.rule)
            # the header stands, so its true body is somewhere: the engine asks for it
            self._gaps[None] = block_hash
            return told.BlockValidated(block_hash, told.BODY_MISMATCH)
        except UnavailableError as error:
            # this node's own lack, as for a child of a block whose state was dropped long ago:
            # nothing is remembered against the hash
            turn.note("chain.block_unjudged", hash=block_hash, why=str(error))
            return told.BlockValidated(block_hash, told.BODY_MISMATCH)
        turn.gas += result.gas_used
        self._checked[block_hash] = result
        return told.BlockValidated(block_hash, None)

    def _check(self, block: Block) -> ExecutionResult:
        signer = self._engine.signer_of(block.header)
        assert signer is not None, "the engine knows the maker before it asks for execution"
        return self.ledger.check(block, fee_recipient=signer)

    def _import(self, turn: Turn, block: Block, certificate: bytes | None) -> None:
        block_hash = block.header.hash()
        built = self._built.get(block.header.core_hash()) if self.is_own(block.header) else None
        if built is None:
            checked = self._checked.pop(block_hash, None)
            # a result that had to make room is worked out again: the block was valid
            result = self._check(block) if checked is None else checked
            self.ledger.insert(block, result, certificate)
        else:
            self.ledger.adopt(block, built, certificate)
            turn.note("chain.block_sealed", hash=block_hash, number=block.header.number)
        beside: dict[str, bytes] = {} if certificate is None else {"certificate": certificate}
        header = block.header.encode()
        turn.note("chain.block_stored", hash=block_hash, header=header, at=turn.now, **beside)

    def _set_head(self, turn: Turn, block_hash: Hash32, depth: int) -> list[told.Event]:
        moved = self.ledger.set_head(block_hash)
        changed = self._roles.head_moved(moved)
        self.pool.head_changed(moved.dropped, turn.now, role_changed=changed)
        for expired in self.pool.expire(turn.now):
            turn.note("pool.tx_expired", tx=expired)
        self._moved = (block_hash, depth)
        follows: list[told.Event] = [told.NewChainHead(self.ledger.head)]
        follows += self._votes(turn)
        if next(self.pool.candidates(), None) is not None:
            follows.append(told.TransactionsWaiting())
        return follows

    def _votes(self, turn: Turn) -> tuple[told.Event, ...]:
        """Give the votes that the registry asks for since the head has moved."""
        if self._watcher is None:
            return ()
        head = self.ledger.head_hash
        try:
            signers = self._engine.validators_after_block(head)
        except UnavailableError as error:
            turn.note("consensus.set_unavailable", why=str(error))
            return ()
        votes = self._watcher.moved(self.ledger.head, signers)
        if self._watcher.alarm is not None:
            turn.note("consensus.set_unavailable", why=self._watcher.alarm)
        return votes

    def _finalize(self, block_hash: Hash32, height: int) -> None:
        self.ledger.finalize(block_hash)
        self._finals.append((block_hash, height))

    def _tell_head(self, turn: Turn) -> None:
        """Tell once per event, when both the head and what is final have settled."""
        moved, self._moved = self._moved, None
        finals, self._finals = self._finals, []
        if moved is not None:
            block_hash, depth = moved
            turn.effects.append(HeadMoved(self.ledger.head, block_hash, depth, self.final.number))
        for final_hash, number in finals:
            turn.note("chain.finalized", hash=final_hash, number=number)
        if moved is not None or finals:
            for listener in self.on_head:
                listener(turn)
