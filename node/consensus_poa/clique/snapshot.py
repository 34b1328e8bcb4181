"""Who may seal after a block: the pure voting rule of EIP-225 (consensus.md section 4.2).

Immutable: blocks without votes share everything but ``recents`` with their parent's snapshot, so
branches cost little.  Numbers are signed integers on purpose: unsigned, ``number - limit`` wraps
near genesis, and a block passes the header check that the snapshot then refuses.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from node.base import codec
from node.base.errors import CodecError
from node.base.types import Address, Hash32

NONCE_ADD: Final = b"\xff" * 8
NONCE_DROP: Final = bytes(8)


class Vote(NamedTuple):
    """A vote that stands."""

    signer: Address
    target: Address
    authorize: bool


class Tally(NamedTuple):
    """Votes about one target; all have one direction, since only meaningful ones are cast."""

    authorize: bool
    votes: int


class Refused(NamedTuple):
    """Why a block cannot follow: ``unauthorized_signer``, ``recently_signed``, ``invalid_vote``."""

    error: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of voting after block ``number``."""

    number: int
    signers: tuple[Address, ...]
    """Ascending."""
    recents: Mapping[int, Address]
    """Who sealed the newest blocks, by number: those that may not seal yet."""
    votes: tuple[Vote, ...]
    """In the order they were cast."""
    tally: Mapping[Address, Tally]

    @property
    def limit(self) -> int:
        """SIGNER_LIMIT: of so many consecutive blocks a signer may seal one."""
        return len(self.signers) // 2 + 1

    def is_signer(self, address: Address) -> bool:
        """Say whether ``address`` is in the set."""
        at = bisect_left(self.signers, address)
        return at < len(self.signers) and self.signers[at] == address

    def is_in_turn(self, number: int, signer: Address) -> bool:
        """Say whether it is ``signer``'s turn at block ``number``; it must be in the set."""
        return number % len(self.signers) == bisect_left(self.signers, signer)

    def turn_distance(self, number: int, signer: Address) -> int:
        """Give (number - index of signer) mod N: 0 in turn, larger the longer its turn is ago."""
        return (number - bisect_left(self.signers, signer)) % len(self.signers)

    def is_recent(self, number: int, signer: Address) -> bool:
        """Say whether ``signer`` sealed too lately to seal block ``number`` (S2 and S3)."""
        leaves = number - self.limit
        return any(who == signer and seen != leaves for seen, who in self.recents.items())

    def may_seal(self, number: int, signer: Address) -> bool:
        """Say whether ``signer`` is in the set and not among the recent ones."""
        return self.is_signer(signer) and not self.is_recent(number, signer)

    def is_meaningful(self, target: Address, *, authorize: bool) -> bool:
        """Say whether a vote could change anything: in the set XOR to be added (S6)."""
        return self.is_signer(target) != authorize

    def apply(
        self, signer: Address, target: Address, nonce: bytes, *, epoch: int
    ) -> "Snapshot | Refused":
        """Give the snapshot after the next block, sealed by ``signer``, or why there is none.

        The steps are S1 to S7 of consensus.md section 4.2, in this order.
        """
        number = self.number + 1
        at_epoch = number % epoch == 0
        votes: tuple[Vote, ...] = () if at_epoch else self.votes  # S1
        tally: Mapping[Address, Tally] = {} if at_epoch else self.tally
        recents = dict(self.recents)
        recents.pop(number - self.limit, None)  # S2
        if not self.is_signer(signer):  # S3
            return Refused("unauthorized_signer")
        if signer in recents.values():
            return Refused("recently_signed")
        recents[number] = signer
        if any(vote.signer == signer and vote.target == target for vote in votes):  # S4
            votes, tally = _withdraw(votes, tally, signer, target)
        if nonce not in (NONCE_ADD, NONCE_DROP):  # S5
            return Refused("invalid_vote")
        authorize = nonce == NONCE_ADD
        if self.is_meaningful(target, authorize=authorize):  # S6
            votes = (*votes, Vote(signer, target, authorize))
            standing = tally.get(target)
            count = standing.votes if standing else 0
            tally = {**tally, target: Tally(authorize, count + 1)}
        after = Snapshot(number, self.signers, recents, votes, tally)
        passed = tally.get(target)
        if passed is not None and passed.votes > len(self.signers) // 2:  # S7
            return after.enact(target, authorize=passed.authorize)
        return after

    def enact(self, target: Address, *, authorize: bool) -> "Snapshot":
        """Admit or remove ``target`` as of this block (S7); no other account changes."""
        signers = list(self.signers)
        recents = dict(self.recents)
        votes, tally = self.votes, self.tally
        if authorize:
            insort(signers, target)
        else:
            signers.remove(target)
            # one entry, not all: the limit falls by one at most
            recents.pop(self.number - (len(signers) // 2 + 1), None)
            for vote in [vote for vote in votes if vote.signer == target]:
                votes, tally = _withdraw(votes, tally, vote.signer, vote.target)
        votes = tuple(vote for vote in votes if vote.target != target)
        tally = {about: count for about, count in tally.items() if about != target}
        return Snapshot(self.number, tuple(signers), recents, votes, tally)


def genesis_snapshot(number: int, signers: tuple[Address, ...]) -> Snapshot:
    """Give the snapshot of a first block that lists ``signers``; nobody is recent."""
    return Snapshot(number, tuple(sorted(set(signers))), {}, (), {})


def _withdraw(
    votes: tuple[Vote, ...], tally: Mapping[Address, Tally], signer: Address, target: Address
) -> tuple[tuple[Vote, ...], Mapping[Address, Tally]]:
    """Take back the vote of ``signer`` on ``target``, which stands, and lower the tally."""
    gone = next(vote for vote in votes if vote.signer == signer and vote.target == target)
    votes = tuple(vote for vote in votes if vote is not gone)
    standing = tally.get(target)
    if standing is None or standing.authorize != gone.authorize:
        return votes, tally
    lowered = dict(tally)
    if standing.votes > 1:
        lowered[target] = Tally(standing.authorize, standing.votes - 1)
    else:
        del lowered[target]
    return votes, lowered


def encode_snapshot(block_hash: Hash32, snapshot: Snapshot) -> bytes:
    """Give canonical bytes of the snapshot after ``block_hash``."""
    return codec.pack(
        [
            block_hash,
            snapshot.number,
            snapshot.signers,
            list(snapshot.recents.items()),
            snapshot.votes,
            [[target, *tally] for target, tally in snapshot.tally.items()],
        ]
    )


def decode_snapshot(data: bytes) -> tuple[Hash32, Snapshot]:
    """Read what ``encode_snapshot`` gave.

    raises        CodecError: the bytes are no snapshot.
    """
    try:
        block_hash, number, signers, recents, votes, tally = codec.unpack(data)
        return block_hash, Snapshot(
            number,
            tuple(signers),
            dict(recents),
            tuple(Vote(*vote) for vote in votes),
            {target: Tally(*standing) for target, *standing in tally},
        )
    except (TypeError, ValueError) as error:
        raise CodecError("clique snapshot", f"{type(error).__name__}: {error}") from error
