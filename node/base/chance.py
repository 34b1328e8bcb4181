"""What is likely, by formula, and what so many trials say about it."""

from dataclasses import dataclass
from math import comb, sqrt
from typing import Final

LOSSES_COUNT_MIN: Final = 10
"""Fewer losses (or survivals) than this say nothing about a probability."""
_Z: Final = 3.290527
"""Half width of a 99.9 % interval in standard deviations: a command that calls a difference wrong
may be mistaken once in a thousand seeds, not once in twenty."""


def fewer_than(needed: int, total: int, each: float) -> float:
    """Give the probability that fewer than ``needed`` of ``total`` happen, each on its own.

    ``each``      probability of one of them, 0 .. 1.
    """
    other = 1 - each
    return sum(comb(total, j) * each**j * other ** (total - j) for j in range(needed))


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a simulation of so many trials saw."""

    trials: int
    """Trials that were played; fewer than asked for when a limit came first."""
    losses: int
    low: float
    high: float
    """99.9 % interval of the probability (Wilson's score interval)."""

    @property
    def is_telling(self) -> bool:
        """Say whether there were enough losses, and enough trials without, to conclude anything."""
        return LOSSES_COUNT_MIN <= self.losses <= self.trials - LOSSES_COUNT_MIN

    def contains(self, probability: float) -> bool:
        """Say whether a probability is inside the interval."""
        return self.low <= probability <= self.high


def interval(losses: int, trials: int) -> tuple[float, float]:
    """Give Wilson's 99.9 % interval for a probability."""
    part, spread = losses / trials, _Z**2 / trials
    middle = (part + spread / 2) / (1 + spread)
    half = _Z * sqrt((part * (1 - part) + spread / 4) / trials) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
