"""The block tree as Clique sees it: headers, difficulty, and who may seal on each block."""

from node.base.header import Header
from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_on_parent, check_seal
from node.consensus_poa.clique.snapshot import Refused, Snapshot, genesis_snapshot
from node.consensus_poa.clique.state import Imported
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.header import recover_signer
from node.consensus_poa.interface import ChainReader
from node.consensus_poa.memo import Memo


class Branches:
    """Reads of the chain, and of the blocks on their way into it.

    Snapshots are a cache: least recently used first out, rebuilt from headers when missing.
    """

    def __init__(
        self,
        chain: ChainReader,
        verifier: Verifier,
        options: CliqueOptions,
        imported: Bounded[Hash32, Imported],
        memo: Memo | None = None,
    ) -> None:
        self._chain = chain
        self._verifier = verifier
        self._options = options
        self._imported = imported
        self._snapshots: Bounded[Hash32, Snapshot] = Bounded(SNAPSHOTS_COUNT_MAX)
        self._stored: dict[Hash32, Snapshot] = {}
        self._memo = Memo() if memo is None else memo

    def header(self, block_hash: Hash32) -> Header | None:
        """Give a header of any branch, or None."""
        entry = self._imported.get(block_hash)
        return entry.header if entry else self._chain.header_by_hash(block_hash)

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        """Give the difficulty from genesis to a block of any branch, or None."""
        entry = self._imported.get(block_hash)
        return entry.total_difficulty if entry else self._chain.total_difficulty(block_hash)

    def genesis_hash(self) -> Hash32 | None:
        """Give the hash of block 0, or None if the chain has none."""
        genesis = self._chain.header_by_number(0)
        return genesis.hash() if genesis else None

    def add(self, block_hash: Hash32, header: Header, total_difficulty: int) -> None:
        """Take in a block that goes to the chain with the effects of this event."""
        self._imported[block_hash] = Imported(header, total_difficulty)

    def confirm(self, block_hash: Hash32) -> None:
        """Forget the blocks up to ``block_hash``: the chain shows them now.

        Effects run in order, so what was imported before a block that is head is stored too.
        """
        if block_hash in self._imported:
            for earlier in list(self._imported):
                del self._imported[earlier]
                if earlier == block_hash:
                    return

    def signer(self, header: Header) -> Address | None:
        """Give who sealed a header, or None."""

        def recovered(_raw: bytes) -> Address | None:
            return recover_signer(header, self._verifier)

        return self._memo.of("clique.signer", header.encode(), recovered)

    def check(self, header: Header, parent: Header, before: Snapshot) -> "Snapshot | Refused":
        """Give the snapshot after ``header``, or the first rule it breaks on its parent.

        The shape is the caller's to check, before it looks for the parent.
        """
        if header.number != parent.number + 1:
            return Refused("unknown_ancestor")
        error = check_on_parent(header, parent, self._options)
        if error is not None:
            return Refused(error)
        return check_seal(header, before, self.signer(header), self._options)

    def snapshot(self, block_hash: Hash32) -> Snapshot | None:
        """Give the snapshot after a block of any branch; None: block or its past is unknown."""
        path: list[tuple[Hash32, Header]] = []
        found = self._known_snapshot(block_hash)
        while found is None:
            header = self.header(block_hash)
            if header is None:
                return None
            if header.number == 0:
                found = _from_genesis(header)
                if found is None:
                    return None
                self.keep(block_hash, found)
                break
            path.append((block_hash, header))
            block_hash = header.parent_hash
            found = self._known_snapshot(block_hash)
        for after_hash, header in reversed(path):
            signer = self.signer(header)
            if signer is None:
                return None
            after = found.apply(signer, header.coinbase, header.nonce, epoch=self._options.epoch)
            if isinstance(after, Refused):
                return None
            found = after
            self.keep(after_hash, found)
        return found

    def keep(self, block_hash: Hash32, snapshot: Snapshot) -> None:
        """Cache the snapshot after a block."""
        self._snapshots[block_hash] = snapshot

    def keep_stored(self, block_hash: Hash32, snapshot: Snapshot) -> None:
        """Keep a snapshot that came from the log for as long as the engine lives."""
        self._stored[block_hash] = snapshot

    def _known_snapshot(self, block_hash: Hash32) -> Snapshot | None:
        found = self._snapshots.get(block_hash)
        if found is None:
            return self._stored.get(block_hash)
        self._snapshots.touch(block_hash)
        return found

    def reorg_depth(self, old: Header, old_hash: Hash32, new: Header, new_hash: Hash32) -> int:
        """Give how many blocks of ``old``'s chain are not in ``new``'s.

        Where a header is missing on the way, the count ends there.
        """
        depth = 0
        while old_hash != new_hash:
            leaves_old = old.number >= new.number
            at = old if leaves_old else new
            parent = self.header(at.parent_hash)
            depth += leaves_old
            if parent is None:
                break
            if leaves_old:
                old_hash, old = at.parent_hash, parent
            else:
                new_hash, new = at.parent_hash, parent
        return depth


def _from_genesis(header: Header) -> Snapshot | None:
    try:
        return genesis_snapshot(header.number, checkpoint_signers(header.extra_data))
    except ValueError:
        return None
