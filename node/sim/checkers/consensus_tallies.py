"""Sets that live in headers: QBFT's and IBFT 1's votes, counted a second time.

Source: consensus.md section 3.8 (QBFT, header mode) and section 6 (IBFT 1: votes as in Clique,
without recently signed).
"""

from dataclasses import dataclass
from typing import TypeAlias

from node.base.types import Address

Votes: TypeAlias = tuple[tuple[Address, Address, bool], ...]
"""(voter, subject, add) of the votes that still count, in the order cast."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The validators after a block, ascending, and the open votes about changes to them."""

    members: tuple[Address, ...]
    votes: Votes = ()


def emptied(before: Tally) -> Tally:
    """Give the tally after an epoch block: all votes are gone, its own is ignored."""
    return Tally(before.members)


def voted(before: Tally, vote: tuple[Address, Address, bool], *, keep_pointless: bool) -> Tally:
    """Count a vote that stands in a block.

    ``keep_pointless``  whether a vote for what is so already is kept: QBFT does, IBFT 1 does not.
    """
    voter, subject, add = vote
    votes = tuple(one for one in before.votes if one[:2] != (voter, subject))
    if keep_pointless or (subject in before.members) != add:
        votes = (*votes, vote)
    needed = len(before.members) // 2 + 1
    for_it = sum(1 for one in votes if one[1:] == (subject, True))
    against = sum(1 for one in votes if one[1:] == (subject, False))
    if max(for_it, against) < needed:
        return Tally(before.members, votes)
    votes = tuple(one for one in votes if one[1] != subject)
    if for_it >= needed:
        return Tally(tuple(sorted({*before.members, subject})), votes)
    votes = tuple(one for one in votes if one[0] != subject)
    return Tally(tuple(one for one in before.members if one != subject), votes)
