"""How many of n validators decide (EEA QBFT specification; consensus.md section 3).

All counts are exact integers: n = 3 has f = 0 and needs 2, which ``2 * n // 3 + 1`` gets wrong.
"""


def faulty_max(count: int) -> int:
    """Give f = floor((n-1)/3): so many of ``count`` validators may be Byzantine."""
    assert count > 0
    return (count - 1) // 3


def quorum(count: int) -> int:
    """Give ceil(2n/3): any two sets of this size share more than f of ``count`` validators."""
    assert count > 0
    return (2 * count - 1) // 3 + 1
