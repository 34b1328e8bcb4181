"""By which rules a run is judged, and the arithmetic of quorums (consensus.md sections 3 to 6)."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, Literal

from node.base.types import Address

BFT: Final = frozenset({"qbft", "ibft1"})
"""Engines whose decided blocks are final at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the genesis of a network and its scenario say about consensus."""

    engine: str
    """qbft, clique, aura or ibft1; of any other engine only what needs no rules is judged."""
    period: int
    """Seconds between two blocks, at least; of AuRa the length of a step."""
    epoch: int = 30_000
    quorum: Literal["2f_plus_1", "ceil_2n_3"] = "ceil_2n_3"
    """IBFT 1 has the choice; QBFT is always ``ceil_2n_3``."""
    two_thirds: bool = False
    """AuRa: a block is final with more than two thirds, instead of more than half."""
    future_us: int = 1_000_000
    """How far ahead of a node's clock the time of a block may be when it takes it."""

    def quorum_of(self, count: int) -> int:
        """Say how many of ``count`` validators decide."""
        if self.engine == "ibft1" and self.quorum == "2f_plus_1":
            return 2 * self.faulty_of(count) + 1
        return -(-2 * count // 3)

    def faulty_of(self, count: int) -> int:
        """Give f: so many of ``count`` may be Byzantine; ceil(n/3) - 1 = floor((n-1)/3)."""
        return (count - 1) // 3


def leader(members: tuple[Address, ...], previous: Address, round_: int) -> Address:
    """Give the proposer of a round of QBFT (section 3.5).

    ``previous``  who built the block below; when it is no member, the next higher address leads.
    """
    return members[(bisect_right(members, previous) + round_) % len(members)]
