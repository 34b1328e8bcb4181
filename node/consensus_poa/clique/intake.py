"""Blocks that come in: from the future, without a parent, to be executed, bad.

A block is judged by its header first (section 4.3), then executed by the node, then imported.
The future is parked, a missing parent asked for, and what is bad is remembered.
"""

from node.base.limits import (
    FUTURE_SECONDS_MAX,
    PARKED_BLOCKS_MAX,
    SYNC_RETRY_US_MIN,
)
from node.base.types import MICROS_PER_SECOND, Address, Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.heads import Heads
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_shape
from node.consensus_poa.clique.snapshot import Refused
from node.consensus_poa.clique.state import CliqueState, Waiting
from node.consensus_poa.effects import (
    Effect,
    ReportEvidence,
    RequestSync,
    ScheduleTimer,
    ValidateBlock,
    trace,
)
from node.consensus_poa.events import BODY_MISMATCH, TimerId, TimerKind
from node.consensus_poa.evidence import INVALID_PROPOSAL, note_seal

FUTURE_TIMER = TimerId(TimerKind.FUTURE, 0)


class Intake:
    """The way of foreign blocks through one engine."""

    def __init__(
        self, state: CliqueState, branches: Branches, options: CliqueOptions, heads: Heads
    ) -> None:
        self._state = state
        self._branches = branches
        self._options = options
        self._heads = heads

    def receive(self, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Judge a block by its header and send it on its way."""
        state, header = self._state, waiting.block.header
        block_hash = header.hash()
        if waiting.peer is not None:
            state.syncs.pop((header.number - 1, waiting.peer), None)
            state.syncs.pop((header.number - 1, b""), None)
        if self._branches.header(block_hash) is not None:
            out.append(trace("Clique.BlockKnown", hash=block_hash))
            return
        if block_hash in state.bad or header.parent_hash in state.bad:
            self._condemn(block_hash)
            self._refuse(block_hash, "unknown_ancestor", out)
            return
        if any(block_hash in kept for kept in (state.validating, state.parked, state.orphans)):
            out.append(trace("Clique.BlockPending", hash=block_hash))
            return
        if header.timestamp > now // MICROS_PER_SECOND:
            self._park(block_hash, waiting, now, out)
            return
        error = check_shape(header, self._options)
        if error is not None:
            self._refuse(block_hash, error, out)
            return
        self._judge(block_hash, waiting, now, out)

    def _judge(self, block_hash: Hash32, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Apply the checks that need the parent, then ask for execution."""
        state, header = self._state, waiting.block.header
        parent = self._branches.header(header.parent_hash)
        before = None if parent is None else self._branches.snapshot(header.parent_hash)
        if parent is None or before is None:
            self._adopt_orphan(block_hash, waiting, now, out)
            return
        after = self._branches.check(header, parent, before)
        if isinstance(after, Refused):
            self._refuse(block_hash, after.error, out)
            return
        self._branches.keep(block_hash, after)
        evidence = note_seal(state.seals, header, after.recents[header.number])
        if evidence is not None:
            out.append(evidence)
        if len(state.validating) >= PARKED_BLOCKS_MAX:
            # an answer is due for each of them: the newcomer goes, not the oldest
            out.append(trace("Clique.BlockDropped", hash=block_hash, reason="validating_full"))
            return
        state.validating[block_hash] = waiting
        out.append(ValidateBlock(waiting.block))

    def validated(self, block_hash: Hash32, error: str | None, now: int, out: list[Effect]) -> None:
        """Take the answer of the executor; an answer to nothing is ignored."""
        state = self._state
        waiting = state.validating.pop(block_hash, None)
        if waiting is None:
            out.append(trace("Clique.Ignored", event="BlockValidated", hash=block_hash))
            return
        block = waiting.block
        if error == BODY_MISMATCH:
            out.append(trace("Clique.BlockRefused", hash=block_hash, error=error))
            self._request_sync(block.header.number - 1, None, now, out)
        elif error is not None:
            out.append(trace("Clique.BlockInvalid", hash=block_hash, error=error))
            signer = self._branches.signer(block.header)
            if signer is not None:
                out.append(ReportEvidence(signer, INVALID_PROPOSAL, block.encode()))
            self._condemn(block_hash)
        else:
            self._heads.accept(block, block_hash, out)
            self.retry_orphans(now, out)

    def retry_orphans(self, now: int, out: list[Effect]) -> None:
        """Judge again the orphans whose parent has come."""
        orphans = self._state.orphans
        found = [
            block_hash
            for block_hash, waiting in orphans.items()
            if self._branches.header(waiting.block.header.parent_hash) is not None
        ]
        for block_hash in found:
            self._judge(block_hash, orphans.pop(block_hash), now, out)

    def release_parked(self, now: int, out: list[Effect]) -> None:
        """Judge the parked blocks whose time has come, the earliest first."""
        parked = self._state.parked
        due = [
            (waiting.block.header.timestamp, block_hash)
            for block_hash, waiting in parked.items()
            if waiting.block.header.timestamp <= now // MICROS_PER_SECOND
        ]
        due.sort(key=lambda entry: entry[0])
        for _, block_hash in due:
            self.receive(parked.pop(block_hash), now, out)
        self._arm_future(out)

    def _park(self, block_hash: Hash32, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Keep a block for its time; too far ahead, or wrong anyway, it goes."""
        header = waiting.block.header
        ahead = header.timestamp - now // MICROS_PER_SECOND
        wrong = check_shape(header, self._options) is not None
        if ahead > FUTURE_SECONDS_MAX or wrong or len(self._state.parked) >= PARKED_BLOCKS_MAX:
            self._refuse(block_hash, "future_block", out)
            return
        self._state.parked[block_hash] = waiting
        out.append(trace("Clique.BlockParked", hash=block_hash, number=header.number))
        self._arm_future(out)

    def _arm_future(self, out: list[Effect]) -> None:
        """Arm FUTURE for the earliest parked block."""
        timers, parked = self._state.timers, self._state.parked
        if not parked:
            return
        first = min(waiting.block.header.timestamp for waiting in parked.values())
        at = first * MICROS_PER_SECOND
        if timers.get(FUTURE_TIMER) != at:
            timers[FUTURE_TIMER] = at
            out.append(ScheduleTimer(FUTURE_TIMER, at))

    def _adopt_orphan(
        self, block_hash: Hash32, waiting: Waiting, now: int, out: list[Effect]
    ) -> None:
        """Keep a block until its parent comes, and ask for what is missing below it."""
        state, header = self._state, waiting.block.header
        if header.number == 0:
            self._refuse(block_hash, "unknown_ancestor", out)
            return
        state.orphans[block_hash] = waiting
        out.append(trace("Clique.BlockOrphaned", hash=block_hash, number=header.number))
        while header.parent_hash in state.orphans:
            header = state.orphans[header.parent_hash].block.header
        if header.parent_hash not in state.validating and header.parent_hash not in state.parked:
            self._request_sync(header.number - 2, waiting.peer, now, out)

    def _request_sync(self, above: int, peer: Address | None, now: int, out: list[Effect]) -> None:
        """Ask for the blocks above ``above`` or above the head, whichever is lower."""
        state = self._state
        head_number = state.head.number if state.head else 0
        key = (max(0, min(above, head_number)), peer or b"")
        asked = state.syncs.get(key)
        if asked is not None and 0 <= now - asked < SYNC_RETRY_US_MIN:
            return
        state.syncs.pop(key, None)
        state.syncs[key] = now
        out.append(RequestSync(key[0], peer))

    def _refuse(self, block_hash: Hash32, error: str, out: list[Effect]) -> None:
        """Drop a block for its header, with the orphans that stand on it."""
        out.append(trace("Clique.BlockRefused", hash=block_hash, error=error))
        if error != "future_block":
            self._drop_orphans_on(block_hash)

    def _condemn(self, block_hash: Hash32) -> None:
        """Remember a block as bad, and with it the orphans that stand on it."""
        bad = self._state.bad
        for gone in (block_hash, *self._drop_orphans_on(block_hash)):
            bad[gone] = None
            bad.touch(gone)

    def _drop_orphans_on(self, block_hash: Hash32) -> list[Hash32]:
        orphans = self._state.orphans
        dropped: list[Hash32] = []
        roots = [block_hash]
        while roots:
            root = roots.pop()
            children = [
                child for child, entry in orphans.items() if entry.block.header.parent_hash == root
            ]
            for child in children:
                del orphans[child]
            dropped += children
            roots += children
        return dropped
