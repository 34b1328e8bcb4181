"""Which block is the head: fork choice over what was imported."""

from typing import Final

from node.base.block import Block
from node.base.header import Header
from node.base.limits import IMPORTED_BLOCKS_COUNT_MAX, SNAPSHOT_INTERVAL_BLOCKS_MAX
from node.base.ports import Entropy
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.fork_choice import Head, takes_candidate
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import encode_snapshot
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    CancelTimer,
    Effect,
    ImportBlock,
    SetHead,
    trace,
)
from node.consensus_poa.events import TimerKind
from node.consensus_poa.wal import WalEntry

WAL_SEAL: Final = "seal"
WAL_SNAPSHOT: Final = "snapshot"


class Heads:
    """Imports blocks and moves the head of one engine."""

    def __init__(
        self,
        state: CliqueState,
        branches: Branches,
        options: CliqueOptions,
        entropy: Entropy,
        own: Address | None,
    ) -> None:
        self._state = state
        self._branches = branches
        self._options = options
        self._entropy = entropy
        self._own = own

    def prefers(
        self, current: Header, current_hash: Hash32, candidate: Header, candidate_hash: Hash32
    ) -> bool:
        """Say whether ``candidate`` should replace ``current``; one of unknown weight never."""
        ours = self._head(current, current_hash)
        theirs = self._head(candidate, candidate_hash)
        if ours is None or theirs is None:
            return False
        return takes_candidate(self._options.fork_choice, ours, theirs, self._entropy)

    def _head(self, header: Header, block_hash: Hash32) -> Head | None:
        total = self._branches.total_difficulty(block_hash)
        if total is None:
            below = self._branches.total_difficulty(header.parent_hash)
            if below is None:
                return None
            total = below + header.difficulty

        def turn_distance() -> int:
            before = self._branches.snapshot(header.parent_hash)
            signer = self._branches.signer(header)
            if before is None or signer is None or not before.is_signer(signer):
                return 0
            return before.turn_distance(header.number, signer)

        def is_own() -> bool:
            return self._own is not None and self._branches.signer(header) == self._own

        return Head(block_hash, header.number, total, turn_distance, is_own)

    def accept(self, block: Block, block_hash: Hash32, out: list[Effect]) -> None:
        """Import a valid block, follow it if fork choice says so, and pass it on.

        Blocks that do not become the head are imported and passed on as well: tie rules can only
        choose among what was delivered.
        """
        header, state = block.header, self._state
        below = self._branches.total_difficulty(header.parent_hash)
        if state.head is None or below is None:
            out.append(trace("Clique.BlockRefused", hash=block_hash, error="unknown_ancestor"))
            return
        self._branches.add(block_hash, header, below + header.difficulty)
        if header.number % SNAPSHOT_INTERVAL_BLOCKS_MAX == 0:
            self._store_snapshot(block_hash, out)
        out.append(ImportBlock(block, None))
        depth = -1
        if self.prefers(state.head, state.head_hash, header, block_hash):
            depth = self._branches.reorg_depth(state.head, state.head_hash, header, block_hash)
            self.move(header, block_hash, out)
            state.head_moves.append(block_hash)
            del state.head_moves[:-IMPORTED_BLOCKS_COUNT_MAX]
            out.append(SetHead(block_hash, depth))
        if not state.is_paused:
            out.append(BroadcastBlock(block, None))
        rule = "Clique.BlockImported" if depth < 0 else "Clique.HeadMoved"
        out.append(trace(rule, hash=block_hash, number=header.number))

    def move(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Take another head; what was under way on the old one is void."""
        state = self._state
        state.head, state.head_hash = header, block_hash
        state.build = None
        for timer in [t for t in state.timers if t.kind is not TimerKind.FUTURE]:
            del state.timers[timer]
            out.append(CancelTimer(timer))

    def is_settled(self, block_hash: Hash32) -> bool:
        """Note that the chain's head is ``block_hash``; say whether no newer move is under way.

        A head that the engine did not ask for is sync's: it settles everything.
        """
        moves = self._state.head_moves
        self._branches.confirm(block_hash)
        if block_hash in moves:
            del moves[: moves.index(block_hash) + 1]
            return not moves
        moves.clear()
        return True

    def _store_snapshot(self, block_hash: Hash32, out: list[Effect]) -> None:
        snapshot = self._branches.snapshot(block_hash)
        if snapshot is not None:
            genesis = self._branches.genesis_hash() or ZERO_HASH
            payload = encode_snapshot(block_hash, snapshot)
            author = self._own or Address(b"")
            out.append(AppendWal(WalEntry(WAL_SNAPSHOT, genesis, author, payload).encode()))
