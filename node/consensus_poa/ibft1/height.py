"""The height under way: its set, leaders, quorum, timers, and the rules for its headers."""

from node.base.block import Block
from node.base.header import Header
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.effects import CancelTimer, Effect, ScheduleTimer, ValidateBlock, trace
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.ibft1.header import recover_proposer
from node.consensus_poa.ibft1.log import Log
from node.consensus_poa.ibft1.messages import Message, read_message
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft1.rules import (
    check_committed,
    check_on_parent,
    check_proposer,
    check_shape,
)
from node.consensus_poa.ibft1.state import Ibft1State, body_key
from node.consensus_poa.ibft1.votes import Voting, VotingHistory
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.proposer import proposer

_MEMO_KIND = "ibft1.message"


class Height:
    """What all parts of one engine share."""

    def __init__(self, state: Ibft1State, options: Ibft1Options, lent: Capabilities) -> None:
        self.state = state
        self.options = options
        self.lent = lent
        self.history = VotingHistory(lent.chain, lent.verifier, options.epoch)
        self.log = Log(state, lent.chain, lent.signer)
        self._members: frozenset[Address] = frozenset(state.validators)

    def enter(self, head: Header, head_hash: Hash32, out: list[Effect]) -> None:
        """Begin the height above ``head``; what was under way for another is forgotten."""
        state = self.state
        self.cancel_turns(out)
        state.head, state.head_hash = head, head_hash
        voting = self.history.after(head_hash)
        state.validators = voting.validators if voting else ()
        self._members = frozenset(state.validators)
        state.previous = self.signer_of(head) or ZERO_ADDRESS
        state.round, state.is_started, state.is_waiting = 0, False, False
        state.rounds, state.round_changes = {}, {}
        state.locked = state.decided = state.own_block = state.build = None
        state.sent = {}
        state.has_transactions = False
        for table in (state.validating, state.valid, state.candidates):
            table.clear()
        if voting is None:
            out.append(trace("IBFT1.ValidatorSetUnavailable", height=state.height))

    def signer_of(self, header: Header) -> Address | None:
        """Give who sealed a canonical header; None for genesis."""
        return recover_proposer(header, self.lent.verifier)

    def read(self, raw: bytes) -> Message | str:
        """Give an authentic message or what is wrong; equal bytes are read once per process."""
        verifier = self.lent.verifier
        return self.lent.memo.of(_MEMO_KIND, raw, lambda data: read_message(data, verifier))

    # -- who -------------------------------------------------------------------------------

    def has(self, address: Address) -> bool:
        """Say whether ``address`` is a validator of the height."""
        return address in self._members

    def leader(self, round_: int) -> Address:
        """Give who leads a round; the set is not empty."""
        return proposer(self.state.validators, self.state.previous, round_)

    @property
    def is_voter(self) -> bool:
        """Whether this node signs anything at this height."""
        state, own = self.state, self.log.own
        barred = state.is_paused or state.is_observer or state.is_halted
        return own is not None and not barred and own in self._members

    @property
    def is_leader(self) -> bool:
        """Whether this node leads the round under way."""
        return self.is_voter and self.leader(self.state.round) == self.log.own

    @property
    def quorum(self) -> int:
        """How many decide."""
        return self.options.quorum_of(len(self.state.validators))

    @property
    def faulty_max(self) -> int:
        """F of the height."""
        return self.options.faulty_max(len(self.state.validators))

    # -- execution -------------------------------------------------------------------------

    def is_valid(self, block: Block) -> bool:
        """Say whether this very body was found valid."""
        return self.state.valid.get(block.header.hash()) == body_key(block)

    def validate(self, block: Block, out: list[Effect]) -> None:
        """Ask for execution; one question per block hash at a time."""
        block_hash = block.header.hash()
        if block_hash not in self.state.validating:
            self.state.validating[block_hash] = body_key(block)
            out.append(ValidateBlock(block))

    # -- timers ----------------------------------------------------------------------------

    def schedule(self, timer: TimerId, at: int, out: list[Effect]) -> None:
        """Arm a timer, unless it is armed for that time."""
        if self.state.timers.get(timer) != at:
            self.state.timers[timer] = at
            out.append(ScheduleTimer(timer, at))

    def cancel_turns(self, out: list[Effect]) -> None:
        """Forget the BLOCK and ROUND timers."""
        timers = self.state.timers
        for timer in [timer for timer in timers if timer.kind is not TimerKind.FUTURE]:
            del timers[timer]
            out.append(CancelTimer(timer))

    def arm_round(self, now: int, out: list[Effect]) -> None:
        """Start the clock of the round under way, of a voter; BLOCK and older rounds end."""
        self.cancel_turns(out)
        if self.is_voter:
            timer = TimerId(TimerKind.ROUND, self.state.height, self.state.round)
            self.schedule(timer, now + self.options.round_timeout_us(self.state.round), out)

    # -- headers ---------------------------------------------------------------------------

    def check_proposal(self, header: Header) -> str | None:
        """Give the first rule that the header of a proposal breaks on the head, or None."""
        assert self.state.head is not None
        voting = self.history.after(self.state.head_hash)
        if voting is None:
            return "unknown_ancestor"
        return (
            check_shape(header)
            or check_on_parent(header, self.state.head, self.options)
            or check_proposer(header, voting, self.lent.verifier)
        )

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the first rule that a header, as it travels, breaks on its parent, or None."""
        before = self._voting_after(parent)
        error = check_shape(header) or check_on_parent(header, parent, self.options)
        if error is not None:
            return error
        if before is None:
            return "unknown_ancestor"
        verifier = self.lent.verifier
        return check_proposer(header, before, verifier) or check_committed(
            header, before, verifier, self.options
        )

    def _voting_after(self, header: Header) -> Voting | None:
        """Give the voting after a header that need not be stored if its own parent is."""
        block_hash = header.hash()
        found = self.history.after(block_hash)
        if found is None and header.number > 0:
            before = self.history.after(header.parent_hash)
            found = self.history.next(before, header) if before else None
            if found is not None:
                self.history.keep(block_hash, found)
        return found
