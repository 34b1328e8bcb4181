"""Votes in headers on who is a validator, and the set they lead to (consensus.md section 3.8).

Nothing is shared with Clique: pointless votes count here, and a block is never refused for its
vote.
"""

from bisect import insort
from dataclasses import dataclass

from node.base.types import Address
from node.consensus_poa.qbft.header import Vote

Voters = dict[Address, tuple[Address, ...]]
"""Subject -> those who voted so."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The set after a block, and the votes that stand."""

    validators: tuple[Address, ...]
    """Ascending."""
    admits: tuple[tuple[Address, tuple[Address, ...]], ...] = ()
    """(subject, voters) for admission."""
    drops: tuple[tuple[Address, tuple[Address, ...]], ...] = ()

    def after(self, voter: Address, vote: Vote | None, *, is_epoch: bool) -> "Tally":
        """Give the tally after a block by ``voter``; at an epoch all votes go, this one too."""
        if is_epoch:
            return Tally(self.validators)
        if vote is None:
            return self
        subject = vote.recipient
        admits, drops = dict(self.admits), dict(self.drops)
        for table, chosen in ((admits, vote.is_add), (drops, not vote.is_add)):
            others = tuple(found for found in table.get(subject, ()) if found != voter)
            table[subject] = (*others, voter) if chosen else others
        validators = list(self.validators)
        majority = len(validators) // 2 + 1
        if len(admits[subject]) >= majority:
            _forget(subject, admits, drops)
            if subject not in validators:
                insort(validators, subject)
        elif len(drops[subject]) >= majority:
            _forget(subject, admits, drops)
            if subject in validators:
                validators.remove(subject)
            for table in (admits, drops):
                for other, voters in table.items():
                    table[other] = tuple(found for found in voters if found != subject)
        return Tally(tuple(validators), _standing(admits), _standing(drops))


def _forget(subject: Address, *tables: Voters) -> None:
    for table in tables:
        table.pop(subject, None)


def _standing(table: Voters) -> tuple[tuple[Address, tuple[Address, ...]], ...]:
    return tuple((subject, voters) for subject, voters in table.items() if voters)
