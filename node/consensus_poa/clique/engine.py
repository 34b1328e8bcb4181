"""The Clique engine: events in, effects out (consensus.md sections 2 and 4)."""

from typing import assert_never

from node.base.errors import UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.chain_state import Waiting
from node.consensus_poa.clique.branches import Branches, CliqueRules
from node.consensus_poa.clique.heads import CliqueHeads
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_shape
from node.consensus_poa.clique.sealing import Sealer
from node.consensus_poa.clique.snapshot import Refused, Snapshot
from node.consensus_poa.clique.state import CliqueState
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


class CliqueEngine:
    """One node's Clique: an observer without a signer, a validator while its key is in the set.

    It is its own ``ValidatorProvider``: the sets live in the headers.
    """

    def __init__(self, options: CliqueOptions, capabilities: Capabilities) -> None:
        self._options = options
        self._capabilities = capabilities
        self._wire(CliqueState())

    def _wire(self, state: CliqueState) -> None:
        lent, options = self._capabilities, self._options
        own = lent.signer.address if lent.signer else None
        self._state = state
        self._branches = Branches(lent.chain, lent.verifier, options, state.imported, lent.memo)
        self._heads = CliqueHeads(state, self._branches, options, lent.entropy, own)
        rules = CliqueRules(self._branches, options)
        self._intake = Intake(state, self._branches, rules, self._heads)
        self._sealer = Sealer(
            state,
            self._branches,
            options,
            self._heads,
            entropy=lent.entropy,
            signer=lent.signer,
        )

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds); never raises for bad input."""
        out: list[Effect] = []
        if isinstance(event, Start):
            self._start(event, now, out)
        elif self._state.head is None:
            out.append(trace("Clique.Ignored", event=type(event).__name__, reason="not_started"))
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
            case ProposeValidatorVote():
                self._sealer.propose(event.subject, authorize=event.authorize, out=out)
            case DiscardValidatorVote():
                self._sealer.discard(event.subject, out)
            case TransactionsWaiting():
                self._wake(now, out)
            case PauseSealing() | ResumeSealing():
                self._pause(now, out, is_paused=isinstance(event, PauseSealing))
            case MessageReceived():
                out.append(trace("Clique.Ignored", event="MessageReceived", hash=event.raw_hash))
            case Start():
                self._start(event, now, out)
            case _:
                assert_never(event)

    def _start(self, event: Start, now: int, out: list[Effect]) -> None:
        """Begin at a head with the log of earlier runs; a second ``Start`` is ignored."""
        state = self._state
        if state.head is not None:
            out.append(trace("Clique.Ignored", event="Start", reason="started_before"))
            return
        state.head, state.head_hash = event.head, event.head.hash()
        out.append(trace("Clique.Started", hash=state.head_hash, number=event.head.number))
        pending = self._sealer.replay(event.wal, out)
        if pending is not None:
            self._intake.receive(pending, now, out)
        self._sealer.arm(now, out)

    def _follow(self, header: Header, now: int, out: list[Effect]) -> None:
        """The chain shows a head: one that was asked for, or one that sync brought."""
        block_hash = header.hash()
        if not self._heads.is_settled(block_hash):
            out.append(trace("Clique.HeadOutdated", hash=block_hash, number=header.number))
            return
        if block_hash != self._state.head_hash:
            self._heads.move(header, block_hash, out)
        out.append(trace("Clique.HeadSettled", hash=block_hash, number=header.number))
        self._intake.retry_orphans(now, out)
        if not self._sealer.is_armed():
            self._sealer.arm(now, out)

    def _expire(self, timer: TimerId, now: int, out: list[Effect]) -> None:
        """A timer is due: not armed, ignore it; early by the own clock, arm it again."""
        deadline = self._state.timers.get(timer)
        if deadline is None:
            out.append(trace("Clique.Ignored", event="TimerExpired", timer=timer.kind.value))
            return
        if now < deadline:
            out.append(ScheduleTimer(timer, deadline))
            return
        del self._state.timers[timer]
        if timer.kind is TimerKind.FUTURE:
            self._intake.release_parked(now, out)
        else:
            self._sealer.build(out)

    def _wake(self, now: int, out: list[Effect]) -> None:
        """Transactions wait: a chain without empty blocks (period 0) starts its turn."""
        if self._options.period > 0:
            return
        self._state.has_transactions = True
        if not self._sealer.is_armed():
            self._sealer.arm(now, out)

    def _pause(self, now: int, out: list[Effect], *, is_paused: bool) -> None:
        state = self._state
        if state.is_paused == is_paused:
            return
        state.is_paused = is_paused
        out.append(trace("Clique.Paused" if is_paused else "Clique.Resumed"))
        state.has_transactions |= state.build is not None
        state.build = None
        self._heads.disarm(out)
        if not is_paused:
            self._sealer.arm(now, out)

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule of section 4.3 that ``header`` breaks, or None.

        ``future_block`` is left out: it needs a clock.  ``parent`` need not be stored if its own
        parent is, or if it was the last header verified.
        """
        error = check_shape(header, self._options)
        if error is not None:
            return error
        if header.number != parent.number + 1 or parent.hash() != header.parent_hash:
            return "unknown_ancestor"
        before = self._snapshot_after(parent, header.parent_hash)
        if before is None:
            return "unknown_ancestor"
        after = self._branches.check(header, parent, before)
        if isinstance(after, Refused):
            return after.error
        self._branches.keep(header.hash(), after)
        return None

    def _snapshot_after(self, header: Header, block_hash: Hash32) -> Snapshot | None:
        found = self._branches.snapshot(block_hash)
        if found is not None or header.number == 0:
            return found
        before = self._branches.snapshot(header.parent_hash)
        signer = self._branches.signer(header)
        if before is None or signer is None:
            return None
        after = before.apply(signer, header.coinbase, header.nonce, epoch=self._options.epoch)
        return None if isinstance(after, Refused) else after

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` should replace ``current``; unknown weight never does.

        Under ``geth`` a tie may draw a coin from the entropy of this engine.
        """
        return self._heads.prefers(current, current.hash(), candidate, candidate.hash())

    def voting_state(self, block_hash: Hash32) -> Snapshot | None:
        """Give signers, recent signers, votes and tally after a block of any branch, or None."""
        return self._branches.snapshot(block_hash)

    def signer_of(self, header: Header) -> Address | None:
        """Give who sealed a header: the fee recipient of its block.  None for genesis."""
        return self._branches.signer(header)

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block, ascending.

        raises        UnknownBlockError: the block, or its parent, is not known here.
        """
        header = self._branches.header(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return self.validators_after_block(header.parent_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
        """
        snapshot = self._branches.snapshot(block_hash)
        if snapshot is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return snapshot.signers

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
        self._wire(CliqueState.decode(data))
