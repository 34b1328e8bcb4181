"""What one height has collected: first votes, counted by digest, and round changes by author."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from node.base.limits import ROUNDS_AHEAD_COUNT_MAX
from node.base.types import Address
from node.consensus_poa.qbft.opened import Opened


@dataclass(slots=True)
class Ballots:
    """The first vote of each author in each round; at most one, so counting needs no sets."""

    by_round: dict[int, dict[Address, Opened]] = field(
        default_factory=dict[int, dict[Address, Opened]]
    )
    counts: dict[tuple[int, bytes], int] = field(default_factory=dict[tuple[int, bytes], int])

    def first(self, round_: int, author: Address) -> Opened | None:
        """Give the vote that stands, or None."""
        votes = self.by_round.get(round_)
        return None if votes is None else votes.get(author)

    def add(self, vote: Opened) -> int:
        """Count the first vote of its author in its round.

        Gives how many say the same now; 0: the author has voted, and that vote stands.
        """
        round_, author = vote.round, vote.author
        votes = self.by_round.get(round_)
        if votes is None:
            votes = self.by_round[round_] = {}
        elif author in votes:
            return 0
        votes[author] = vote
        slot = (round_, vote.value)
        self.counts[slot] = count = self.counts.get(slot, 0) + 1
        return count

    def count(self, round_: int, value: bytes) -> int:
        """Give how many authors said ``value`` in a round."""
        return self.counts.get((round_, value), 0)

    def of(self, round_: int, value: bytes) -> tuple[Opened, ...]:
        """Give the votes for ``value``, ascending by author."""
        votes = self.by_round.get(round_, {})
        return tuple(votes[author] for author in sorted(votes) if votes[author].value == value)

    def drop_below(self, round_: int) -> None:
        """Forget the rounds that are left behind."""
        for old in [found for found in self.by_round if found < round_]:
            del self.by_round[old]
        for slot in [found for found in self.counts if found[0] < round_]:
            del self.counts[slot]

    def __iter__(self) -> Iterator[Opened]:
        for votes in self.by_round.values():
            yield from votes.values()


@dataclass(slots=True)
class RoundChanges:
    """RoundChanges by round and author.

    Kept are those of the own round, of the next ``ROUNDS_AHEAD_COUNT_MAX``, and each author's
    highest: a constant, however many an author sends.  The highest never falls, so a replayed old
    message cannot move anybody back.
    """

    by_round: dict[int, dict[Address, Opened]] = field(
        default_factory=dict[int, dict[Address, Opened]]
    )
    highest: dict[Address, int] = field(default_factory=dict[Address, int])

    def first(self, round_: int, author: Address) -> Opened | None:
        """Give the RoundChange that stands, or None."""
        return self.by_round.get(round_, {}).get(author)

    def add(self, change: Opened, own_round: int) -> None:
        """Keep a RoundChange for ``own_round`` or above, unless a higher one made it useless."""
        window = own_round + ROUNDS_AHEAD_COUNT_MAX
        top = self.highest.get(change.author, -1)
        if change.round < top and change.round > window:
            return
        self.by_round.setdefault(change.round, {})[change.author] = change
        if change.round > top:
            self.highest[change.author] = change.round
            if top > window:
                self._drop(top, change.author)

    def _drop(self, round_: int, author: Address) -> None:
        changes = self.by_round[round_]
        del changes[author]
        if not changes:
            del self.by_round[round_]

    def of(self, round_: int) -> tuple[Opened, ...]:
        """Give the RoundChanges for a round, ascending by author."""
        changes = self.by_round.get(round_, {})
        return tuple(changes[author] for author in sorted(changes))

    def round_of(self, count: int, at_least: int) -> int | None:
        """Give the highest round from ``at_least`` on that ``count`` authors asked for, or None."""
        found = [
            round_
            for round_, changes in self.by_round.items()
            if round_ >= at_least and len(changes) >= count
        ]
        return max(found, default=None)

    def above(self, round_: int) -> list[int]:
        """Give the highest rounds of the authors who are above ``round_``."""
        return [found for found in self.highest.values() if found > round_]

    def drop_below(self, round_: int) -> None:
        """Forget the rounds that are left behind."""
        for old in [found for found in self.by_round if found < round_]:
            del self.by_round[old]

    def __iter__(self) -> Iterator[Opened]:
        for changes in self.by_round.values():
            yield from changes.values()
