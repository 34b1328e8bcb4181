"""The block tree as Clique sees it: headers, difficulty, and who may seal on each block."""

from node.base.header import Header
from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import Imported
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_on_parent, check_seal, check_shape
from node.consensus_poa.clique.snapshot import Refused, Snapshot, genesis_snapshot
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.intake import TimedRules, Verdict
from node.consensus_poa.interface import ChainReader
from node.consensus_poa.memo import Memo


class Branches(BlockTree):
    """The tree with the snapshot after each block.

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
        super().__init__(chain, verifier, imported, memo)
        self._options = options
        self._snapshots: Bounded[Hash32, Snapshot] = Bounded(SNAPSHOTS_COUNT_MAX)
        self._stored: dict[Hash32, Snapshot] = {}

    def check(self, header: Header, parent: Header, before: Snapshot) -> "Snapshot | Refused":
        """Give the snapshot after ``header``, or the first rule it breaks on its parent.

        Shape and number are the caller's to check, before and after it looks for the parent.
        """
        error = check_on_parent(header, parent, self._options)
        if error is not None:
            return Refused(error)
        return check_seal(header, before, self.signer(header), self._options)

    def after(self, before: Snapshot, header: Header, signer: Address) -> "Snapshot | Refused":
        """Give the snapshot after a block, or why there is none."""
        return before.apply(signer, header.coinbase, header.nonce, epoch=self._options.epoch)

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
            after = self.after(found, header, signer)
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


def _from_genesis(header: Header) -> Snapshot | None:
    try:
        return genesis_snapshot(header.number, checkpoint_signers(header.extra_data))
    except ValueError:
        return None


class CliqueRules(TimedRules):
    """What ``Intake`` asks about Clique headers."""

    def __init__(self, branches: Branches, options: CliqueOptions) -> None:
        super().__init__("Clique")
        self._branches = branches
        self._options = options

    def check_shape(self, header: Header) -> str | None:
        """Give the first rule that a header breaks by itself, or None."""
        return check_shape(header, self._options)

    def judge(self, block_hash: Hash32, header: Header, parent: Header) -> Verdict | None:
        """Judge a header on its parent and keep the snapshot after it."""
        before = self._branches.snapshot(header.parent_hash)
        if before is None:
            return None
        after = self._branches.check(header, parent, before)
        if isinstance(after, Refused):
            return Verdict(None, after.error)
        self._branches.keep(block_hash, after)
        return Verdict(after.recents[header.number], None)
