"""Turns what the registry wants into votes of engines that change their set by votes.

Pure: the head and the engine's set go in, events for the engine come out.  An open vote stays
open while the difference lasts, so votes that an epoch clears are cast again (consensus.md
section 8).
"""

from node.base.errors import UnavailableError, UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.events import DiscardValidatorVote, ProposeValidatorVote
from node.consensus_poa.interface import ChainReader
from node.consensus_poa.registry_view import RegistryView


class RegistryWatcher:
    """One validator's watch over the registry.

    ``reads_deep``  Clique: the registry is read SIGNER_LIMIT blocks below the head, which a
                    reorganisation seldom reaches.  ibft1 and qbft with votes in headers never
                    leave a block and read at the head.
    """

    def __init__(self, chain: ChainReader, registry: RegistryView, *, reads_deep: bool) -> None:
        self._chain = chain
        self._registry = registry
        self._reads_deep = reads_deep
        self._open: dict[Address, bool] = {}
        self._line: list[Hash32] = []
        """The newest head and its ancestors as deep as was read, or down to genesis; the oldest
        first."""
        self.alarm: str | None = None
        """Why the registry could not be read at the newest head, or None."""

    def moved(
        self, head: Header, signers: tuple[Address, ...]
    ) -> tuple[ProposeValidatorVote | DiscardValidatorVote, ...]:
        """Give the votes to open and to close at a new head; ``signers`` is the set after it.

        Ascending by subject.  While the registry cannot be read, no vote of ours stays open.
        Votes that an operator opened are not touched, unless the registry has a view on the same
        subject.
        """
        self.alarm = None
        try:
            wanted = self._registry.validators_after_block(self._read_at(head, signers))
        except UnavailableError as error:
            self.alarm = str(error)
            wanted = signers
        if wanted == signers and not self._open:
            return ()
        differing = sorted(set(wanted) ^ set(signers))
        votes = {subject: subject in wanted for subject in differing}
        before, self._open = self._open, votes
        changed = [
            subject
            for subject in sorted({*before, *votes})
            if before.get(subject) != votes.get(subject)
        ]
        return tuple(
            ProposeValidatorVote(subject, authorize=votes[subject])
            if subject in votes
            else DiscardValidatorVote(subject)
            for subject in changed
        )

    def _read_at(self, head: Header, signers: tuple[Address, ...]) -> Hash32:
        """Give the block after which the registry is read; genesis where the chain is shorter."""
        if not self._reads_deep:
            return head.hash()
        length, line = len(signers) // 2 + 2, self._line
        if line and line[-1] == head.parent_hash and len(line) >= min(length - 1, head.number):
            line.append(head.hash())
            del line[:-length]
        else:
            self._line = line = self._walk(head, length)
        return line[-length] if len(line) >= length else line[0]

    def _walk(self, head: Header, length: int) -> list[Hash32]:
        """Give the hashes of ``head`` and its ancestors, at most ``length``, the oldest first."""
        line, header = [head.hash()], head
        while header.number > 0 and len(line) < length:
            block_hash = header.parent_hash
            parent = self._chain.header_by_hash(block_hash)
            if parent is None:
                raise UnknownBlockError(f"0x{block_hash.hex()}")
            line.append(block_hash)
            header = parent
        line.reverse()
        return line
