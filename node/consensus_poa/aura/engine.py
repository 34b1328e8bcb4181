"""The AuRa engine: events in, effects out (consensus.md sections 2 and 5)."""

from collections.abc import Sequence
from typing import Final, assert_never

from node.base.errors import UnavailableError, UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.aura.branches import AuraBranches
from node.consensus_poa.aura.header import check_seal, check_shape, check_step
from node.consensus_poa.aura.heads import WAL_SEAL, WAL_STANDING, AuraHeads
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.aura.rules import AuraRules
from node.consensus_poa.aura.sealing import Sealer
from node.consensus_poa.aura.state import AuraState
from node.consensus_poa.aura.steps import Steps
from node.consensus_poa.chain_state import Waiting
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
from node.consensus_poa.intake import Intake
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.wal import keep_newest

SET_UNAVAILABLE: Final = "validator_set_unavailable"


class AuraEngine:
    """One node's AuRa: an observer without a signer, a validator while its key is in the set.

    The sets come from ``capabilities.validators``, read at the last final block of a branch;
    without it those that genesis lists stay for ever.
    """

    def __init__(self, options: AuraOptions, capabilities: Capabilities) -> None:
        self._options = options
        self._capabilities = capabilities
        self._steps = Steps(options.step_durations)
        self._wire(AuraState())

    def _wire(self, state: AuraState) -> None:
        lent, options = self._capabilities, self._options
        own = lent.signer.address if lent.signer else None
        self._state = state
        self._branches = AuraBranches(
            lent.chain,
            lent.verifier,
            options,
            state.imported,
            provider=lent.validators,
            memo=lent.memo,
        )
        self._heads = AuraHeads(state, self._branches, own)
        rules = AuraRules(self._branches, self._steps)
        self._intake = Intake(state, self._branches, rules, self._heads)
        self._sealer = Sealer(
            state, self._branches, options, self._steps, self._heads, signer=lent.signer
        )

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds); never raises for bad input."""
        out: list[Effect] = []
        if isinstance(event, Start):
            self._start(event, now, out)
        elif self._state.head is None:
            out.append(trace("AuRa.Ignored", event=type(event).__name__, reason="not_started"))
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
                self._sealer.built(event, now, out)
            case PauseSealing() | ResumeSealing():
                self._pause(now, out, is_paused=isinstance(event, PauseSealing))
            case (
                MessageReceived()
                | ProposeValidatorVote()
                | DiscardValidatorVote()
                | TransactionsWaiting()
            ):
                out.append(trace("AuRa.Ignored", event=type(event).__name__))
            case Start():
                self._start(event, now, out)
            case _:
                assert_never(event)

    def _start(self, event: Start, now: int, out: list[Effect]) -> None:
        """Begin at a head with the log of earlier runs; a second ``Start`` is ignored."""
        state = self._state
        if state.head is not None:
            out.append(trace("AuRa.Ignored", event="Start", reason="started_before"))
            return
        state.head, state.head_hash = event.head, event.head.hash()
        out.append(trace("AuRa.Started", hash=state.head_hash, number=event.head.number))
        lost = self._sealer.replay(event.wal, out)
        self._heads.on_move(state.head_hash, out)
        if lost is not None:
            self._intake.receive(lost, now, out)
        self._sealer.seek(now, out)

    def _follow(self, header: Header, now: int, out: list[Effect]) -> None:
        """The chain shows a head: one that was asked for, or one that sync brought."""
        block_hash, state = header.hash(), self._state
        if not self._heads.is_settled(block_hash):
            out.append(trace("AuRa.HeadOutdated", hash=block_hash, number=header.number))
            return
        if block_hash != state.head_hash:
            if not self._heads.keeps_final(header, block_hash):
                # consensus.md section 11: the operator must look before this node seals again
                state.is_observer = True
                out.append(trace("AuRa.agreement_violation", hash=block_hash, final=state.final))
            self._heads.move(header, block_hash, out)
            self._heads.on_move(block_hash, out)
        out.append(trace("AuRa.HeadSettled", hash=block_hash, number=header.number))
        self._intake.retry_orphans(now, out)
        self._sealer.seek(now, out)

    def _expire(self, timer: TimerId, now: int, out: list[Effect]) -> None:
        """A timer is due: not armed, ignore it; early by the own clock, arm it again."""
        deadline = self._state.timers.get(timer)
        if deadline is None:
            out.append(trace("AuRa.Ignored", event="TimerExpired", timer=timer.kind.value))
            return
        if now < deadline:
            out.append(ScheduleTimer(timer, deadline))
            return
        del self._state.timers[timer]
        if timer.kind is TimerKind.FUTURE:
            self._intake.release_parked(now, out)
        else:
            self._sealer.seek(now, out)

    def _pause(self, now: int, out: list[Effect], *, is_paused: bool) -> None:
        state = self._state
        if state.is_paused == is_paused:
            return
        state.is_paused = is_paused
        state.build = None
        out.append(trace("AuRa.Paused" if is_paused else "AuRa.Resumed"))
        if not is_paused:
            self._sealer.seek(now, out)

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule of section 5 that ``header`` breaks, or None.

        ``step_too_far`` is left out: it needs a clock.  ``parent`` need not be stored if its own
        parent is, or if it was the last header verified.
        """
        error = check_shape(header, self._steps)
        if error is not None:
            return error
        if header.number != parent.number + 1 or parent.hash() != header.parent_hash:
            return "unknown_ancestor"
        error = check_step(header, parent)
        if error is not None:
            return error
        branches = self._branches
        try:
            if branches.header(header.parent_hash) is None and parent.number > 0:
                branches.keep(header.parent_hash, parent)
            validators = branches.validators(header.parent_hash)
            error = check_seal(header, parent, validators, branches.signer(header))
            if error is None:
                branches.keep(header.hash(), header)
        except UnknownBlockError:
            return "unknown_ancestor"
        except UnavailableError:
            return SET_UNAVAILABLE
        return error

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` should replace ``current``; unknown weight never does."""
        return self._heads.prefers(current, current.hash(), candidate, candidate.hash())

    def signer_of(self, header: Header) -> Address | None:
        """Give who sealed a header: the fee recipient of its block.  None for genesis."""
        return self._branches.signer(header)

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block, ascending; errors as for its parent.

        raises        UnknownBlockError: the block, or its parent, is not known here.
        """
        header = self._branches.header(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return self.validators_after_block(header.parent_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
                      ValidatorSetUnavailableError: the registry gives none.
        """
        return self._branches.validators(block_hash)

    def final_block(self) -> tuple[Hash32, int]:
        """Give hash and number of the newest final block; genesis counts as final."""
        return self._state.final, self._state.final_number

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        return self._state.encode()

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        self._wire(AuraState.decode(data))


def prune_wal(entries: Sequence[bytes], head: int) -> tuple[bytes, ...]:
    """Give what of the log a restart can use: the newest seal, and the newest standings.

    A seal forbids all steps up to its own, so older ones add nothing.  Of standings some are
    kept, since the newest may be on a branch that lost.

    raises        CodecError: an entry cannot be read.
    """
    del head
    return keep_newest(entries, {WAL_SEAL: 1, WAL_STANDING: 4})
