"""Proposals, Prepares and Commits of one height (consensus.md section 6, rules of GoQuorum's core).

What is broken on purpose: the lock knows no round, a round change carries no proof, and a quorum
of 2F + 1 need not share an honest validator with another.
"""

from collections.abc import Callable
from typing import Final

from node.base.limits import ROUNDS_KEPT_COUNT_MAX
from node.base.types import MICROS_PER_SECOND, Address, Hash32
from node.consensus_poa.effects import (
    BroadcastBlock,
    Effect,
    Finalized,
    ImportBlock,
    Multicast,
    ReportEvidence,
    SetHead,
    trace,
)
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.evidence import INVALID_PROPOSAL
from node.consensus_poa.ibft1.header import encode_certificate
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.messages import (
    COMMIT,
    PREPARE,
    PREPREPARE,
    Message,
    equivocation,
)
from node.consensus_poa.ibft1.state import Ballot, Proposal, Round, Sealed, body_key

FUTURE_TIMER: Final = TimerId(TimerKind.FUTURE, 0)
OnRefusal = Callable[[int, list[Effect]], None]


class Rounds:
    """Counts what comes for the rounds of a height, and decides."""

    def __init__(self, height: Height, refuse: OnRefusal) -> None:
        self._height = height
        self._refuse = refuse
        """Called with ``now`` when a proposal calls for a round change."""

    # -- taking in -------------------------------------------------------------------------

    def takes(self, message: Message) -> str | None:
        """Give why a proposal or vote of this height is dropped by its round, or None."""
        current, counts = self._height.state.round, self._height.options.old_rounds == "count"
        if message.round > current + ROUNDS_KEPT_COUNT_MAX:
            return "round_ahead"
        if message.round >= current:
            return None
        if not counts or message.code == PREPREPARE:
            return "old_round"
        return "old_round" if message.round < current - ROUNDS_KEPT_COUNT_MAX else None

    def receive(
        self, message: Message, raw: bytes, peer: Address, now: int, out: list[Effect]
    ) -> None:
        """Keep the first proposal of a leader, the first vote of an author, and act on it."""
        height = self._height
        if message.code == PREPREPARE and message.author != height.leader(message.round):
            out.append(trace("IBFT1.MessageDropped", reason="not_the_leader", raw=raw[:8]))
            return
        votes = height.state.round_at(message.round)
        first = self._first(votes, message)
        if first is not None:
            self._compare(votes, message, raw, first, out)
            return
        if height.options.relays and not height.state.is_paused:
            out.append(Multicast(raw, exclude=(message.author, peer)))
        if message.code == PREPREPARE:
            assert message.block is not None
            votes.proposal = Proposal(message.block, raw)
            if message.round == height.state.round:
                self.try_proposal(now, out)
            return
        ballots = votes.prepares if message.code == PREPARE else votes.commits
        ballots[message.author] = Ballot(message.digest, message.seal, raw)
        if votes.accepted == message.digest:
            self.count(message.round, out)

    def _first(self, votes: Round, message: Message) -> tuple[Hash32, bytes] | None:
        """Give digest and bytes of what the author sent before in the same slot, or None."""
        if message.code == PREPREPARE:
            known = votes.proposal
            return (known.block.header.hash(), known.raw) if known else None
        ballots = votes.prepares if message.code == PREPARE else votes.commits
        ballot = ballots.get(message.author)
        return (ballot.digest, ballot.raw) if ballot else None

    def _compare(
        self,
        votes: Round,
        message: Message,
        raw: bytes,
        first: tuple[Hash32, bytes],
        out: list[Effect],
    ) -> None:
        """The first stays; another digest in one slot is evidence, once."""
        slot = (message.author, message.code)
        if first[0] == message.digest or slot in votes.reported:
            return
        votes.reported[slot] = None
        out.append(trace("IBFT1.Equivocation", author=message.author, round=message.round))
        out.append(equivocation(message.author, first[1], raw))

    # -- proposals -------------------------------------------------------------------------

    def try_proposal(self, now: int, out: list[Effect]) -> None:
        """Judge the proposal of the round under way: refuse, wait, execute or accept it."""
        state, height = self._height.state, self._height
        votes = state.rounds.get(state.round)
        if votes is None or votes.proposal is None or votes.accepted or state.is_waiting:
            return
        if state.decided is not None:
            return
        block, raw = votes.proposal
        digest = block.header.hash()
        is_valid = height.is_valid(block)
        if not is_valid:
            error = "known_bad" if digest in state.bad else height.check_proposal(block.header)
            if error is not None:
                self._refuse_proposal(error, raw, now, out)
                return
        due = block.header.timestamp * MICROS_PER_SECOND
        if due > now:  # a clock is off: wait, then go on
            out.append(trace("IBFT1.ProposalEarly", round=state.round, hash=digest))
            self._arm_future(due, out)
            return
        if state.locked is not None and state.locked.header.hash() != digest:
            out.append(trace("IBFT1.LockedOnAnother", round=state.round, hash=digest))
            self._refuse(now, out)
            return
        if not is_valid:
            height.validate(block, out)
            return
        self._accept(votes, digest, now, out)

    def proposes_body(self, key: Hash32) -> bool:
        """Say whether the block proposed in the round under way is this body."""
        votes = self._height.state.rounds.get(self._height.state.round)
        return (
            votes is not None
            and votes.proposal is not None
            and body_key(votes.proposal.block) == key
        )

    def _refuse_proposal(self, error: str, raw: bytes, now: int, out: list[Effect]) -> None:
        """A proposal breaks a rule: evidence, unless it only stands on another head."""
        state = self._height.state
        out.append(trace("IBFT1.ProposalRefused", round=state.round, error=error))
        leader = self._height.leader(state.round)
        reported = state.round_at(state.round).reported
        if error != "unknown_ancestor" and (leader, PREPREPARE) not in reported:
            reported[leader, PREPREPARE] = None
            out.append(ReportEvidence(leader, INVALID_PROPOSAL, raw))
        self._refuse(now, out)

    def _accept(self, votes: Round, digest: Hash32, now: int, out: list[Effect]) -> None:
        """Take the proposal; send Prepare, or Commit at once for what is locked."""
        state, height = self._height.state, self._height
        votes.accepted = digest
        if not state.is_started:
            state.is_started = True
            height.log.note_round(out)
            height.arm_round(now, out)
        out.append(
            trace("IBFT1.UponPreprepare", height=state.height, round=state.round, hash=digest)
        )
        if state.locked is None:
            self._vote(PREPARE, state.round, digest, out)
        self.count(state.round, out)

    def _arm_future(self, at: int, out: list[Effect]) -> None:
        armed = self._height.state.timers.get(FUTURE_TIMER)
        if armed is None or at < armed:
            self._height.schedule(FUTURE_TIMER, at, out)

    # -- votes -----------------------------------------------------------------------------

    def _vote(self, code: int, round_: int, digest: Hash32, out: list[Effect]) -> None:
        """Send an own Prepare or Commit, and count it."""
        height = self._height
        if not height.is_voter:
            return
        raw = height.log.send(code, round_, digest, None, out)
        if raw is None:
            return
        message = height.read(raw)
        assert isinstance(message, Message)
        votes = height.state.round_at(round_)
        ballots = votes.prepares if code == PREPARE else votes.commits
        ballots[message.author] = Ballot(digest, message.seal, raw)

    def count(self, round_: int, out: list[Effect]) -> None:
        """Commit on a quorum of Prepares or Commits, decide on one of Commits.

        The round may be over where ``old_rounds`` is ``count``.
        """
        state, height = self._height.state, self._height
        votes = state.rounds[round_]
        digest = votes.accepted
        if digest is None or state.decided is not None:
            return
        if not votes.is_prepared and self._is_prepared(votes, digest):
            self._prepare(votes, round_, digest, out)
        if len(votes.commits) < height.quorum:
            return  # too few whatever they say: this runs for every vote
        seals = {a: b.seal for a, b in votes.commits.items() if b.digest == digest}
        if len(seals) >= height.quorum:
            assert votes.proposal is not None
            out.append(trace("IBFT1.UponCommit", height=state.height, round=round_, hash=digest))
            certificate = encode_certificate([seals[author] for author in sorted(seals)])
            self.decide(Sealed(votes.proposal.block, certificate, None), out)

    def _is_prepared(self, votes: Round, digest: Hash32) -> bool:
        locked = self._height.state.locked
        if locked is not None:
            return locked.header.hash() == digest
        if len(votes.prepares) + len(votes.commits) < self._height.quorum:
            return False
        ballots = (*votes.prepares.items(), *votes.commits.items())
        return len({a for a, ballot in ballots if ballot.digest == digest}) >= self._height.quorum

    def _prepare(self, votes: Round, round_: int, digest: Hash32, out: list[Effect]) -> None:
        """Lock, if locking is on, and send Commit."""
        state, height = self._height.state, self._height
        votes.is_prepared = True
        out.append(trace("IBFT1.UponPrepare", height=state.height, round=round_, hash=digest))
        if height.options.lock == "on" and state.locked is None:
            assert votes.proposal is not None
            state.locked = votes.proposal.block
            height.log.note_lock(state.locked, out)
        self._vote(COMMIT, round_, digest, out)

    # -- the decision ----------------------------------------------------------------------

    def decide(self, sealed: Sealed, out: list[Effect]) -> None:
        """Hand a decided block over; the height ends when the chain shows it as its head.

        What is decided was executed before, so no insert fails and the lock is never undone.
        """
        state = self._height.state
        block, certificate, _ = sealed
        block_hash = block.header.hash()
        state.decided, state.build = block_hash, None
        self._height.cancel_turns(out)
        out.append(ImportBlock(block, certificate))
        out.append(SetHead(block_hash, 0))
        out.append(Finalized(block_hash, block.header.number, certificate))
        if not state.is_paused:
            out.append(BroadcastBlock(block, certificate))
