"""Blocks that come in: from the future, without a parent, to be executed, bad.

A block is judged by its header first, then executed by the node, then imported.  The future is
parked, a missing parent asked for, and what is bad is remembered.  What a header must be is the
engine's to say (``HeaderRules``); the way of a block is the same for all whose blocks are
candidates.
"""

from typing import NamedTuple, Protocol

from node.base.header import Header
from node.base.limits import (
    FUTURE_SECONDS_MAX,
    PARKED_BLOCKS_MAX,
    SYNC_RETRY_US_MIN,
)
from node.base.types import MICROS_PER_SECOND, Address, Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.chain_state import ChainState, Waiting
from node.consensus_poa.effects import (
    Effect,
    ReportEvidence,
    RequestSync,
    ScheduleTimer,
    Trace,
    TraceValue,
    ValidateBlock,
    trace,
)
from node.consensus_poa.events import BODY_MISMATCH, TimerId, TimerKind
from node.consensus_poa.evidence import INVALID_PROPOSAL, note_seal, parent_slot
from node.consensus_poa.heads import Heads

FUTURE_TIMER = TimerId(TimerKind.FUTURE, 0)


class Verdict(NamedTuple):
    """What a header is on its parent: sealed by ``signer``, or wrong by ``error``."""

    signer: Address | None
    error: str | None


class HeaderRules(Protocol):
    """What an engine says about headers."""

    @property
    def name(self) -> str:
        """The engine's name, in front of all it traces."""
        ...

    @property
    def too_early(self) -> str:
        """The error of a block too far in the future to be kept."""
        ...

    def due_s(self, header: Header) -> int:
        """Give the local time, in seconds, from which a block is not from the future."""
        ...

    def horizon_s(self, now_s: int) -> int:
        """Give the latest ``due_s`` of a block that is kept at ``now_s``."""
        ...

    def check_shape(self, header: Header) -> str | None:
        """Give the first rule that a header breaks by itself, or None."""
        ...

    def judge(self, block_hash: Hash32, header: Header, parent: Header) -> Verdict | None:
        """Judge a header of right shape and number; None: the parent's past is unknown."""
        ...

    def slot_of(self, header: Header, now_s: int) -> bytes | None:
        """Give what an honest signer seals once; None: too old to be watched."""
        ...


class TimedRules:
    """The half of ``HeaderRules`` that engines share whose blocks count in seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.too_early = "future_block"

    def due_s(self, header: Header) -> int:
        """Give the header's own time: any later second is the future."""
        return header.timestamp

    def horizon_s(self, now_s: int) -> int:
        """Give the latest time of a block that is parked."""
        return now_s + FUTURE_SECONDS_MAX

    def slot_of(self, header: Header, now_s: int) -> bytes:
        """Give the parent: an honest signer seals one child of it, ever."""
        del now_s
        return parent_slot(header)


class Intake:
    """The way of foreign blocks through one engine."""

    def __init__(
        self, state: ChainState, tree: BlockTree, rules: HeaderRules, heads: Heads
    ) -> None:
        self._state = state
        self._tree = tree
        self._rules = rules
        self._heads = heads

    def receive(self, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Judge a block by its header and send it on its way."""
        state, header = self._state, waiting.block.header
        block_hash = header.hash()
        if waiting.peer is not None:
            state.syncs.pop((header.number - 1, waiting.peer), None)
            state.syncs.pop((header.number - 1, b""), None)
        if self._tree.header(block_hash) is not None:
            out.append(self._trace("BlockKnown", hash=block_hash))
            return
        if block_hash in state.bad or header.parent_hash in state.bad:
            self._condemn(block_hash)
            self._refuse(block_hash, "unknown_ancestor", out)
            return
        if any(block_hash in kept for kept in (state.validating, state.parked, state.orphans)):
            out.append(self._trace("BlockPending", hash=block_hash))
            return
        if self._rules.due_s(header) > now // MICROS_PER_SECOND:
            self._park(block_hash, waiting, now, out)
            return
        error = self._rules.check_shape(header)
        if error is not None:
            self._refuse(block_hash, error, out)
            return
        self._judge(block_hash, waiting, now, out)

    def _judge(self, block_hash: Hash32, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Apply the checks that need the parent, then ask for execution."""
        state, header = self._state, waiting.block.header
        parent = self._tree.header(header.parent_hash)
        if parent is not None and header.number != parent.number + 1:
            self._refuse(block_hash, "unknown_ancestor", out)
            return
        verdict = None if parent is None else self._rules.judge(block_hash, header, parent)
        if verdict is None:
            self._adopt_orphan(block_hash, waiting, now, out)
            return
        if verdict.error is not None or verdict.signer is None:
            self._refuse(block_hash, verdict.error or "invalid_seal", out)
            return
        slot = self._rules.slot_of(header, now // MICROS_PER_SECOND)
        if slot is not None:
            out.extend(note_seal(state.seals, slot, header, verdict.signer))
        if len(state.validating) >= PARKED_BLOCKS_MAX:
            # an answer is due for each of them: the newcomer goes, not the oldest
            out.append(self._trace("BlockDropped", hash=block_hash, reason="validating_full"))
            return
        state.validating[block_hash] = waiting
        out.append(ValidateBlock(waiting.block))

    def validated(self, block_hash: Hash32, error: str | None, now: int, out: list[Effect]) -> None:
        """Take the answer of the executor; an answer to nothing is ignored."""
        state = self._state
        waiting = state.validating.pop(block_hash, None)
        if waiting is None:
            out.append(self._trace("Ignored", event="BlockValidated", hash=block_hash))
            return
        block = waiting.block
        if error == BODY_MISMATCH:
            out.append(self._trace("BlockRefused", hash=block_hash, error=error))
            self._request_sync(block.header.number - 1, None, now, out)
        elif error is not None:
            out.append(self._trace("BlockInvalid", hash=block_hash, error=error))
            signer = self._tree.signer(block.header)
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
            if self._tree.header(waiting.block.header.parent_hash) is not None
        ]
        for block_hash in found:
            self._judge(block_hash, orphans.pop(block_hash), now, out)

    def release_parked(self, now: int, out: list[Effect]) -> None:
        """Judge the parked blocks whose time has come, the earliest first."""
        parked, due_s = self._state.parked, self._rules.due_s
        times = [(due_s(waiting.block.header), key) for key, waiting in parked.items()]
        due = [entry for entry in times if entry[0] <= now // MICROS_PER_SECOND]
        due.sort(key=lambda entry: entry[0])
        for _, block_hash in due:
            self.receive(parked.pop(block_hash), now, out)
        self._arm_future(out)

    def _park(self, block_hash: Hash32, waiting: Waiting, now: int, out: list[Effect]) -> None:
        """Keep a block for its time; too far ahead, or wrong anyway, it goes."""
        header = waiting.block.header
        horizon = self._rules.horizon_s(now // MICROS_PER_SECOND)
        wrong = self._rules.check_shape(header) is not None
        is_far = self._rules.due_s(header) > horizon
        if is_far or wrong or len(self._state.parked) >= PARKED_BLOCKS_MAX:
            self._refuse(block_hash, self._rules.too_early, out)
            return
        self._state.parked[block_hash] = waiting
        out.append(self._trace("BlockParked", hash=block_hash, number=header.number))
        self._arm_future(out)

    def _arm_future(self, out: list[Effect]) -> None:
        """Arm FUTURE for the earliest parked block."""
        timers, parked = self._state.timers, self._state.parked
        if not parked:
            return
        first = min(self._rules.due_s(waiting.block.header) for waiting in parked.values())
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
        out.append(self._trace("BlockOrphaned", hash=block_hash, number=header.number))
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
        out.append(self._trace("BlockRefused", hash=block_hash, error=error))
        if error != self._rules.too_early:
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

    def _trace(self, rule: str, **data: TraceValue) -> Trace:
        return trace(f"{self._rules.name}.{rule}", **data)
