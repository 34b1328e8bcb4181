"""The block tree as an engine sees it: what the chain shows, and what is on its way into it."""

from node.base.header import Header
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import Imported
from node.consensus_poa.header import recover_signer
from node.consensus_poa.interface import ChainReader
from node.consensus_poa.memo import Memo


class BlockTree:
    """Headers and weights of all branches."""

    def __init__(
        self,
        chain: ChainReader,
        verifier: Verifier,
        imported: Bounded[Hash32, Imported],
        memo: Memo | None = None,
    ) -> None:
        self._chain = chain
        self._verifier = verifier
        self._imported = imported
        self._memo = Memo() if memo is None else memo

    def signer(self, header: Header) -> Address | None:
        """Give who sealed a header, or None."""

        def recovered(_raw: bytes) -> Address | None:
            return recover_signer(header, self._verifier)

        return self._memo.of("seal_signer", header.encode(), recovered)

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
