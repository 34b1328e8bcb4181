"""Sealed blocks that come by gossip or sync: whoever sends them, the seals decide.

A header needs F + 1 committed seals, fewer than a quorum, unless ``strict_seals`` is on.
"""

from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import FUTURE_SECONDS_MAX, SYNC_RETRY_US_MIN
from node.base.types import MICROS_PER_SECOND, Address, Hash32
from node.consensus_poa.effects import Effect, RequestSync, trace
from node.consensus_poa.events import BODY_MISMATCH
from node.consensus_poa.ibft1.header import Ibft1HeaderForm
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.round import FUTURE_TIMER, Rounds
from node.consensus_poa.ibft1.state import Sealed, body_key


class Blocks:
    """The way of sealed blocks through one engine."""

    def __init__(self, height: Height, rounds: Rounds) -> None:
        self._height = height
        self._rounds = rounds

    def receive(self, sealed: Sealed, now: int, out: list[Effect]) -> None:
        """Judge a block by its header and send it on its way."""
        state, header = self._height.state, sealed.block.header
        block_hash = header.hash()
        if sealed.peer is not None:
            for peer in (sealed.peer, b""):
                state.syncs.pop((header.number - 1, peer), None)
        if self._height.lent.chain.header_by_hash(block_hash) is not None:
            out.append(trace("IBFT1.BlockKnown", hash=block_hash))
        elif block_hash in state.bad or header.parent_hash in state.bad:
            self._refuse(block_hash, "known_bad", out)
        elif header.number < state.height or state.decided is not None:
            self._compare(sealed, now, out)
        elif block_hash in state.candidates or block_hash in state.waiting:
            out.append(trace("IBFT1.BlockPending", hash=block_hash))
        elif header.number > state.height:
            self._keep_for_later(block_hash, sealed, now, out)
        elif header.parent_hash != state.head_hash:
            out.append(trace("IBFT1.BlockOrphaned", hash=block_hash, number=header.number))
            self.request_sync(header.number - 2, sealed.peer, now, out)
        else:
            self._judge(block_hash, sealed, now, out)

    def _judge(self, block_hash: Hash32, sealed: Sealed, now: int, out: list[Effect]) -> None:
        """Check a child of the head, then ask for its execution."""
        state, header = self._height.state, sealed.block.header
        assert state.head is not None
        error = self._check(sealed, state.head)
        if error is not None:
            self._refuse(block_hash, error, out)
            return
        ahead_s = header.timestamp - now // MICROS_PER_SECOND
        if ahead_s > FUTURE_SECONDS_MAX:
            self._refuse(block_hash, "future_block", out)
        elif ahead_s > 0:
            state.waiting[block_hash] = sealed
            out.append(trace("IBFT1.BlockParked", hash=block_hash, number=header.number))
            due = header.timestamp * MICROS_PER_SECOND
            armed = state.timers.get(FUTURE_TIMER)
            if armed is None or due < armed:
                self._height.schedule(FUTURE_TIMER, due, out)
        elif self._height.is_valid(sealed.block):
            self._import(sealed, out)
        else:
            state.candidates[block_hash] = sealed
            self._height.validate(sealed.block, out)

    def _check(self, sealed: Sealed, parent: Header) -> str | None:
        """Give the first rule that the block's header breaks as it travels, or None."""
        try:
            full = Ibft1HeaderForm().join(sealed.block.header, sealed.certificate)
        except CodecError:
            return "invalid_extra_data"
        return self._height.verify_header(full, parent)

    def _import(self, sealed: Sealed, out: list[Effect]) -> None:
        header = sealed.block.header
        out.append(trace("IBFT1.UponNewBlock", height=header.number, hash=header.hash()))
        self._rounds.decide(sealed, out)

    def validated(self, block_hash: Hash32, error: str | None, now: int, out: list[Effect]) -> None:
        """Take the executor's answer, for a candidate and for a proposal alike."""
        state = self._height.state
        key = state.validating.pop(block_hash, None)
        if key is None:
            out.append(trace("IBFT1.Ignored", event="BlockValidated", hash=block_hash))
            return
        candidate = state.candidates.pop(block_hash, None)
        if candidate is not None and body_key(candidate.block) != key:
            # the answer is another body's: this one is asked for itself, unless its header is bad
            if error in (None, BODY_MISMATCH):
                state.candidates[block_hash] = candidate
                self._height.validate(candidate.block, out)
            candidate = None
        if error is None:
            state.valid[block_hash] = key
            if candidate is not None and state.decided is None:
                self._import(candidate, out)
            elif candidate is not None and state.decided != block_hash:
                self.halt(state.height, block_hash, out)
        elif error == BODY_MISMATCH:
            out.append(trace("IBFT1.BlockRefused", hash=block_hash, error=error))
            if candidate is not None:
                self.request_sync(candidate.block.header.number - 1, None, now, out)
            # the true body may still come: nothing is remembered against the hash
            if not self._rounds.proposes_body(key):
                self._rounds.try_proposal(now, out)
            return
        else:
            out.append(trace("IBFT1.BlockInvalid", hash=block_hash, error=error))
            state.bad[block_hash] = None
            state.bad.touch(block_hash)
        self._rounds.try_proposal(now, out)

    def _compare(self, sealed: Sealed, now: int, out: list[Effect]) -> None:
        """A block for a height that is decided: if its seals stand, agreement is broken."""
        state, header = self._height.state, sealed.block.header
        block_hash = header.hash()
        if header.number > state.height:
            self._keep_for_later(block_hash, sealed, now, out)
            return
        parent = self._height.lent.chain.header_by_hash(header.parent_hash)
        if block_hash == state.decided or parent is None:
            out.append(trace("IBFT1.BlockKnown", hash=block_hash))
            return
        error = self._check(sealed, parent)
        if error is not None:
            self._refuse(block_hash, error, out)
            return
        self.halt(header.number, block_hash, out)

    def halt(self, number: int, other: Hash32, out: list[Effect]) -> None:
        """Two blocks are decided for one height: sign nothing any more, leave no block."""
        if not self._height.state.is_halted:
            out.append(trace("IBFT1.agreement_violation", height=number, hash=other))
            self._height.state.is_halted = True
            self._height.cancel_turns(out)

    def _keep_for_later(
        self, block_hash: Hash32, sealed: Sealed, now: int, out: list[Effect]
    ) -> None:
        """Keep a block until its parent is the head; ask for what is missing below it."""
        state, header = self._height.state, sealed.block.header
        state.waiting[block_hash] = sealed
        out.append(trace("IBFT1.BlockOrphaned", hash=block_hash, number=header.number))
        parents = (state.waiting, state.candidates)
        known = any(header.parent_hash in table for table in parents)
        if not known and header.parent_hash != state.decided:
            self.request_sync(header.number - 2, sealed.peer, now, out)

    def retry(self, now: int, out: list[Effect]) -> None:
        """Judge again the waiting blocks for the height under way; older ones go."""
        state = self._height.state
        due = [
            (block_hash, sealed)
            for block_hash, sealed in state.waiting.items()
            if sealed.block.header.number <= state.height
        ]
        for block_hash, sealed in due:
            del state.waiting[block_hash]
            self.receive(sealed, now, out)

    def request_sync(self, above: int, peer: Address | None, now: int, out: list[Effect]) -> None:
        """Ask for the blocks above ``above`` or above the head, whichever is lower."""
        state = self._height.state
        key = (max(0, min(above, state.height - 1)), peer or b"")
        asked = state.syncs.get(key)
        if asked is not None and 0 <= now - asked < SYNC_RETRY_US_MIN:
            return
        state.syncs.pop(key, None)
        state.syncs[key] = now
        out.append(RequestSync(key[0], peer))

    def _refuse(self, block_hash: Hash32, error: str, out: list[Effect]) -> None:
        out.append(trace("IBFT1.BlockRefused", hash=block_hash, error=error))
