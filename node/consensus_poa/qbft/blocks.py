"""Blocks: which bodies are valid, which sealed blocks come in, which are handed over.

A sealed block is taken from anybody (rule 9): its certificate says that the height is decided.
"""

from collections.abc import Sequence

from node.base.block import Block
from node.base.errors import CodecError, UnavailableError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import FUTURE_SECONDS_MAX, PARKED_BLOCKS_MAX
from node.base.types import MICROS_PER_SECOND, Hash32
from node.consensus_poa.effects import (
    BroadcastBlock,
    Finalized,
    ImportBlock,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import BODY_MISMATCH, TimerId, TimerKind
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.header import QbftForm
from node.consensus_poa.qbft.opened import Candidate
from node.consensus_poa.qbft.rules import (
    check_on_parent,
    check_seals,
    check_set,
    check_shape,
    read_extra,
)
from node.consensus_poa.qbft.state import Sealed

FUTURE_TIMER = TimerId(TimerKind.FUTURE, 0)
FUTURE_ALLOWANCE_S = 1
"""A sealed block may be so far ahead of the own clock."""


class Blocks:
    """The way of blocks through one engine."""

    def __init__(self, context: Context) -> None:
        self._context = context

    # -- execution -----------------------------------------------------------------------------

    def is_valid(self, candidate: Candidate) -> bool:
        """Say whether this very body was found valid."""
        return self._context.state.valid.get(candidate.hash) == candidate.key

    def validate(self, block: Block, block_hash: Hash32, key: Hash32) -> None:
        """Ask for execution; one question per block at a time."""
        state = self._context.state
        if block_hash not in state.validating:
            state.validating[block_hash] = key
            self._context.out.append(ValidateBlock(block))

    def true_body(self, bodies: Sequence[Candidate]) -> Candidate | None:
        """Give what a quorum prepared, with the body that its header names.

        The digest that was prepared covers the header alone, so each sender of a RoundChange may
        have put another body behind it.  None: the true one is not known; the next is asked for.
        """
        state = self._context.state
        if state.prepared is not None and state.prepared.candidate.hash == bodies[0].hash:
            bodies = (*bodies, state.prepared.candidate)
        for body in bodies:
            if self.is_valid(body):
                return body
        unknown = [body for body in bodies if body.key not in state.foreign]
        if unknown and unknown[0].hash not in state.bad:
            self.validate(unknown[0].block, unknown[0].hash, unknown[0].key)
        return None

    def note_valid(self, block_hash: Hash32, key: Hash32) -> None:
        """Remember a valid body."""
        self._context.state.valid[block_hash] = key

    def validated(self, block_hash: Hash32, key: Hash32, error: str | None) -> None:
        """Take the verdict on a sealed block that waits for it."""
        context = self._context
        sealed = context.state.importing.pop(block_hash, None)
        if sealed is None:
            return
        is_same = keccak256(sealed.block.encode()) == key
        if error is None and is_same:
            self._import(sealed, block_hash)
        elif error == BODY_MISMATCH and not is_same:
            context.state.importing[block_hash] = sealed
            self.validate(sealed.block, block_hash, keccak256(sealed.block.encode()))
        else:
            # of a certified block every honest node would say valid: this body is not its own
            self._refuse(block_hash, error or BODY_MISMATCH)
            if error in (None, BODY_MISMATCH):
                context.request_sync(context.head.number, None)

    # -- decisions -----------------------------------------------------------------------------

    def hand_over(self, block: Block, block_hash: Hash32, certificate: bytes) -> None:
        """The height is decided: import, follow, finalise, spread."""
        context = self._context
        context.state.decided = block_hash
        context.disarm()
        context.out += [
            ImportBlock(block, certificate),
            SetHead(block_hash, 0),
            Finalized(block_hash, block.header.number, certificate),
        ]
        if not context.state.is_paused:
            context.out.append(BroadcastBlock(block, certificate))

    def _import(self, sealed: Sealed, block_hash: Hash32) -> None:
        context = self._context
        header = sealed.block.header
        if context.state.decided is not None or header.parent_hash != context.state.head_hash:
            context.trace("QBFT.BlockOutdated", hash=block_hash, number=header.number)
            return
        context.trace("QBFT.UponNewBlock", height=header.number, hash=block_hash)
        assert sealed.certificate is not None
        self.hand_over(sealed.block, block_hash, sealed.certificate)

    # -- sealed blocks -------------------------------------------------------------------------

    def receive(self, sealed: Sealed) -> None:
        """Judge a block with its certificate, whoever sent it."""
        context = self._context
        state, header = context.state, sealed.block.header
        block_hash = header.hash()
        if sealed.peer is not None:
            state.syncs.pop((header.number - 1, sealed.peer), None)
            state.syncs.pop((header.number - 1, b""), None)
        if block_hash in state.bad:
            self._refuse(block_hash, "known_bad")
        elif block_hash in (state.head_hash, state.decided):
            context.trace("QBFT.BlockKnown", hash=block_hash)
        elif any(block_hash in kept for kept in (state.importing, state.parked, state.orphans)):
            context.trace("QBFT.BlockPending", hash=block_hash)
        elif state.is_stopped:
            self._refuse(block_hash, "agreement_violation")
        elif header.number <= context.head.number:
            self._look_back(sealed, block_hash)
        elif header.number > context.head.number + 1:
            self._adopt_orphan(sealed, block_hash)
        else:
            self._judge(sealed, block_hash)

    def _judge(self, sealed: Sealed, block_hash: Hash32) -> None:
        """Check a block for the height above the head."""
        context = self._context
        state, header = context.state, sealed.block.header
        error = self.check(sealed, context.head)
        if error is not None:
            self._refuse(block_hash, error)
            return
        if state.decided is not None:
            self.stop(block_hash, header.number)
            return
        if header.timestamp > context.now // MICROS_PER_SECOND + FUTURE_ALLOWANCE_S:
            self._park(sealed, block_hash)
            return
        if len(state.importing) >= PARKED_BLOCKS_MAX:
            self._refuse(block_hash, "importing_full")
            return
        key = keccak256(sealed.block.encode())
        if state.valid.get(block_hash) == key:
            self._import(sealed, block_hash)
        else:
            state.importing[block_hash] = sealed
            self.validate(sealed.block, block_hash, key)

    def check(self, sealed: Sealed, parent: Header) -> str | None:
        """Give the first rule that a sealed block's header breaks on ``parent``, or None."""
        if sealed.certificate is None:
            return "not_enough_seals"
        try:
            header = QbftForm().join(sealed.block.header, sealed.certificate)
        except CodecError:
            return "invalid_certificate"
        return check_header(self._context, header, sealed.block.header, parent)

    def _look_back(self, sealed: Sealed, block_hash: Hash32) -> None:
        """A block at a decided height: known, worthless, or proof that agreement broke."""
        context = self._context
        chain, number = context.lent.chain, sealed.block.header.number
        known = chain.header_by_number(number)
        if known is not None and known.hash() == block_hash:
            context.trace("QBFT.BlockKnown", hash=block_hash)
            return
        parent = None if number == 0 else chain.header_by_number(number - 1)
        error = "unknown_ancestor" if parent is None else self.check(sealed, parent)
        if known is None or error is not None:
            self._refuse(block_hash, error or "unknown_ancestor")
            return
        self.stop(block_hash, number)

    def stop(self, block_hash: Hash32, number: int) -> None:
        """Two blocks are decided at one height: sign nothing more, and never reorganise."""
        context = self._context
        context.state.is_stopped = True
        context.state.build = None
        context.disarm()
        context.trace("agreement_violation", height=number, hash=block_hash)

    def _adopt_orphan(self, sealed: Sealed, block_hash: Hash32) -> None:
        """Keep a block until those below it came, and ask for what is missing."""
        context = self._context
        state, header = context.state, sealed.block.header
        error = check_shape(header, context.options)
        if error is not None:
            self._refuse(block_hash, error)
            return
        state.orphans[block_hash] = sealed
        context.trace("QBFT.BlockOrphaned", hash=block_hash, number=header.number)
        while header.parent_hash in state.orphans:
            header = state.orphans[header.parent_hash].block.header
        is_under_way = header.parent_hash in (*state.importing, *state.parked, state.decided)
        if not is_under_way:
            context.request_sync(context.head.number, sealed.peer)

    def retry_orphans(self) -> None:
        """Judge the orphans that stand on the head; those at or below it are forgotten."""
        orphans, height = self._context.state.orphans, self._context.head.number + 1
        due = [key for key, found in orphans.items() if found.block.header.number <= height]
        for block_hash in due:
            sealed = orphans.pop(block_hash)
            if sealed.block.header.number == height and block_hash != self._context.state.decided:
                self._judge(sealed, block_hash)

    def _park(self, sealed: Sealed, block_hash: Hash32) -> None:
        """Keep a block for its time; too far ahead it goes."""
        context = self._context
        ahead = sealed.block.header.timestamp - context.now // MICROS_PER_SECOND
        parked = context.state.parked
        if ahead > FUTURE_SECONDS_MAX or len(parked) >= PARKED_BLOCKS_MAX:
            self._refuse(block_hash, "future_block")
            return
        parked[block_hash] = sealed
        context.trace("QBFT.BlockParked", hash=block_hash, number=sealed.block.header.number)
        self._arm_future()

    def release_parked(self) -> None:
        """Judge the parked blocks whose time has come."""
        context = self._context
        parked, latest = context.state.parked, context.now // MICROS_PER_SECOND
        due = [
            key
            for key, found in parked.items()
            if found.block.header.timestamp <= latest + FUTURE_ALLOWANCE_S
        ]
        for block_hash in due:
            self.receive(parked.pop(block_hash))
        self._arm_future()

    def _arm_future(self) -> None:
        parked = self._context.state.parked
        if not parked:
            return
        first = min(found.block.header.timestamp for found in parked.values())
        at = (first - FUTURE_ALLOWANCE_S) * MICROS_PER_SECOND
        if self._context.state.timers.get(FUTURE_TIMER) != at:
            self._context.arm(FUTURE_TIMER, at)

    def _refuse(self, block_hash: Hash32, error: str) -> None:
        self._context.trace("QBFT.BlockRefused", hash=block_hash, error=error)


def check_header(context: Context, header: Header, canonical: Header, parent: Header) -> str | None:
    """Give the first rule that a header, certificate inside, breaks on ``parent``, or None."""
    extra = read_extra(header)
    if extra is None:
        return "invalid_extra_data"
    error = check_shape(header, context.options) or check_on_parent(header, parent, context.options)
    if error is not None:
        return error
    try:
        validators = context.sets.after(canonical.parent_hash, parent)
    except UnavailableError:
        return "validators_unavailable"
    return check_set(header, extra, validators, context.options) or check_seals(
        header, extra, validators, context.lent.verifier
    )
