"""From one height to the next: the head moves, round 0 waits for its time, a restart resumes."""

from node.base.errors import CodecError
from node.base.header import Header
from node.base.types import MICROS_PER_SECOND, Hash32
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockBuilt,
    BlockValidated,
    TimerId,
    TimerKind,
)
from node.consensus_poa.evidence import INVALID_PROPOSAL
from node.consensus_poa.qbft import log
from node.consensus_poa.qbft.blocks import Blocks
from node.consensus_poa.qbft.building import request_block, unfit
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.inbox import Inbox
from node.consensus_poa.qbft.messages import COMMIT, PREPARE, PROPOSAL, ROUND_CHANGE
from node.consensus_poa.qbft.opened import Opened, Unreadable, candidate_of, open_message
from node.consensus_poa.qbft.round import Rounds
from node.consensus_poa.qbft.state import NOT_STARTED, Prepared
from node.consensus_poa.qbft.voice import Voice
from node.consensus_poa.wal import ForeignLogError


class Heights:
    """Rules 1 and 9, and what comes before and after."""

    def __init__(
        self, context: Context, rounds: Rounds, blocks: Blocks, inbox: Inbox, voice: Voice
    ) -> None:
        self._context = context
        self._rounds = rounds
        self._blocks = blocks
        self._inbox = inbox
        self._voice = voice

    def enter(self, header: Header, block_hash: Hash32) -> None:
        """Stand on a new head: clear the old height, wait for round 0 of the next."""
        context = self._context
        state = context.state
        state.head, state.head_hash = header, block_hash
        state.clear_height()
        state.has_transactions = False
        context.disarm()
        context.take_place()
        for above in [key for key in state.syncs if key[0] < header.number]:
            del state.syncs[above]
        context.trace("QBFT.Height", height=header.number + 1, hash=block_hash)
        self._wait_for_round_zero()

    def proceed(self) -> None:
        """Take up what waited for this height."""
        self._inbox.replay()
        self._blocks.retry_orphans()

    def _wait_for_round_zero(self) -> None:
        context = self._context
        if context.signer() is not None:
            head = context.head
            at = (head.timestamp + context.options.period) * MICROS_PER_SECOND
            context.arm(TimerId(TimerKind.BLOCK, head.number + 1), at)

    # -- rule 1 --------------------------------------------------------------------------------

    def block_timeout(self) -> None:
        """Rule 1: round 0 may start; its leader builds."""
        context = self._context
        state, signer = context.state, context.signer()
        if signer is None or context.place is None or state.round != NOT_STARTED:
            return
        if self._may_wait() and not state.has_transactions:
            self._wait_for_transactions()
            return
        context.trace("QBFT.UponBlockTimeout", height=context.place.height)
        self._rounds.start(0)
        if context.place.leader(0) == signer.address and (0, PROPOSAL) not in state.guards:
            request_block(context, 0, signer.address)

    def _empty_deadline(self) -> int:
        empty_period = self._context.options.empty_period or 0
        return (self._context.head.timestamp + empty_period) * MICROS_PER_SECOND

    def _may_wait(self) -> bool:
        options = self._context.options
        return options.empty_period is not None and self._context.now < self._empty_deadline()

    def _wait_for_transactions(self) -> None:
        """Leave no round active until there is something to put into a block, or it is time."""
        context = self._context
        context.state.round = NOT_STARTED
        context.disarm()
        later = context.now + context.options.period * MICROS_PER_SECOND
        timer = TimerId(TimerKind.BLOCK, context.head.number + 1)
        context.arm(timer, min(later, self._empty_deadline()))

    def wake(self) -> None:
        """Transactions wait: a height that waited for them starts, if its time has come."""
        context = self._context
        context.state.has_transactions = True
        earliest = (context.head.timestamp + context.options.period) * MICROS_PER_SECOND
        if context.options.empty_period is not None and context.now >= earliest:
            timer = TimerId(TimerKind.BLOCK, context.head.number + 1)
            if context.state.timers.get(timer) is not None:
                self.block_timeout()

    def built(self, event: BlockBuilt) -> None:
        """Propose the block that was asked for; late and unfit answers are dropped."""
        context = self._context
        state, build = context.state, context.state.build
        if build is None or event.request != build.request.request or context.signer() is None:
            context.trace("QBFT.Ignored", event="BlockBuilt", request=event.request)
            return
        state.build = None
        block, reason = event.block, event.error or "no_block"
        if block is not None:
            reason = unfit(context, build, block) or ""
        if block is None or reason or build.round != state.round:
            context.trace("QBFT.BuildDropped", request=event.request, reason=reason or "outdated")
            return
        if build.round == 0 and not block.transactions and self._may_wait():
            state.has_transactions = False
            self._wait_for_transactions()
            return
        candidate = candidate_of(block, build.round)
        assert candidate is not None
        self._blocks.note_valid(candidate.hash, candidate.key)
        self._rounds.propose(candidate)

    # -- execution's answers -------------------------------------------------------------------

    def validated(self, event: BlockValidated) -> None:
        """Take the executor's verdict to all who wait for it."""
        context = self._context
        state, block_hash = context.state, event.canonical_hash
        key = state.validating.pop(block_hash, None)
        if key is None:
            context.trace("QBFT.Ignored", event="BlockValidated", hash=block_hash)
            return
        if event.error is None:
            self._blocks.note_valid(block_hash, key)
        elif event.error == BODY_MISMATCH:
            state.foreign[key] = None
        else:
            context.trace("QBFT.BlockInvalid", hash=block_hash, error=event.error)
            state.bad[block_hash] = None
            state.bad.touch(block_hash)
        self._blocks.validated(block_hash, key, event.error)
        if state.decided is not None:
            return
        waiting = [
            message
            for _, message in sorted(state.proposals.items())
            if message.candidate is not None and message.candidate.hash == block_hash
        ]
        for message in waiting:
            self._judged(message, key, event.error)
        if context.signer() is not None:
            self._rounds.follow_changes()  # a leader may have waited for this block

    def _judged(self, message: Opened, key: Hash32, error: str | None) -> None:
        """Accept a proposal whose block is valid, or report who signed it."""
        context = self._context
        candidate = message.candidate
        assert candidate is not None
        is_same = candidate.key == key
        if error is None and is_same:
            if context.signer() is not None:
                self._rounds.accept(message)
        elif error == BODY_MISMATCH and not is_same:
            self._blocks.validate(candidate.block, candidate.hash, candidate.key)
        elif candidate.block.header.coinbase == message.author:
            # who proposes again what a quorum prepared did not choose it
            context.report(message, INVALID_PROPOSAL, message.raw)

    # -- stop and go ---------------------------------------------------------------------------

    def pause(self, *, is_paused: bool) -> None:
        """Fall silent while the node syncs; afterwards take the height up where it was."""
        context = self._context
        state = context.state
        if state.is_paused == is_paused:
            return
        state.is_paused = is_paused
        context.trace("QBFT.Paused" if is_paused else "QBFT.Resumed")
        if is_paused:
            state.build = None
            context.disarm()
            return
        if context.place is None:
            context.take_place()
        self._take_up()

    def _take_up(self) -> None:
        """Go on in the round that is under way, with its full time."""
        context = self._context
        state = context.state
        if context.signer() is None:
            return
        if state.round == NOT_STARTED:
            self._wait_for_round_zero()
        else:
            self._rounds.rearm()
        for message in [found for _, found in sorted(state.proposals.items())]:
            if message.candidate is not None and self._blocks.is_valid(message.candidate):
                self._rounds.accept(message)
        self.proceed()

    # -- restart -------------------------------------------------------------------------------

    def replay(self, entries: tuple[bytes, ...]) -> None:
        """Take up the log: round, certificate and words of this height.

        A log that cannot be read, or that another key or chain wrote, makes this node an
        observer: without its guards it could say a second thing (consensus.md section 11).
        """
        context = self._context
        own = context.own
        if own is None or not entries:
            return
        try:
            found = log.recover(entries, context.genesis_hash(), own, context.head.number + 1)
            self._restore(found)
        except (CodecError, ForeignLogError) as error:
            context.state.is_observer = True
            context.state.clear_height()
            context.disarm()
            context.trace("QBFT.WalRefused", reason=str(error))
            return
        if context.state.round != NOT_STARTED:
            self._resume()

    def _restore(self, found: log.Recovered) -> None:
        """Put into the state what the log has; send nothing yet.

        raises        CodecError: a logged message or block cannot be read.
        """
        state = self._context.state
        state.round = found.round
        if found.prepared is not None:
            line = found.prepared
            candidate = None if line.block is None else candidate_of(line.block, line.round)
            if candidate is None:
                raise CodecError("qbft log", "the prepared block is not QBFT's")
            votes = tuple(self._open(raw) for raw in line.prepares)
            state.prepared = Prepared(line.round, candidate, votes)
        for line in found.sent:
            message = self._open(line.message)
            state.guards[(message.round, message.code)] = message.value
            state.sent[message.code] = message

    def _open(self, raw: bytes) -> Opened:
        lent = self._context.lent
        message = open_message(raw, lent.memo, lent.verifier)
        if isinstance(message, Unreadable):
            raise CodecError("qbft log", message.reason)
        return message

    def _resume(self) -> None:
        """Say the last words again, byte for byte, and count them."""
        context = self._context
        state = context.state
        context.trace("QBFT.Resumed", height=context.head.number + 1, round=state.round)
        if context.signer() is None:
            return
        self._rounds.rearm()
        own = dict(state.sent)
        for code, ballots in ((PREPARE, state.prepares), (COMMIT, state.commits)):
            if code in own and own[code].round == state.round:
                ballots.add(own[code])
        if ROUND_CHANGE in own and own[ROUND_CHANGE].round == state.round:
            state.changes.add(own[ROUND_CHANGE], state.round)
        for code in (ROUND_CHANGE, PROPOSAL, PREPARE, COMMIT):
            if code in own and (own[code].round == state.round or code == ROUND_CHANGE):
                self._voice.again(own[code])
        if PROPOSAL in own and own[PROPOSAL].round == state.round:
            self._rounds.proposal(own[PROPOSAL])
        self._rounds.follow_changes()
