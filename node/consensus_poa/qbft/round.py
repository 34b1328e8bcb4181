"""The rules of one height, by the names of the EEA specification (consensus.md section 3.3)."""

from typing import Final

from node.base.limits import (
    LAGGARD_ANSWER_US_MIN,
    ROUND_NUMBER_MAX,
    ROUNDS_AHEAD_COUNT_MAX,
    TIMEOUT_DOUBLINGS_COUNT_MAX,
)
from node.base.types import MICROS_PER_SECOND, Hash32
from node.consensus_poa.events import TimerId, TimerKind
from node.consensus_poa.evidence import EQUIVOCATION, INVALID_JUSTIFICATION, equivocation_proof
from node.consensus_poa.qbft import log
from node.consensus_poa.qbft.ballots import Ballots
from node.consensus_poa.qbft.blocks import Blocks
from node.consensus_poa.qbft.building import request_block
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.header import encode_certificate
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Commit,
    Prepare,
    RoundChange,
)
from node.consensus_poa.qbft.opened import Candidate, Opened
from node.consensus_poa.qbft.state import NOT_STARTED, Prepared
from node.consensus_poa.qbft.validate import Place, check_proposal, check_round_change
from node.consensus_poa.qbft.voice import Voice
from node.consensus_poa.quorum import faulty_max

FUTURE_ALLOWANCE_S: Final = 1
"""A proposal may be so far ahead of the own clock."""


class Rounds:
    """Rules 2 to 8, for a height whose validators are known."""

    def __init__(self, context: Context, voice: Voice, blocks: Blocks) -> None:
        self._context = context
        self._voice = voice
        self._blocks = blocks

    @property
    def _place(self) -> Place:
        assert self._context.place is not None
        return self._context.place

    @property
    def _quorum(self) -> int:
        place = self._context.place
        assert place is not None
        return place.quorum

    # -- rounds --------------------------------------------------------------------------------

    def start(self, round_: int) -> None:
        """Begin a round: its clock starts, what belongs to lower ones goes."""
        context = self._context
        state = context.state
        state.round, state.is_accepted, state.build = round_, False, None
        if round_ > 0:
            self._voice.append(log.ROUND, log.round_payload(self._place.height, round_))
        for kept in (state.prepares, state.commits, state.changes):
            kept.drop_below(round_)
        for old in [found for found in state.proposals if found < round_]:
            del state.proposals[old]
        self.rearm()

    def rearm(self) -> None:
        """Give the round its full time from now."""
        context = self._context
        round_, options = context.state.round, context.options
        timeout = options.request_timeout_us << min(round_, TIMEOUT_DOUBLINGS_COUNT_MAX)
        if options.round_timeout_cap_us is not None:
            timeout = min(timeout, options.round_timeout_cap_us)
        context.disarm()
        timer = TimerId(TimerKind.ROUND, self._place.height, round_)
        context.arm(timer, context.now + timeout)

    def timeout(self) -> None:
        """Rule 5: the round had its time."""
        context = self._context
        round_ = context.state.round + 1
        if round_ > ROUND_NUMBER_MAX:
            context.trace("QBFT.RoundsExhausted", height=self._place.height)
            self.rearm()
            return
        context.trace("QBFT.UponRoundTimeout", height=self._place.height, round=round_)
        self.start(round_)
        self._ask_for_round()
        self.follow_changes()

    def _ask_for_round(self) -> None:
        state = self._context.state
        said = self._voice.round_change(state.round, state.prepared)
        if said is not None:
            state.changes.add(said, state.round)

    # -- proposals -----------------------------------------------------------------------------

    def proposal(self, message: Opened) -> bool:
        """Rule 2, first half: judge a proposal; say whether it is worth passing on."""
        context = self._context
        state = context.state
        if message.round < state.round:
            return False
        first = state.proposals.get(message.round)
        if first is not None:
            self._equivocation(first, message)
            return False
        fault = check_proposal(message, self._place, context.options)
        candidate = message.candidate
        if fault is None and candidate is not None and candidate.hash in state.bad:
            self._refuse(message, "invalid_block")
            return False
        if fault is not None or candidate is None:
            self._refuse(message, "no_block" if fault is None else fault.reason)
            if fault is not None and fault.kind is not None:
                context.report(message, fault.kind, message.raw)
            return False
        ahead = candidate.block.header.timestamp - context.now // MICROS_PER_SECOND
        if ahead > FUTURE_ALLOWANCE_S:
            self._refuse(message, "future_block")
            return False
        state.proposals[message.round] = message
        if self._blocks.is_valid(candidate):
            self.accept(message)
        else:
            self._blocks.validate(candidate.block, candidate.hash, candidate.key)
        return True

    def _refuse(self, message: Opened, reason: str) -> None:
        self._context.trace(
            "QBFT.ProposalRefused",
            height=message.height,
            round=message.round,
            author=message.author,
            reason=reason,
        )

    def accept(self, message: Opened) -> None:
        """Rule 2, second half: the block is valid; go to its round and say so."""
        context = self._context
        state = context.state
        if message.round < state.round or (message.round == state.round and state.is_accepted):
            return
        candidate = message.candidate
        assert candidate is not None
        if message.round > state.round:
            self.start(message.round)
        state.is_accepted = True
        context.trace(
            "QBFT.UponProposal",
            height=message.height,
            round=message.round,
            hash=candidate.hash,
        )
        said = self._voice.prepare(message.round, candidate)
        if said is not None:
            state.prepares.add(said)
        self._try_prepared()
        self._try_decide()

    # -- votes ---------------------------------------------------------------------------------

    def prepare(self, message: Opened) -> bool:
        """Rule 3: count a prepare; say whether it was new."""
        state = self._context.state
        count = self._count(state.prepares, message)
        if state.is_accepted and count >= self._quorum:
            self._try_prepared()
            self._try_decide()
        return count > 0

    def commit(self, message: Opened) -> bool:
        """Rule 4: count a commit; say whether it was new."""
        state = self._context.state
        count = self._count(state.commits, message)
        if state.is_accepted and count >= self._quorum:
            self._try_decide()
        return count > 0

    def _count(self, ballots: Ballots, message: Opened) -> int:
        """Count a new vote; give how many say the same now, or 0 for one that does not count.

        Only a vote that completes a quorum can change anything: what stood before was tried then.
        """
        round_, own_round = message.round, self._context.state.round
        if round_ < own_round:
            return 0
        if round_ > max(own_round, 0) + ROUNDS_AHEAD_COUNT_MAX:
            self._context.trace("QBFT.TooFarAhead", round=round_, author=message.author)
            return 0
        count = ballots.add(message)
        if not count:
            first = ballots.first(round_, message.author)
            assert first is not None
            self._equivocation(first, message)
        return count

    def _equivocation(self, first: Opened, second: Opened) -> None:
        if first.author == second.author and first.value != second.value:
            proof = equivocation_proof(first.raw, second.raw)
            self._context.report(second, EQUIVOCATION, proof)

    def _accepted(self) -> Candidate | None:
        state = self._context.state
        return state.proposals[state.round].candidate if state.is_accepted else None

    def _try_prepared(self) -> None:
        """Rule 3: keep the certificate the moment it exists, then commit.

        Kept here and not when the round times out: a node that leaves the round for a justified
        proposal of a higher one would lose it, and with f Byzantine two values be decided.
        """
        context = self._context
        state = context.state
        if not state.is_accepted or (state.prepared and state.prepared.round == state.round):
            return
        candidate = self._accepted()
        assert candidate is not None
        if state.prepares.count(state.round, candidate.digest) < self._quorum:
            return
        votes = state.prepares.of(state.round, candidate.digest)
        state.prepared = Prepared(state.round, candidate, votes)
        context.trace(
            "QBFT.UponPrepare",
            height=self._place.height,
            round=state.round,
            hash=candidate.hash,
        )
        payload = log.prepared_payload(self._place.height, state.prepared)
        self._voice.append(log.PREPARED, payload)
        said = self._voice.commit(state.round, candidate)
        if said is not None:
            state.commits.add(said)

    def _try_decide(self) -> None:
        """Rule 4: a quorum of commits decides."""
        context = self._context
        state = context.state
        if not state.is_accepted or state.decided is not None:
            return
        candidate = self._accepted()
        assert candidate is not None
        if state.commits.count(state.round, candidate.digest) < self._quorum:
            return
        context.trace(
            "QBFT.UponCommit", height=self._place.height, round=state.round, hash=candidate.hash
        )
        votes = state.commits.of(state.round, candidate.digest)
        seals = [vote.message.seal for vote in votes if isinstance(vote.message, Commit)]
        certificate = encode_certificate(state.round, seals)
        self._blocks.hand_over(candidate.block, candidate.hash, certificate)

    # -- round changes -------------------------------------------------------------------------

    def round_change(self, message: Opened) -> bool:
        """Rules 6 to 8: take a RoundChange; say whether it was new and right."""
        context = self._context
        state = context.state
        if message.round < state.round:
            self._answer_laggard(message)
            return False
        first = state.changes.first(message.round, message.author)
        if first is not None:
            self._equivocation(first, message)
            return False
        error = check_round_change(message, self._place)
        if error is not None:
            context.trace(
                "QBFT.RoundChangeRefused",
                round=message.round,
                author=message.author,
                reason=error,
            )
            if error != "round_out_of_range":
                context.report(message, INVALID_JUSTIFICATION, message.raw)
            return False
        state.changes.add(message, state.round)
        self.follow_changes()
        return True

    def _answer_laggard(self, message: Opened) -> None:
        """Rule 8 (own addition): show a validator in a lower round where this one is."""
        context = self._context
        state = context.state
        latest = state.sent.get(ROUND_CHANGE)
        if not context.options.early_round_change or latest is None or context.signer() is None:
            return
        if latest.round <= message.round:
            return
        asked = state.answered.get(message.author)
        if asked is not None and 0 <= context.now - asked < LAGGARD_ANSWER_US_MIN:
            return
        state.answered[message.author] = context.now
        context.trace("QBFT.UponLaggard", round=message.round, author=message.author)
        self._voice.again(latest, (message.author,))

    def follow_changes(self) -> None:
        """Rules 6 and 7: go where enough others are."""
        context = self._context
        state = context.state
        while True:
            wanted = state.changes.round_of(self._quorum, max(state.round, 1))
            if wanted is not None and wanted > state.round:
                self._trace_quorum(wanted)
                self.start(wanted)
                self._lead()
            elif wanted is not None and self._lead():
                self._trace_quorum(wanted)
            above = state.changes.above(state.round)
            need = faulty_max(len(self._place.validators)) + 1
            if not context.options.early_round_change or len(above) < need:
                return
            round_ = min(above)
            context.trace("QBFT.UponRoundChange.f_plus_1", height=self._place.height, round=round_)
            self.start(round_)
            self._ask_for_round()

    def _trace_quorum(self, round_: int) -> None:
        self._context.trace("QBFT.UponRoundChange.quorum", height=self._place.height, round=round_)

    def _lead(self) -> bool:
        """Rule 6: with a quorum of RoundChanges the leader proposes, once per round."""
        context = self._context
        state, own = context.state, context.own
        if own is None or context.signer() is None or self._place.leader(state.round) != own:
            return False
        if (state.round, PROPOSAL) in state.guards or state.build is not None:
            return False
        if not self.propose(None):
            request_block(context, state.round, own)
        return True

    def propose(self, built: Candidate | None) -> bool:
        """Propose in the current round: the highest prepared block, or what was built.

        Says whether there was anything to propose.
        """
        state = self._context.state
        changes = _consistent(state.changes.of(state.round)) if state.round > 0 else ()
        if state.round > 0 and len(changes) < self._quorum:
            self._context.trace("QBFT.NoJustification", round=state.round)
            return True
        highest = max(map(_prepared_round, changes), default=NOT_STARTED)
        candidate, prepares = built, tuple[Prepare, ...]()
        if highest != NOT_STARTED:
            best = [change for change in changes if _prepared_round(change) == highest]
            assert isinstance(best[0].message, RoundChange)
            prepares = best[0].message.prepares
            candidate = self._blocks.true_body([one.candidate for one in best if one.candidate])
            if candidate is None:
                return True
        if candidate is None:
            return False
        said = self._voice.propose(state.round, candidate, changes, prepares)
        if said is not None:
            self._context.trace(
                "QBFT.Proposed", height=self._place.height, round=state.round, hash=candidate.hash
            )
            self.proposal(said)
        return True


def _consistent(changes: tuple[Opened, ...]) -> tuple[Opened, ...]:
    """Leave out what no proposal may carry together: two blocks prepared in one round.

    Both can only have a certificate when more than f validators are Byzantine.
    """
    digests: dict[int, Hash32] = {}
    kept: list[Opened] = []
    for change in changes:
        assert isinstance(change.message, RoundChange)
        prepared = change.message.signed.prepared
        if prepared is None or digests.setdefault(*prepared) == prepared[1]:
            kept.append(change)
    return tuple(kept)


def _prepared_round(change: Opened) -> int:
    assert isinstance(change.message, RoundChange)
    prepared = change.message.signed.prepared
    return NOT_STARTED if prepared is None else prepared[0]


RULES: Final = {
    PROPOSAL: Rounds.proposal,
    PREPARE: Rounds.prepare,
    COMMIT: Rounds.commit,
    ROUND_CHANGE: Rounds.round_change,
}
"""Code of a message -> the rule that takes it."""
