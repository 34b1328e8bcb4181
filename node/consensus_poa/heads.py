"""Which block is the head: import, fork choice, and moves that the chain has not yet shown."""

from node.base.block import Block
from node.base.header import Header
from node.base.limits import IMPORTED_BLOCKS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.chain_state import ChainState
from node.consensus_poa.effects import (
    BroadcastBlock,
    CancelTimer,
    Effect,
    ImportBlock,
    SetHead,
    trace,
)
from node.consensus_poa.events import TimerKind


class Heads:
    """Imports blocks and moves the head of one engine whose blocks are candidates.

    An engine says in a subclass what it prefers, and what else happens at an import or a move.
    """

    def __init__(self, state: ChainState, tree: BlockTree, name: str) -> None:
        self._state = state
        self._tree = tree
        self._name = name

    def prefers(
        self, current: Header, current_hash: Hash32, candidate: Header, candidate_hash: Hash32
    ) -> bool:
        """Say whether ``candidate`` should replace ``current``; one of unknown weight never.

        Here: strictly more total difficulty, so that of equals the first seen stays.
        """
        ours = self.total_difficulty(current, current_hash)
        theirs = self.total_difficulty(candidate, candidate_hash)
        return ours is not None and theirs is not None and theirs > ours

    def total_difficulty(self, header: Header, block_hash: Hash32) -> int | None:
        """Give the weight of a block that may be new on a known parent, or None."""
        total = self._tree.total_difficulty(block_hash)
        if total is None:
            below = self._tree.total_difficulty(header.parent_hash)
            total = None if below is None else below + header.difficulty
        return total

    def on_import(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Do what the engine does before a block is imported."""

    def on_move(self, block_hash: Hash32, out: list[Effect]) -> None:
        """Do what the engine does when another block has become the head."""

    def accept(self, block: Block, block_hash: Hash32, out: list[Effect]) -> None:
        """Import a valid block, follow it if fork choice says so, and pass it on.

        Blocks that do not become the head are imported and passed on as well: tie rules can only
        choose among what was delivered.
        """
        header, state = block.header, self._state
        below = self._tree.total_difficulty(header.parent_hash)
        if state.head is None or below is None:
            error = "unknown_ancestor"
            out.append(trace(f"{self._name}.BlockRefused", hash=block_hash, error=error))
            return
        self._tree.add(block_hash, header, below + header.difficulty)
        self.on_import(header, block_hash, out)
        out.append(ImportBlock(block, None))
        moves = self.prefers(state.head, state.head_hash, header, block_hash)
        if moves:
            depth = self._tree.reorg_depth(state.head, state.head_hash, header, block_hash)
            self.move(header, block_hash, out)
            state.head_moves.append(block_hash)
            del state.head_moves[:-IMPORTED_BLOCKS_COUNT_MAX]
            out.append(SetHead(block_hash, depth))
            self.on_move(block_hash, out)
        if not state.is_paused:
            out.append(BroadcastBlock(block, None))
        rule = "HeadMoved" if moves else "BlockImported"
        out.append(trace(f"{self._name}.{rule}", hash=block_hash, number=header.number))

    def move(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Take another head; what was under way on the old one is void."""
        state = self._state
        state.head, state.head_hash = header, block_hash
        state.build = None
        self.disarm(out)

    def adopt(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Follow a head that sync brought."""
        self.move(header, block_hash, out)

    def disarm(self, out: list[Effect]) -> None:
        """Forget the timers of a turn; that of parked blocks stays."""
        timers = self._state.timers
        for timer in [t for t in timers if t.kind is not TimerKind.FUTURE]:
            del timers[timer]
            out.append(CancelTimer(timer))

    def is_settled(self, block_hash: Hash32) -> bool:
        """Note that the chain's head is ``block_hash``; say whether no newer move is under way.

        A head that the engine did not ask for is sync's: it settles everything.
        """
        moves = self._state.head_moves
        self._tree.confirm(block_hash)
        if block_hash in moves:
            del moves[: moves.index(block_hash) + 1]
            return not moves
        moves.clear()
        return True
