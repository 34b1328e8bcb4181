"""Which of two heads Clique follows: ``td``, ``geth`` or ``eip3436`` (consensus.md section 4.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from node.base.ports import Entropy
from node.base.types import Hash32
from node.consensus_poa.clique.options import ForkChoiceRule


@dataclass(frozen=True, slots=True)
class Head:
    """What fork choice needs of a head; the later fields are read only to break a tie."""

    hash: Hash32
    number: int
    total_difficulty: int
    turn_distance: Callable[[], int]
    """(number - index of the signer) mod N in the set that authorised the block."""
    is_own: Callable[[], bool]


def takes_candidate(rule: ForkChoiceRule, current: Head, candidate: Head, entropy: Entropy) -> bool:
    """Say whether ``candidate`` replaces ``current``.

    ``td``        strictly higher total difficulty, else the first seen stays.
    ``geth``      then the lower number, then the own block, then a coin.
    ``eip3436``   then the lower number, then the LARGER turn distance, then the lower hash:
                  no coin, so nodes that know the same blocks choose the same head.
    """
    if candidate.hash == current.hash:
        return False
    if candidate.total_difficulty != current.total_difficulty:
        return candidate.total_difficulty > current.total_difficulty
    if rule == "td":
        return False
    if candidate.number != current.number:
        return candidate.number < current.number
    if rule == "geth":
        return not current.is_own() and (candidate.is_own() or entropy.below(2) == 0)
    if rule == "eip3436":
        ours, theirs = current.turn_distance(), candidate.turn_distance()
        return theirs > ours if theirs != ours else candidate.hash < current.hash
    assert_never(rule)
