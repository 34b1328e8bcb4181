"""Numbers of a run: each metric is a list of integers, told by a few of its statistics."""

from collections.abc import Mapping, Sequence
from typing import Final

PERCENTILES: Final = (50, 90, 99)


def summary(values: Sequence[int]) -> dict[str, int]:
    """Give count, min, mean (rounded down), nearest-rank percentiles, and max of integers."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    count = len(ordered)
    found = {"count": count, "min": ordered[0], "mean": sum(ordered) // count}
    for percent in PERCENTILES:
        found[f"p{percent}"] = ordered[max(0, -(-percent * count // 100) - 1)]
    found["max"] = ordered[-1]
    return found


def summaries(samples: Mapping[str, Sequence[int]]) -> dict[str, dict[str, int]]:
    """Give the statistics of every metric."""
    return {name: summary(samples[name]) for name in sorted(samples)}
