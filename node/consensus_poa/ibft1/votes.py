"""Who may vote after a block: header votes as in Clique, without recent signers.

The rule is GoQuorum's: a vote is cast by the proposer's block in coinbase and nonce, counts while
it is meaningful, and passes with more than half of the set.  All votes about one subject have one
direction (admit those outside, drop those inside), so a vote is the pair of voter and subject.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.ibft1.header import IstanbulExtra, recover_proposer
from node.consensus_poa.interface import ChainReader

NONCE_ADD: Final = b"\xff" * 8
NONCE_DROP: Final = bytes(8)


@dataclass(frozen=True, slots=True)
class Voting:
    """The set after block ``number``, and the votes that stand."""

    number: int
    validators: tuple[Address, ...]
    """Ascending."""
    votes: frozenset[tuple[Address, Address]] = frozenset()
    """Voter and subject."""

    def has(self, address: Address) -> bool:
        """Say whether ``address`` is in the set."""
        at = bisect_left(self.validators, address)
        return at < len(self.validators) and self.validators[at] == address

    def is_meaningful(self, subject: Address, *, authorize: bool) -> bool:
        """Say whether a vote could change anything."""
        return self.has(subject) != authorize

    def count(self, subject: Address) -> int:
        """Give how many votes about ``subject`` stand."""
        return sum(about == subject for _, about in self.votes)

    def passes(self, subject: Address) -> bool:
        """Say whether a majority stands behind a change of ``subject``."""
        return self.count(subject) > len(self.validators) // 2

    def apply(self, proposer: Address, subject: Address, nonce: bytes, *, epoch: int) -> "Voting":
        """Give the state after the next block; ``proposer`` is in the set, the nonce a vote.

        An epoch block ends all votes, and its own is the first of the next epoch.
        """
        assert self.has(proposer)
        assert nonce in (NONCE_ADD, NONCE_DROP)
        number = self.number + 1
        votes = frozenset[tuple[Address, Address]]() if number % epoch == 0 else self.votes
        votes -= {(proposer, subject)}
        if self.is_meaningful(subject, authorize=nonce == NONCE_ADD):
            votes |= {(proposer, subject)}
        after = Voting(number, self.validators, votes)
        return after.enact(subject) if after.passes(subject) else after

    def enact(self, subject: Address) -> "Voting":
        """Admit or drop ``subject``: votes about it end, and those of one who leaves."""
        leaves = self.has(subject)
        members = {*self.validators} ^ {subject}
        votes = frozenset(
            (voter, about)
            for voter, about in self.votes
            if about != subject and not (leaves and voter == subject)
        )
        return Voting(self.number, tuple(sorted(members)), votes)


class VotingHistory:
    """The voting after every stored block: a cache, rebuilt from headers where it misses.

    A header lists the set that made it, so a rebuild starts at the newest epoch block.
    """

    def __init__(self, chain: ChainReader, verifier: Verifier, epoch: int) -> None:
        self._chain = chain
        self._verifier = verifier
        self._epoch = epoch
        self._known: Bounded[Hash32, Voting] = Bounded(SNAPSHOTS_COUNT_MAX)

    def after(self, block_hash: Hash32) -> Voting | None:
        """Give the voting after a stored block; None: the block or its past is unknown."""
        path: list[tuple[Hash32, Header]] = []
        found = self._known.get(block_hash)
        at = block_hash
        while found is None:
            header = self._chain.header_by_hash(at)
            if header is None:
                return None
            if header.number % self._epoch == 0:
                found = self._from_epoch(header)
                if found is None:
                    return None
                self.keep(at, found)
                break
            path.append((at, header))
            at = header.parent_hash
            found = self._known.get(at)
        for after_hash, header in reversed(path):
            found = self.next(found, header)
            if found is None:
                return None
            self.keep(after_hash, found)
        return found

    def next(self, before: Voting, header: Header) -> Voting | None:
        """Give the voting after a child; None: its proposer may not, or its nonce is no vote."""
        proposer = recover_proposer(header, self._verifier)
        if proposer is None or not before.has(proposer):
            return None
        if header.nonce not in (NONCE_ADD, NONCE_DROP):
            return None
        return before.apply(proposer, header.coinbase, header.nonce, epoch=self._epoch)

    def keep(self, block_hash: Hash32, voting: Voting) -> None:
        """Remember the voting after a block."""
        self._known[block_hash] = voting

    def _from_epoch(self, header: Header) -> Voting | None:
        try:
            listed = IstanbulExtra.decode(header.extra_data).validators
        except CodecError:
            return None
        if not listed:
            return None
        members = tuple(sorted(set(listed)))
        if header.number == 0:
            return Voting(0, members)
        return self.next(Voting(header.number - 1, members), header)
