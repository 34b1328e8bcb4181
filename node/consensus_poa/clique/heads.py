"""Which block is the head of a Clique node, and which snapshots it stores."""

from typing import Final

from node.base.header import Header
from node.base.limits import SNAPSHOT_INTERVAL_BLOCKS_MAX
from node.base.ports import Entropy
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.fork_choice import Head, takes_candidate
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import encode_snapshot
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import AppendWal, Effect
from node.consensus_poa.heads import Heads
from node.consensus_poa.wal import WalEntry

WAL_SEAL: Final = "seal"
WAL_SNAPSHOT: Final = "snapshot"


class CliqueHeads(Heads):
    """The three rules of fork choice, and stored snapshots."""

    def __init__(
        self,
        state: CliqueState,
        branches: Branches,
        options: CliqueOptions,
        entropy: Entropy,
        own: Address | None,
    ) -> None:
        super().__init__(state, branches, "Clique")
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
        total = self.total_difficulty(header, block_hash)
        if total is None:
            return None

        def turn_distance() -> int:
            before = self._branches.snapshot(header.parent_hash)
            signer = self._branches.signer(header)
            if before is None or signer is None or not before.is_signer(signer):
                return 0
            return before.turn_distance(header.number, signer)

        def is_own() -> bool:
            return self._own is not None and self._branches.signer(header) == self._own

        return Head(block_hash, header.number, total, turn_distance, is_own)

    def on_import(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Store the snapshot of every so many blocks."""
        if header.number % SNAPSHOT_INTERVAL_BLOCKS_MAX == 0:
            self._store_snapshot(block_hash, out)

    def _store_snapshot(self, block_hash: Hash32, out: list[Effect]) -> None:
        snapshot = self._branches.snapshot(block_hash)
        if snapshot is not None:
            genesis = self._branches.genesis_hash() or ZERO_HASH
            payload = encode_snapshot(block_hash, snapshot)
            author = self._own or Address(b"")
            out.append(AppendWal(WalEntry(WAL_SNAPSHOT, genesis, author, payload).encode()))
