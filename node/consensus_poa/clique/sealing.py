"""When a Clique validator seals, what it puts into the header, and what it never signs.

One child per parent, ever: the sealed block goes to the write-ahead log before it goes to a
peer, and after a restart the log, not a new build, says what was sealed (consensus.md section
4.4).
"""

from typing import Final, NamedTuple

from node.base.block import Block
from node.base.errors import CodecError
from node.base.limits import PROPOSALS_COUNT_MAX
from node.base.ports import Entropy, Signer
from node.base.types import MICROS_PER_SECOND, ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from node.consensus_poa.chain_state import Waiting
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.heads import WAL_SEAL, WAL_SNAPSHOT, CliqueHeads
from node.consensus_poa.clique.options import WIGGLE_STEP_US, CliqueOptions
from node.consensus_poa.clique.rules import check_on_parent, check_shape, turn_difficulty
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP, Snapshot, decode_snapshot
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import (
    AppendWal,
    BuildBlock,
    Effect,
    ScheduleTimer,
    trace,
)
from node.consensus_poa.events import BlockBuilt, TimerId, TimerKind
from node.consensus_poa.evidence import note_seal, parent_slot
from node.consensus_poa.extra_data import ADDRESS_BYTES, clique_extra
from node.consensus_poa.header import seal_header
from node.consensus_poa.wal import ForeignLogError, WalEntry

BUILD_RETRY_US: Final = MICROS_PER_SECOND
"""A failed build is tried again after this, while the head stays."""


class _Ballot(NamedTuple):
    """The vote fields of a header."""

    coinbase: Address
    nonce: bytes


class Sealer:
    """The turn of one validator."""

    def __init__(
        self,
        state: CliqueState,
        branches: Branches,
        options: CliqueOptions,
        heads: CliqueHeads,
        *,
        entropy: Entropy,
        signer: Signer | None,
    ) -> None:
        self._state = state
        self._branches = branches
        self._options = options
        self._heads = heads
        self._entropy = entropy
        self._signer = signer

    def arm(self, now: int, out: list[Effect]) -> None:
        """Arm BLOCK in turn or WIGGLE out of turn for the child of the head, or say why not."""
        state, head = self._state, self._state.head
        if self._signer is None or head is None or state.build is not None:
            return
        self._heads.disarm(out)
        number = head.number + 1
        before = self._branches.snapshot(state.head_hash)
        reason = self._abstains(number, before, self._signer.address)
        if reason is not None or before is None:
            out.append(trace("Clique.Abstained", height=number, reason=reason or "no_snapshot"))
            return
        state.seal_time = max(head.timestamp + self._options.period, now // MICROS_PER_SECOND)
        at = state.seal_time * MICROS_PER_SECOND
        if before.is_in_turn(number, self._signer.address):
            self._schedule(TimerId(TimerKind.BLOCK, number), at, out)
            return
        spread = len(before.signers) if self._options.wiggle == "eip" else before.limit
        at += self._options.out_of_turn_min_delay_us
        at += self._entropy.below(spread * WIGGLE_STEP_US)
        self._schedule(TimerId(TimerKind.WIGGLE, number), at, out)

    def _abstains(self, number: int, before: Snapshot | None, own: Address) -> str | None:
        """Give why this validator may not or will not seal block ``number``, or None."""
        state = self._state
        if before is None:
            return "no_snapshot"
        if not before.is_signer(own):
            return "not_a_signer"
        if before.is_recent(number, own):
            return "recently_signed"
        if state.is_paused:
            return "paused"
        if state.is_observer:
            return "wal_refused"
        if state.head_hash in state.guards:
            return "sealed_before"
        if self._options.period == 0 and not state.has_transactions:
            return "no_transactions"
        return None

    def is_armed(self) -> bool:
        """Say whether a turn is armed or a build under way."""
        state = self._state
        return state.build is not None or any(
            timer.kind is not TimerKind.FUTURE for timer in state.timers
        )

    def _schedule(self, timer: TimerId, at: int, out: list[Effect]) -> None:
        self._state.timers[timer] = at
        out.append(ScheduleTimer(timer, at))

    def build(self, out: list[Effect]) -> None:
        """Ask for a block on the head; the armed turn has come."""
        state, head = self._state, self._state.head
        before = self._branches.snapshot(state.head_hash)
        if self._signer is None or head is None or before is None:
            return
        number = head.number + 1
        at_checkpoint = number % self._options.epoch == 0
        ballot = (
            _Ballot(ZERO_ADDRESS, NONCE_DROP)
            if at_checkpoint
            else self._choose_vote(before, self._signer.address)
        )
        listed = before.signers if at_checkpoint else ()
        state.requests += 1
        state.has_transactions = False
        state.build = BuildBlock(
            request=state.requests,
            parent=state.head_hash,
            timestamp=state.seal_time,
            extra_data=clique_extra(self._options.vanity, listed),
            coinbase=ballot.coinbase,
            nonce=ballot.nonce,
            difficulty=turn_difficulty(before, number, self._signer.address),
            mix_hash=ZERO_HASH,
        )
        out.append(state.build)

    def _choose_vote(self, before: Snapshot, own: Address) -> _Ballot:
        """Give the vote of the next block: a meaningful open proposal, removals first.

        A vote that already stands is cast again only when this touch would enact it (S7 after a
        shrink); else one proposal nobody else supports would keep all others waiting.
        """
        best: tuple[bool, Address] | None = None
        for subject, authorize in self._state.proposals.items():
            if not before.is_meaningful(subject, authorize=authorize):
                continue
            stands = any(
                vote.signer == own and vote.target == subject and vote.authorize == authorize
                for vote in before.votes
            )
            if stands and before.tally[subject].votes <= len(before.signers) // 2:
                continue
            if best is None or (authorize, subject) < best:
                best = (authorize, subject)
        if best is None:
            return _Ballot(ZERO_ADDRESS, NONCE_DROP)
        return _Ballot(best[1], NONCE_ADD if best[0] else NONCE_DROP)

    def built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal the block that was asked for; late and unfit answers are dropped."""
        state, request = self._state, self._state.build
        if request is None or event.request != request.request or self._signer is None:
            out.append(trace("Clique.Ignored", event="BlockBuilt", request=event.request))
            return
        state.build = None
        block = event.block
        reason = event.error or "no_block"
        if block is not None:
            reason = self._unfit(block, request) or ""
        if block is None or reason:
            out.append(trace("Clique.BuildDropped", request=event.request, reason=reason))
            self._retry(reason, now, out)
            return
        self._seal(block, request.parent, self._signer, out)

    def _unfit(self, block: Block, request: BuildBlock) -> str | None:
        """Give why a built block must not be sealed, or None."""
        header, head = block.header, self._state.head
        is_next = head is not None and header.number == head.number + 1
        if head is None or not is_next or not request.is_answered_by(header):
            return "not_as_asked"
        if self._options.period == 0 and not block.transactions:
            return "no_transactions"
        return check_shape(header, self._options) or check_on_parent(header, head, self._options)

    def _retry(self, reason: str, now: int, out: list[Effect]) -> None:
        """Arm the turn again: at once for new transactions, else a little later."""
        if reason == "no_transactions":
            self.arm(now, out)
            return
        self._state.has_transactions = True
        self.arm(now + BUILD_RETRY_US, out)

    def _seal(self, block: Block, parent: Hash32, signer: Signer, out: list[Effect]) -> None:
        state = self._state
        sealed = Block(seal_header(block.header, signer), block.transactions)
        block_hash = sealed.header.hash()
        state.guards[parent] = block_hash
        genesis = self._branches.genesis_hash() or ZERO_HASH
        entry = WalEntry(WAL_SEAL, genesis, signer.address, sealed.encode())
        out.append(AppendWal(entry.encode()))
        slot = parent_slot(sealed.header)
        # evidence here: somebody else has this key
        out.extend(note_seal(state.seals, slot, sealed.header, signer.address))
        out.append(
            trace(
                "Clique.Sealed",
                hash=block_hash,
                number=sealed.header.number,
                difficulty=sealed.header.difficulty,
            )
        )
        self._heads.accept(sealed, block_hash, out)

    def propose(self, subject: Address, *, authorize: bool, out: list[Effect]) -> None:
        """Open a vote; it is cast in own blocks while it is meaningful."""
        proposals = self._state.proposals
        known = subject in proposals
        fits = len(subject) == ADDRESS_BYTES and subject != ZERO_ADDRESS
        if not fits or (not known and len(proposals) >= PROPOSALS_COUNT_MAX):
            out.append(trace("Clique.VoteRefused", subject=subject))
            return
        proposals[subject] = authorize
        out.append(trace("Clique.VoteProposed", subject=subject, authorize=int(authorize)))

    def discard(self, subject: Address, out: list[Effect]) -> None:
        """Close a vote; what stands in headers stays."""
        rule = "Clique.VoteDiscarded" if subject in self._state.proposals else "Clique.Ignored"
        self._state.proposals.pop(subject, None)
        out.append(trace(rule, subject=subject))

    def replay(self, entries: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Take up the log; give the block sealed on ``head`` before the restart, if there is one.

        A log that cannot be read, or that another key or chain wrote, makes this node an
        observer: without its guards it could seal a second child (consensus.md section 11).
        """
        state = self._state
        genesis = self._branches.genesis_hash() or ZERO_HASH
        pending: Block | None = None
        for data in entries:
            try:
                block = self._take_up(WalEntry.decode(data), genesis)
            except (CodecError, ForeignLogError) as error:
                state.is_observer = True
                out.append(trace("Clique.WalRefused", reason=str(error)))
                return None
            if block is not None and block.header.parent_hash == state.head_hash:
                pending = block
        if pending is None:
            return None
        out.append(trace("Clique.SealRestored", number=pending.header.number))
        return Waiting(pending, None)

    def _take_up(self, entry: WalEntry, genesis: Hash32) -> Block | None:
        is_own = self._signer is not None and entry.kind == WAL_SEAL
        entry.check_origin(genesis, self._signer.address if self._signer and is_own else None)
        if entry.kind == WAL_SNAPSHOT:
            self._branches.keep_stored(*decode_snapshot(entry.payload))
            return None
        if entry.kind != WAL_SEAL:
            raise CodecError("wal", f"kind {entry.kind!r}, wants {WAL_SEAL} or {WAL_SNAPSHOT}")
        if not is_own:
            return None
        block = Block.decode(entry.payload)
        self._state.guards[block.header.parent_hash] = block.header.hash()
        return block
