"""When an AuRa validator seals, and what it never seals twice.

One block per step, ever: the sealed block goes to the write-ahead log before it goes to a peer,
and after a restart, or when the clock was set back, no step up to that one is sealed again.
"""

from typing import Final

from node.base.block import Block
from node.base.errors import CodecError, UnavailableError
from node.base.ports import Signer
from node.base.types import MICROS_PER_SECOND, ZERO_HASH, Hash32
from node.consensus_poa.aura.branches import AuraBranches
from node.consensus_poa.aura.header import (
    NONCE,
    check_shape,
    check_step,
    difficulty_of,
    mix_hash_of,
    step_of,
    step_slot,
)
from node.consensus_poa.aura.heads import WAL_SEAL, WAL_STANDING, AuraHeads
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.aura.state import AuraState
from node.consensus_poa.aura.steps import Steps, primary
from node.consensus_poa.chain_state import Waiting
from node.consensus_poa.effects import AppendWal, BuildBlock, Effect, ScheduleTimer, trace
from node.consensus_poa.events import BlockBuilt, TimerId, TimerKind
from node.consensus_poa.evidence import note_seal
from node.consensus_poa.extra_data import clique_extra
from node.consensus_poa.gas_rules import check_gas
from node.consensus_poa.header import seal_header
from node.consensus_poa.wal import ForeignLogError, WalEntry

STEP_TIMER: Final = TimerId(TimerKind.STEP, 0)
BUILD_RETRY_US: Final = MICROS_PER_SECOND
"""A failed build is tried again after this, while the step lasts."""


class Sealer:
    """The turn of one validator."""

    def __init__(
        self,
        state: AuraState,
        branches: AuraBranches,
        options: AuraOptions,
        steps: Steps,
        heads: AuraHeads,
        *,
        signer: Signer | None,
    ) -> None:
        self._state = state
        self._branches = branches
        self._options = options
        self._steps = steps
        self._heads = heads
        self._signer = signer

    def seek(self, now: int, out: list[Effect]) -> None:
        """Arm the next step, and ask for a block if this one is ours and not yet sealed."""
        state, head, signer = self._state, self._state.head, self._signer
        if signer is None or head is None:
            return
        now_s = now // MICROS_PER_SECOND
        step = self._steps.at(now_s)
        self._arm(self._steps.start_s(step + 1) * MICROS_PER_SECOND, out)
        if state.build is not None or step <= state.sealed:
            return
        try:
            validators = self._branches.validators(state.head_hash)
        except UnavailableError as error:
            out.append(trace("AuRa.SetUnavailable", hash=state.head_hash, reason=str(error)))
            return
        if primary(validators, step) != signer.address:
            return
        reason = self._abstains(step, step_of(head))
        if reason is not None:
            out.append(trace("AuRa.Abstained", step=step, reason=reason))
            return
        state.requests += 1
        state.build = BuildBlock(
            request=state.requests,
            parent=state.head_hash,
            timestamp=now_s,
            extra_data=clique_extra(self._options.vanity),
            coinbase=signer.address,
            nonce=NONCE,
            difficulty=difficulty_of(step, step_of(head)),
            mix_hash=mix_hash_of(step),
        )
        out.append(state.build)

    def _abstains(self, step: int, head_step: int) -> str | None:
        """Give why this validator will not seal its step, or None."""
        if self._state.is_paused:
            return "paused"
        if self._state.is_observer:
            return "wal_refused"
        return None if step > head_step else "step_not_increasing"

    def _arm(self, at: int, out: list[Effect]) -> None:
        if self._state.timers.get(STEP_TIMER) != at:
            self._state.timers[STEP_TIMER] = at
            out.append(ScheduleTimer(STEP_TIMER, at))

    def built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal the block that was asked for; late and unfit answers are dropped."""
        state, request, signer = self._state, self._state.build, self._signer
        if request is None or event.request != request.request or signer is None:
            out.append(trace("AuRa.Ignored", event="BlockBuilt", request=event.request))
            return
        state.build = None
        block = event.block
        reason = event.error or "no_block"
        if block is not None:
            reason = self._unfit(block, request, now) or ""
        if block is None or reason:
            out.append(trace("AuRa.BuildDropped", request=event.request, reason=reason))
            next_step = self._steps.at(now // MICROS_PER_SECOND) + 1
            boundary = self._steps.start_s(next_step) * MICROS_PER_SECOND
            self._arm(min(now + BUILD_RETRY_US, boundary), out)
            return
        self._seal(block, signer, out)

    def _unfit(self, block: Block, request: BuildBlock, now: int) -> str | None:
        """Give why a built block must not be sealed, or None."""
        header, head = block.header, self._state.head
        is_next = head is not None and header.number == head.number + 1
        if head is None or not is_next or not request.is_answered_by(header):
            return "not_as_asked"
        if self._steps.at(now // MICROS_PER_SECOND) != step_of(header):
            return "step_over"
        return (
            check_shape(header, self._steps) or check_step(header, head) or check_gas(header, head)
        )

    def _seal(self, block: Block, signer: Signer, out: list[Effect]) -> None:
        state = self._state
        sealed = Block(seal_header(block.header, signer), block.transactions)
        header = sealed.header
        block_hash = header.hash()
        step = step_of(header)
        assert step > state.sealed
        state.sealed = step
        genesis = self._branches.genesis_hash() or ZERO_HASH
        entry = WalEntry(WAL_SEAL, genesis, signer.address, sealed.encode())
        out.append(AppendWal(entry.encode()))
        # evidence here: somebody else has this key
        out.extend(note_seal(state.seals, step_slot(header), header, signer.address))
        out.append(trace("AuRa.Sealed", hash=block_hash, number=header.number, step=step))
        self._heads.accept(sealed, block_hash, out)

    def replay(self, entries: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Take up the log; give the newest sealed block if the chain has lost it.

        A log that cannot be read, or that another key or chain wrote, makes this node an
        observer: it could seal a step twice (consensus.md section 11).
        """
        genesis = self._branches.genesis_hash() or ZERO_HASH
        newest: Block | None = None
        for data in entries:
            try:
                newest = self._take_up(WalEntry.decode(data), genesis) or newest
            except (CodecError, ForeignLogError) as error:
                self._state.is_observer = True
                out.append(trace("AuRa.WalRefused", reason=str(error)))
                return None
        if newest is None or self._branches.header(newest.header.hash()) is not None:
            return None
        out.append(trace("AuRa.SealRestored", number=newest.header.number))
        return Waiting(newest, None)

    def _take_up(self, entry: WalEntry, genesis: Hash32) -> Block | None:
        is_own = self._signer is not None and entry.kind == WAL_SEAL
        entry.check_origin(genesis, self._signer.address if self._signer and is_own else None)
        if entry.kind == WAL_STANDING:
            self._branches.keep_stored(entry.payload)
            return None
        if entry.kind != WAL_SEAL:
            raise CodecError("wal", f"kind {entry.kind!r}, wants {WAL_SEAL} or {WAL_STANDING}")
        if not is_own:
            return None
        block = Block.decode(entry.payload)
        self._state.sealed = max(self._state.sealed, step_of(block.header))
        return block
