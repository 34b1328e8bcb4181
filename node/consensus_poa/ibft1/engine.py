"""The IBFT 1 engine: events in, effects out (consensus.md sections 2 and 6)."""

from typing import assert_never

from node.base.block import Block
from node.base.errors import CodecError, UnknownBlockError
from node.base.header import Header
from node.base.limits import ROUNDS_COUNT_MAX
from node.base.types import Address, Hash32
from node.consensus_poa.effects import Effect, Multicast, ScheduleTimer, trace
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
from node.consensus_poa.ibft1.backlog import Backlog
from node.consensus_poa.ibft1.blocks import Blocks
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.log import WAL_LOCK, WAL_SENT, Record
from node.consensus_poa.ibft1.messages import (
    COMMIT,
    PREPARE,
    PREPREPARE,
    ROUND_CHANGE,
    Message,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft1.proposing import Proposing
from node.consensus_poa.ibft1.round import Rounds
from node.consensus_poa.ibft1.round_change import RoundChanges
from node.consensus_poa.ibft1.state import Ballot, Early, Ibft1State, Proposal, Sealed, Sent
from node.consensus_poa.ibft1.votes import Voting
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.wal import ForeignLogError


class Ibft1Engine:
    """One node's IBFT 1: an observer without a signer, a validator while its key is in the set.

    It is its own ``ValidatorProvider``: the sets live in the headers.
    """

    def __init__(self, options: Ibft1Options, capabilities: Capabilities) -> None:
        self._options = options
        self._capabilities = capabilities
        self._wire(Ibft1State())

    def _wire(self, state: Ibft1State) -> None:
        self._state = state
        self._height = Height(state, self._options, self._capabilities)
        self._changes = RoundChanges(self._height)
        self._rounds = Rounds(self._height, self._changes.next)
        self._proposing = Proposing(self._height, self._rounds)
        self._changes.proposing = self._proposing
        self._blocks = Blocks(self._height, self._rounds)
        self._backlog = Backlog(state)

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds); never raises for bad input."""
        out: list[Effect] = []
        if isinstance(event, Start):
            self._start(event, now, out)
        elif self._state.head is None:
            out.append(trace("IBFT1.Ignored", event=type(event).__name__, reason="not_started"))
        else:
            self._dispatch(event, now, out)
        return tuple(out)

    def _dispatch(self, event: Event, now: int, out: list[Effect]) -> None:
        match event:
            case MessageReceived():
                self._receive(event.message, event.raw_hash, event.peer, now, out)
            case BlockReceived():
                sealed = Sealed(event.block, event.certificate, event.peer)
                self._blocks.receive(sealed, now, out)
            case BlockValidated():
                self._blocks.validated(event.canonical_hash, event.error, now, out)
            case NewChainHead():
                self._follow(event.header, now, out)
            case TimerExpired():
                self._expire(event.timer, now, out)
            case BlockBuilt():
                self._proposing.built(event, now, out)
            case ProposeValidatorVote():
                self._proposing.open_vote(event.subject, out, authorize=event.authorize)
            case DiscardValidatorVote():
                self._proposing.close_vote(event.subject, out)
            case TransactionsWaiting():
                self._state.has_transactions = True
            case PauseSealing() | ResumeSealing():
                self._pause(now, out, is_paused=isinstance(event, PauseSealing))
            case Start():
                self._start(event, now, out)
            case _:
                assert_never(event)

    # -- messages --------------------------------------------------------------------------

    def _receive(
        self, raw: bytes, raw_hash: Hash32, peer: Address, now: int, out: list[Effect]
    ) -> None:
        """Count a message of the height, keep one of the next heights, drop the rest."""
        state = self._state
        message = self._height.read(raw)
        reason: str | None
        if isinstance(message, str):
            out.append(trace("IBFT1.PeerBreached", peer=peer, why=message))
            return
        if message.height < state.height:
            reason = "old_height"
        elif not self._height.has(message.author):
            reason = "not_a_validator"
        elif message.round > ROUNDS_COUNT_MAX:
            reason = "round_max"
        elif message.height > state.height:
            if message.height > state.height + 1:
                self._blocks.request_sync(state.height - 1, peer, now, out)
            is_kept = self._backlog.add(raw_hash, Early(message.height, raw, peer))
            reason = None if is_kept else "height_ahead"
        elif state.decided is not None:
            reason = "decided"
        elif message.code == ROUND_CHANGE:
            self._changes.receive(message, raw, peer, now, out)
            return
        else:
            reason = self._rounds.takes(message)
            if reason is None:
                self._rounds.receive(message, raw, peer, now, out)
        if reason is not None:
            out.append(trace("IBFT1.MessageDropped", reason=reason, hash=raw_hash))

    # -- heads and timers ------------------------------------------------------------------

    def _follow(self, header: Header, now: int, out: list[Effect]) -> None:
        """The chain shows a head: the one decided here, or one that sync brought."""
        state, block_hash = self._state, header.hash()
        assert state.head is not None
        if block_hash == state.head_hash:
            out.append(trace("IBFT1.HeadSettled", hash=block_hash, number=header.number))
            return
        if header.number < state.height:
            if header.number == state.head.number:
                self._blocks.halt(header.number, block_hash, out)
            else:
                out.append(trace("IBFT1.HeadOutdated", hash=block_hash, number=header.number))
            return
        if header.number == state.height:
            other = state.decided is not None and block_hash != state.decided
            if other or header.parent_hash != state.head_hash:
                self._blocks.halt(header.number, block_hash, out)
                return
        self._height.enter(header, block_hash, out)
        out.append(trace("IBFT1.HeadSettled", hash=block_hash, number=header.number))
        self._proposing.arm(now, out)
        for early in self._backlog.take():
            self._receive(early.raw, Hash32(b""), early.peer, now, out)
        self._blocks.retry(now, out)

    def _expire(self, timer: TimerId, now: int, out: list[Effect]) -> None:
        """A timer is due: not armed, ignore it; early by the own clock, arm it again."""
        deadline = self._state.timers.get(timer)
        if deadline is None:
            out.append(trace("IBFT1.Ignored", event="TimerExpired", timer=timer.kind.value))
            return
        if now < deadline:
            out.append(ScheduleTimer(timer, deadline))
            return
        del self._state.timers[timer]
        if timer.kind is TimerKind.FUTURE:
            self._blocks.retry(now, out)
            self._rounds.try_proposal(now, out)
        elif timer.kind is TimerKind.BLOCK:
            self._proposing.begin_height(now, out)
        else:
            self._changes.expire(now, out)

    def _pause(self, now: int, out: list[Effect], *, is_paused: bool) -> None:
        """Sync runs or has ended: nothing is signed meanwhile, and all clocks start anew."""
        state = self._state
        if state.is_paused == is_paused:
            return
        state.is_paused = is_paused
        out.append(trace("IBFT1.Paused" if is_paused else "IBFT1.Resumed"))
        self._height.cancel_turns(out)
        state.build = None
        if not is_paused:
            self._resume(now, out)

    def _resume(self, now: int, out: list[Effect]) -> None:
        """Go on in the round under way, whose leader may still owe its proposal."""
        state = self._state
        if not state.is_started or state.decided is not None:
            self._proposing.arm(now, out)
            return
        self._height.arm_round(now, out)
        is_owed = (state.round, PREPREPARE) not in state.sent and not state.is_waiting
        if is_owed and self._height.is_leader:
            self._proposing.lead(now, out)
        self._rounds.try_proposal(now, out)

    # -- start -----------------------------------------------------------------------------

    def _start(self, event: Start, now: int, out: list[Effect]) -> None:
        """Begin at a head with the log of earlier runs; a second ``Start`` is ignored."""
        state = self._state
        if state.head is not None:
            out.append(trace("IBFT1.Ignored", event="Start", reason="started_before"))
            return
        self._height.enter(event.head, event.head.hash(), out)
        out.append(trace("IBFT1.Started", hash=state.head_hash, number=event.head.number))
        try:
            self._restore(self._height.log.replay(event.wal))
        except (CodecError, ForeignLogError) as error:
            # without its guards it could sign a second digest (consensus.md section 11)
            state.is_observer = True
            out.append(trace("IBFT1.WalRefused", reason=str(error)))
        if state.is_started and self._height.is_voter:
            out.append(trace("IBFT1.RoundRestored", height=state.height, round=state.round))
            for (round_, _), sent in state.sent.items():
                if round_ == state.round:
                    out.append(Multicast(sent.raw))
        self._resume(now, out)

    def _restore(self, records: tuple[Record, ...]) -> None:
        """Take up guards, lock and round; own votes count as they did.

        raises        CodecError: a logged block or message cannot be read.
        """
        state = self._state
        for record in records:
            state.is_started = True
            state.round = max(state.round, record.round)
            if record.kind == WAL_LOCK:
                state.locked = Block.decode(record.data)
            elif record.kind == WAL_SENT:
                state.sent[record.round, record.code] = Sent(record.digest, record.data)
        for (round_, code), sent in state.sent.items():
            message = self._height.read(sent.raw)
            if not isinstance(message, Message):
                raise CodecError("wal", f"a message that is {message}")
            if code == ROUND_CHANGE:
                state.round_changes.setdefault(round_, {})[message.author] = None
            elif message.block is not None:
                state.own_block = message.block
                state.round_at(round_).proposal = Proposal(message.block, sent.raw)
            else:
                votes = state.round_at(round_)
                ballots = votes.prepares if code == PREPARE else votes.commits
                ballots[message.author] = Ballot(message.digest, message.seal, sent.raw)
        voted = any((state.round, code) in state.sent for code in (PREPREPARE, PREPARE, COMMIT))
        state.is_waiting = (state.round, ROUND_CHANGE) in state.sent and not voted

    # -- reads -----------------------------------------------------------------------------

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule that ``header`` breaks on ``parent``, or None.

        ``header`` is the one that travels, committed seals inside; ``parent`` the canonical one,
        which need not be stored if its own parent is, or if it was verified lately.
        """
        return self._height.verify_header(header, parent)

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is later: decided blocks never compete."""
        return candidate.number > current.number

    def voting_state(self, block_hash: Hash32) -> Voting | None:
        """Give validators and standing votes after a stored block, or None."""
        return self._height.history.after(block_hash)

    def signer_of(self, header: Header) -> Address | None:
        """Give who made a canonical header and receives its fees; None for genesis."""
        return self._height.signer_of(header)

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block, ascending.

        raises        UnknownBlockError: the block, or its parent, is not known here.
        """
        header = self._capabilities.chain.header_by_hash(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return self.validators_after_block(header.parent_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
        """
        voting = self._height.history.after(block_hash)
        if voting is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return voting.validators

    def proposals(self) -> dict[Address, bool]:
        """Give a copy of the open votes of this validator: subject -> admit."""
        return dict(self._state.proposals)

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        return self._state.encode()

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        self._wire(Ibft1State.decode(data))
