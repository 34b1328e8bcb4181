"""An engine whose blocks are candidates: whoever's turn it is seals, fork choice decides.

What Clique, AuRa and engines from outside share: which event goes where, and what happens when.  A
subclass says what a header must be (``HeaderRules``), whose turn it is, and what it remembers.
"""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar, assert_never

from node.base.errors import UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.chain_state import ChainState, Waiting
from node.consensus_poa.effects import Effect, ScheduleTimer, Trace, TraceValue, trace
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    DiscardValidatorVote,
    Event,
    MessageReceived,
    NewChainHead,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
    TransactionsWaiting,
)
from node.consensus_poa.heads import Heads
from node.consensus_poa.intake import HeaderRules, Intake

S = TypeVar("S", bound=ChainState)


class CandidateEngine(ABC, Generic[S]):
    """The events of one node's engine."""

    def wire(self, state: S, tree: BlockTree, rules: HeaderRules, heads: Heads) -> None:
        """Take up a state: a fresh one, or a restored one."""
        self._state = state
        self._tree = tree
        self._heads = heads
        self._rules = rules
        self._intake = Intake(state, tree, rules, heads)

    @abstractmethod
    def on_start(self, wal: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Take up the log; give a block that was sealed before a crash and may be lost."""

    @abstractmethod
    def on_head(self, now: int, out: list[Effect]) -> None:
        """Arm the turn: the node has started or resumed, or the chain shows the head."""

    @abstractmethod
    def on_turn(self, now: int, out: list[Effect]) -> None:
        """Do what a timer of a turn was armed for."""

    @abstractmethod
    def on_built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal the block that was asked for, or drop the answer."""

    @abstractmethod
    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending."""

    def on_other(
        self,
        event: MessageReceived | ProposeValidatorVote | DiscardValidatorVote | TransactionsWaiting,
        now: int,
        out: list[Effect],
    ) -> None:
        """Ignore what this engine has no use for."""
        del now
        out.append(self._trace("Ignored", event=type(event).__name__))

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds); never raises for bad input."""
        out: list[Effect] = []
        if isinstance(event, Start):
            self._start(event, now, out)
        elif self._state.head is None:
            out.append(self._trace("Ignored", event=type(event).__name__, reason="not_started"))
        else:
            self._dispatch(event, now, out)
        return tuple(out)

    def _dispatch(self, event: Event, now: int, out: list[Effect]) -> None:
        match event:
            case BlockReceived():
                self._intake.receive(Waiting(event.block, event.peer), now, out)
            case BlockValidated():
                self._intake.validated(event.canonical_hash, event.error, now, out)
            case NewChainHead():
                self._follow(event.header, now, out)
            case TimerExpired():
                self._expire(event.timer, now, out)
            case BlockBuilt():
                self.on_built(event, now, out)
            case PauseSealing() | ResumeSealing():
                self._pause(now, out, is_paused=isinstance(event, PauseSealing))
            case (
                MessageReceived()
                | ProposeValidatorVote()
                | DiscardValidatorVote()
                | TransactionsWaiting()
            ):
                self.on_other(event, now, out)
            case Start():
                self._start(event, now, out)
            case _:
                assert_never(event)

    def _start(self, event: Start, now: int, out: list[Effect]) -> None:
        """Begin at a head with the log of earlier runs; a second ``Start`` is ignored."""
        state = self._state
        if state.head is not None:
            out.append(self._trace("Ignored", event="Start", reason="started_before"))
            return
        state.head, state.head_hash = event.head, event.head.hash()
        out.append(self._trace("Started", hash=state.head_hash, number=event.head.number))
        lost = self.on_start(event.wal, out)
        if lost is not None:
            self._intake.receive(lost, now, out)
        self.on_head(now, out)

    def _follow(self, header: Header, now: int, out: list[Effect]) -> None:
        """The chain shows a head: one that was asked for, or one that sync brought."""
        block_hash = header.hash()
        if not self._heads.is_settled(block_hash):
            out.append(self._trace("HeadOutdated", hash=block_hash, number=header.number))
            return
        if block_hash != self._state.head_hash:
            self._heads.adopt(header, block_hash, out)
        out.append(self._trace("HeadSettled", hash=block_hash, number=header.number))
        self._intake.retry_orphans(now, out)
        self.on_head(now, out)

    def _expire(self, timer: TimerId, now: int, out: list[Effect]) -> None:
        """A timer is due: not armed, ignore it; early by the own clock, arm it again."""
        deadline = self._state.timers.get(timer)
        if deadline is None:
            out.append(self._trace("Ignored", event="TimerExpired", timer=timer.kind.value))
            return
        if now < deadline:
            out.append(ScheduleTimer(timer, deadline))
            return
        del self._state.timers[timer]
        if timer.kind is TimerKind.FUTURE:
            self._intake.release_parked(now, out)
        else:
            self.on_turn(now, out)

    def _pause(self, now: int, out: list[Effect], *, is_paused: bool) -> None:
        state = self._state
        if state.is_paused == is_paused:
            return
        state.is_paused = is_paused
        state.build = None
        out.append(self._trace("Paused" if is_paused else "Resumed"))
        self._heads.disarm(out)
        if not is_paused:
            self.on_head(now, out)

    def _arm(self, timer: TimerId, at: int, out: list[Effect]) -> None:
        self._state.timers[timer] = at
        out.append(ScheduleTimer(timer, at))

    def _trace(self, rule: str, **data: TraceValue) -> Trace:
        return trace(f"{self._rules.name}.{rule}", **data)

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule that ``header`` breaks on ``parent``, or None.

        Time of day plays no part.
        """
        error = self._rules.check_shape(header)
        if error is not None:
            return error
        if header.number != parent.number + 1 or parent.hash() != header.parent_hash:
            return "unknown_ancestor"
        verdict = self._rules.judge(header.hash(), header, parent)
        return "unknown_ancestor" if verdict is None else verdict.error

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` should replace ``current``; unknown weight never does."""
        return self._heads.prefers(current, current.hash(), candidate, candidate.hash())

    def signer_of(self, header: Header) -> Address | None:
        """Give who sealed a header: the fee recipient of its block.  None for genesis."""
        return self._tree.signer(header)

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block, ascending.

        raises        UnknownBlockError: the block, or its parent, is not known here.
        """
        header = self._tree.header(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return self.validators_after_block(header.parent_hash)
