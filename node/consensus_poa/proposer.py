"""Who leads a round of a BFT engine (EEA QBFT specification; Besu's ProposerSelector)."""

from bisect import bisect_right
from collections.abc import Sequence

from node.base.types import Address


def proposer(
    validators: Sequence[Address], previous: Address, round_: int, *, is_sticky: bool = False
) -> Address:
    """Give the proposer of round ``round_`` of a height.

    ``validators``  the set of that height, ascending, not empty.
    ``previous``    who built the block before; the zero address of genesis lets the first lead.
    ``is_sticky``   the proposer stays while it succeeds (IBFT 2.0 knows this variant).

    A ``previous`` that has left the set hands over to the next higher address.
    """
    place = bisect_right(validators, previous)
    # place is one behind ``previous``, or, where it is absent, at the next higher address
    if is_sticky and place > 0 and validators[place - 1] == previous:
        place -= 1
    return validators[(place + round_) % len(validators)]
