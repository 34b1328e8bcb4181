"""When a leader proposes, and what it puts into the header."""

from dataclasses import replace
from typing import Final

from node.base.block import Block
from node.base.limits import PROPOSALS_COUNT_MAX
from node.base.types import MICROS_PER_SECOND, ZERO_ADDRESS, Address
from node.consensus_poa.effects import BuildBlock, Effect, trace
from node.consensus_poa.events import BlockBuilt, TimerId, TimerKind
from node.consensus_poa.extra_data import ADDRESS_BYTES
from node.consensus_poa.ibft1.header import DIFFICULTY, MIX_HASH, IstanbulExtra, seal_header
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.messages import PREPREPARE
from node.consensus_poa.ibft1.round import Rounds
from node.consensus_poa.ibft1.rules import check_on_parent, check_shape
from node.consensus_poa.ibft1.state import Proposal, body_key
from node.consensus_poa.ibft1.votes import NONCE_ADD, NONCE_DROP, Voting

_NO_VOTE: Final = (ZERO_ADDRESS, NONCE_DROP)


class Proposing:
    """The turn of one validator."""

    def __init__(self, height: Height, rounds: Rounds) -> None:
        self._height = height
        self.rounds = rounds

    def arm(self, now: int, out: list[Effect]) -> None:
        """Arm BLOCK for the start of round 0, or say why this node takes no part."""
        state, height = self._height.state, self._height
        if state.head is None or state.is_started or state.decided is not None:
            return
        if not height.is_voter:
            out.append(trace("IBFT1.Abstained", height=state.height))
            return
        at = (state.head.timestamp + height.options.period) * MICROS_PER_SECOND
        height.schedule(TimerId(TimerKind.BLOCK, state.height), max(at, now), out)

    def begin_height(self, now: int, out: list[Effect]) -> None:
        """BLOCK is due: round 0 starts, or waits while there is nothing to put into a block."""
        state, height = self._height.state, self._height
        assert state.head is not None
        if state.is_started:
            return
        wait_until = self._wait_until(now)
        if wait_until is not None:
            height.schedule(TimerId(TimerKind.BLOCK, state.height), wait_until, out)
            return
        state.is_started = True
        out.append(trace("IBFT1.UponBlockTimeout", height=state.height))
        height.log.note_round(out)
        height.arm_round(now, out)
        if height.is_leader:
            self.lead(now, out)

    def _wait_until(self, now: int) -> int | None:
        """Give when to look again for transactions; None: do not wait (any longer)."""
        state, options = self._height.state, self._height.options
        assert state.head is not None
        if options.empty_period is None or (self._height.is_leader and state.has_transactions):
            return None
        end = (state.head.timestamp + options.empty_period) * MICROS_PER_SECOND
        if now >= end:
            return None
        return min(end, now + options.period * MICROS_PER_SECOND)

    def lead(self, now: int, out: list[Effect]) -> None:
        """Propose what is locked, else the block built before, else ask for one."""
        state = self._height.state
        block = state.locked or state.own_block
        if block is not None:
            self._propose(block, now, out)
            return
        assert state.head is not None
        coinbase, nonce = self._choose_vote()
        state.requests += 1
        earliest = state.head.timestamp + self._height.options.period
        state.build = BuildBlock(
            request=state.requests,
            parent=state.head_hash,
            timestamp=max(earliest, now // MICROS_PER_SECOND),
            extra_data=IstanbulExtra(self._height.options.vanity, state.validators).encode(),
            coinbase=coinbase,
            nonce=nonce,
            difficulty=DIFFICULTY,
            mix_hash=MIX_HASH,
        )
        out.append(state.build)

    def built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal and propose the block that was asked for; late and unfit answers are dropped."""
        state, request = self._height.state, self._height.state.build
        signer = self._height.lent.signer
        if request is None or event.request != request.request or signer is None:
            out.append(trace("IBFT1.Ignored", event="BlockBuilt", request=event.request))
            return
        state.build = None
        block = event.block
        reason = (event.error or "no_block") if block is None else self._unfit(block, request)
        if block is None or reason:
            # the round goes on without a proposal, and its clock brings the next leader
            out.append(trace("IBFT1.BuildDropped", request=event.request, reason=reason or ""))
            return
        if not block.transactions and state.round == 0:
            state.has_transactions = False
            if self._wait_until(now) is not None:
                self._wait_for_transactions(now, out)
                return
        sealed = Block(seal_header(block.header, signer), block.transactions)
        state.own_block = sealed
        state.valid[sealed.header.hash()] = body_key(sealed)  # its builder executed it
        self._propose(sealed, now, out)

    def _wait_for_transactions(self, now: int, out: list[Effect]) -> None:
        """What was said to wait is gone: go back to before round 0."""
        self._height.state.is_started = False
        self._height.cancel_turns(out)
        self.begin_height(now, out)

    def _unfit(self, block: Block, request: BuildBlock) -> str | None:
        """Give why a built block must not be proposed, or None."""
        header, head = block.header, self._height.state.head
        asked = (
            header.parent_hash == request.parent
            and header.timestamp == request.timestamp
            and header.extra_data == request.extra_data
            and header.coinbase == request.coinbase
            and header.nonce == request.nonce
            and header.difficulty == request.difficulty
            and header.mix_hash == request.mix_hash
        )
        if head is None or not asked:
            return "not_as_asked"
        return check_shape(header) or check_on_parent(header, head, self._height.options)

    def _propose(self, block: Block, now: int, out: list[Effect]) -> None:
        """Send the preprepare of the round, and treat it as any other."""
        state, height = self._height.state, self._height
        digest = block.header.hash()
        raw = height.log.send(PREPREPARE, state.round, digest, block, out)
        if raw is None:
            return
        out.append(trace("IBFT1.Proposed", height=state.height, round=state.round, hash=digest))
        votes = state.round_at(state.round)
        if votes.proposal is None:
            votes.proposal = Proposal(block, raw)
        self.rounds.try_proposal(now, out)

    # -- votes in headers ------------------------------------------------------------------

    def _choose_vote(self) -> tuple[Address, bytes]:
        """Give coinbase and nonce: a meaningful open proposal, removals first.

        A vote that stands is cast again only when this touch would enact it; else a proposal
        that nobody else supports would keep all others waiting.
        """
        voting, own = self._height.history.after(self._height.state.head_hash), self._height.log.own
        if voting is None or own is None:
            return _NO_VOTE
        open_votes = [
            (authorize, subject)
            for subject, authorize in self._height.state.proposals.items()
            if voting.is_meaningful(subject, authorize=authorize)
            and _is_worth_casting(voting, own, subject)
        ]
        if not open_votes:
            return _NO_VOTE
        authorize, subject = min(open_votes)
        return subject, NONCE_ADD if authorize else NONCE_DROP

    def open_vote(self, subject: Address, out: list[Effect], *, authorize: bool) -> None:
        """Vote on ``subject`` in own blocks while that is meaningful."""
        proposals = self._height.state.proposals
        fits = len(subject) == ADDRESS_BYTES and subject != ZERO_ADDRESS
        if not fits or (subject not in proposals and len(proposals) >= PROPOSALS_COUNT_MAX):
            out.append(trace("IBFT1.VoteRefused", subject=subject))
            return
        proposals[subject] = authorize
        out.append(trace("IBFT1.VoteProposed", subject=subject, authorize=int(authorize)))

    def close_vote(self, subject: Address, out: list[Effect]) -> None:
        """Stop voting on ``subject``; what stands in headers stays."""
        known = self._height.state.proposals.pop(subject, None) is not None
        rule = "IBFT1.VoteDiscarded" if known else "IBFT1.Ignored"
        out.append(trace(rule, subject=subject))


def _is_worth_casting(voting: Voting, own: Address, subject: Address) -> bool:
    stands = (own, subject) in voting.votes
    after = replace(voting, votes=voting.votes | {(own, subject)})
    return not stands or after.passes(subject)
