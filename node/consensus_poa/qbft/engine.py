"""The QBFT engine: events in, effects out (consensus.md sections 2 and 3)."""

from typing import assert_never

from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import PROPOSALS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.effects import Effect, ScheduleTimer, trace
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
from node.consensus_poa.extra_data import ADDRESS_BYTES
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.qbft.blocks import Blocks, check_header
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.header import QbftForm
from node.consensus_poa.qbft.height import Heights
from node.consensus_poa.qbft.inbox import Inbox
from node.consensus_poa.qbft.opened import Opened, Unreadable, open_message
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.qbft.round import Rounds
from node.consensus_poa.qbft.sets import ValidatorSets
from node.consensus_poa.qbft.state import QbftState, Sealed
from node.consensus_poa.qbft.voice import Voice


class QbftEngine:
    """One node's QBFT: an observer without a signer, a validator while its key is in the set."""

    def __init__(self, options: QbftOptions, capabilities: Capabilities) -> None:
        context = Context(options, capabilities, ValidatorSets(options, capabilities))
        self._context = context
        self._blocks = Blocks(context)
        voice = Voice(context)
        self._rounds = Rounds(context, voice, self._blocks)
        self._inbox = Inbox(context, self._rounds)
        self._heights = Heights(context, self._rounds, self._blocks, self._inbox, voice)

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds); never raises for bad input."""
        context = self._context
        out: list[Effect] = []
        context.now, context.out = now, out
        if type(event) is MessageReceived and context.state.head is not None:
            self._inbox.receive(event)
        elif isinstance(event, Start):
            self._start(event)
        elif context.state.head is None:
            out.append(trace("QBFT.Ignored", event=type(event).__name__, reason="not_started"))
        else:
            self._dispatch(event)
        return tuple(out)

    def _dispatch(self, event: Event) -> None:
        match event:
            case MessageReceived():
                self._inbox.receive(event)
            case BlockReceived():
                self._receive(event)
            case BlockValidated():
                self._heights.validated(event)
            case NewChainHead():
                self._follow(event.header)
            case TimerExpired():
                self._expire(event.timer)
            case BlockBuilt():
                self._heights.built(event)
            case ProposeValidatorVote():
                self._open_vote(event.subject, authorize=event.authorize)
            case DiscardValidatorVote():
                known = self._context.state.ballot.pop(event.subject, None) is not None
                rule = "QBFT.VoteDiscarded" if known else "QBFT.Ignored"
                self._context.trace(rule, subject=event.subject)
            case TransactionsWaiting():
                self._heights.wake()
            case PauseSealing() | ResumeSealing():
                self._heights.pause(is_paused=isinstance(event, PauseSealing))
            case Start():
                self._start(event)
            case _:
                assert_never(event)

    def _start(self, event: Start) -> None:
        """Begin at a head with the log of earlier runs; a second ``Start`` is ignored."""
        context = self._context
        if context.state.head is not None:
            context.trace("QBFT.Ignored", event="Start", reason="started_before")
            return
        context.trace("QBFT.Started", hash=event.head.hash(), number=event.head.number)
        self._heights.enter(event.head, event.head.hash())
        self._heights.replay(event.wal)

    def _follow(self, header: Header) -> None:
        """The chain shows a head: the decided block, or one that sync brought."""
        context = self._context
        state, head = context.state, context.head
        block_hash = header.hash()
        if block_hash == state.head_hash:
            return
        if header.number > head.number:
            at_decided = context.lent.chain.header_by_number(head.number + 1)
            if state.decided not in (None, block_hash) and (
                at_decided is None or at_decided.hash() != state.decided
            ):
                self._blocks.stop(block_hash, header.number)
                return
            below = context.lent.chain.header_by_number(head.number)
            if below is not None and below.hash() != state.head_hash:
                self._blocks.stop(block_hash, header.number)
                return
            self._heights.enter(header, block_hash)
            self._heights.proceed()
            return
        known = context.lent.chain.header_by_number(header.number)
        if header.number < head.number and known is not None and known.hash() == block_hash:
            context.trace("QBFT.HeadOutdated", hash=block_hash, number=header.number)
            return
        self._blocks.stop(block_hash, header.number)

    def _receive(self, event: BlockReceived) -> None:
        if self._context.place is None:
            self._context.take_place()
        self._blocks.receive(Sealed(event.block, event.certificate, event.peer))

    def _expire(self, timer: TimerId) -> None:
        """A timer is due: not armed, ignore it; early by the own clock, arm it again."""
        context = self._context
        deadline = context.state.timers.get(timer)
        if deadline is None:
            context.trace("QBFT.Ignored", event="TimerExpired", timer=timer.kind.value)
            return
        if context.now < deadline:
            context.out.append(ScheduleTimer(timer, deadline))
            return
        del context.state.timers[timer]
        if timer.kind is TimerKind.FUTURE:
            self._blocks.release_parked()
        elif timer.kind is TimerKind.BLOCK:
            self._heights.block_timeout()
        else:
            self._rounds.timeout()

    def _open_vote(self, subject: Address, *, authorize: bool) -> None:
        """Open a vote; it is cast in own blocks while it would change the set."""
        ballot = self._context.state.ballot
        fits = len(subject) == ADDRESS_BYTES and subject != ZERO_ADDRESS
        if not fits or (subject not in ballot and len(ballot) >= PROPOSALS_COUNT_MAX):
            self._context.trace("QBFT.VoteRefused", subject=subject)
            return
        ballot[subject] = authorize
        self._context.trace("QBFT.VoteProposed", subject=subject, authorize=int(authorize))

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the first rule of sections 3.1 and 3.7 that ``header`` breaks, or None.

        ``header`` has round and seals in its extraData.  Time of day plays no part.
        """
        try:
            canonical, _ = QbftForm().split(header)
        except CodecError:
            return "invalid_extra_data"
        return check_header(self._context, header, canonical, parent)

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is higher: of final blocks, all lie on one chain."""
        return candidate.number > current.number

    def signer_of(self, header: Header) -> Address | None:
        """Give who built a block and receives its fees; None for genesis."""
        return None if header.number == 0 else header.coinbase

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block; errors as ``validators_after_block``."""
        header = self._context.lent.chain.header_by_hash(block_hash)
        parent = block_hash if header is None else header.parent_hash
        return self.validators_after_block(parent)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
                      ValidatorSetUnavailableError: no set can be read after it.
        """
        return self._context.sets.after(block_hash)

    def proposals(self) -> dict[Address, bool]:
        """Give a copy of the open votes of this validator: subject -> admit."""
        return dict(self._context.state.ballot)

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        return self._context.state.encode()

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        state = QbftState.decode(data, self._opened)
        context = self._context
        context.state, context.sets = state, ValidatorSets(context.options, context.lent)
        context.place = None
        if state.head is not None:
            context.stand()

    def _opened(self, raw: bytes) -> Opened:
        message = open_message(raw, self._context.lent.memo, self._context.lent.verifier)
        if isinstance(message, Unreadable):
            raise CodecError("qbft state", message.reason)
        return message
