"""How likely stored data is lost in a year, and how likely it cannot be reached right now.

The model (content-store.md, section 14).  ``copies`` pieces lie on as many nodes and any ``needed``
of them give the data back: 1 of r is replication, k of n an erasure code or a set of shares.  Each
node loses its piece after an exponential time whose rate is such that a node fails within a year
with probability AFR.  Every lost piece is repaired on its own, all at the same time, after an
exponential time with mean ``repair_s``.  The number of lost pieces i is then a birth-death chain

    i -> i + 1  at rate (copies - i) * failures,     i -> i - 1  at rate i * repairs,

and the data is gone for good when copies - needed + 1 pieces are missing at once.  For rare loss
that is about copies! / ((needed - 1)! lost!) * failures^(lost + 1) / repairs^lost per year with
lost = copies - needed: at AFR 2 % and 24 h 2e-6 for 2 copies, 2e-10 for 3, 7e-10 for 2 of 4 and
5e-17 for 4 of 8, the figures of the specification.  (Repair of one piece at a time would give
4e-10 for 3 copies.)  Not being reachable is a binomial: fewer than ``needed`` nodes are up.

Nodes fail independently here.  Real ones share a building, a version and an administrator, so
these figures are lower bounds of what to fear: correlated loss dominates in the field.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from math import ceil, exp, inf, log, log1p, log2
from operator import mul
from typing import Final

from node.base.chance import Sampled, fewer_than, interval
from node.base.errors import ConfigError
from node.base.limits import PIECES_COUNT_MAX, SIMULATED_FAILURES_COUNT_MAX
from node.base.rng import Blocks, derive_key, lane

YEAR_S: Final = 365.25 * 86_400
_TAIL_TERMS: Final = 30
"""The series of a short step is cut where its next term is below 1/30!."""
_PROBABLE_YEARS: Final = 10.0
_FASTER: Final = 1.25
_SLOW_REPAIR_S: Final = 30 * 86_400.0
_LANES: Final = 8


@dataclass(frozen=True, slots=True)
class LossPlan:
    """What is stored how.  raises ConfigError: a number outside its range."""

    needed: int
    """Pieces that give the data back, 1 .. copies."""
    copies: int
    """Pieces that are stored, at most PIECES_COUNT_MAX."""
    failures_per_year: float
    """Of one node: ``failures_of(afr)``."""
    repair_s: float
    """Mean time until a lost piece is back, above 0."""
    node_up: float
    """Part of the time in which a node can be reached, 0 .. 1."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 1 <= self.copies <= PIECES_COUNT_MAX:
            raise ConfigError(f"copies: wants 1 to {PIECES_COUNT_MAX}, got {self.copies}")
        if not 1 <= self.needed <= self.copies:
            raise ConfigError(f"needed: wants 1 to {self.copies} (copies), got {self.needed}")
        if not 0 <= self.failures_per_year < inf:
            raise ConfigError(f"failures a year: wants 0 or more, got {self.failures_per_year}")
        if not 0 < self.repair_s < inf:
            raise ConfigError(f"repair: wants a time above 0 s, got {self.repair_s} s")
        if not 0 <= self.node_up <= 1:
            raise ConfigError(f"node up: wants a part from 0 to 1, got {self.node_up}")

    @property
    def lost_at(self) -> int:
        """So many missing pieces are one too many."""
        return self.copies - self.needed + 1

    @property
    def repairs_per_year(self) -> float:
        """Of one lost piece."""
        return YEAR_S / self.repair_s


def failures_of(afr: float) -> float:
    """Give the failures per year of a node that fails within a year with probability ``afr``.

    raises        ConfigError: not in 0 .. 1 (1 excluded: no finite rate is certain to fail).
    """
    if not 0 <= afr < 1:
        raise ConfigError(f"AFR: wants a probability from 0 to below 1, got {afr}")
    return -log1p(-afr)


def unreachable(plan: LossPlan) -> float:
    """Give the probability that fewer than ``needed`` nodes are up, each on its own."""
    return fewer_than(plan.needed, plan.copies, plan.node_up)


def mean_years_to_loss(plan: LossPlan) -> float:
    """Give the mean time until data that is whole now is lost; infinite where nothing fails.

    The time from i missing pieces to i + 1 is 1 / up + (down / up) * (the same from i - 1), and
    the sum over i is exact: no term is subtracted (Karlin and Taylor, birth-death processes).
    """
    total = step = 0.0
    for missing in range(plan.lost_at):
        up = (plan.copies - missing) * plan.failures_per_year
        if up == 0:
            return inf
        step = (1 + missing * plan.repairs_per_year * step) / up
        total += step
    return total


def loss_within(plan: LossPlan, years: float = 1.0) -> float:
    """Give the probability that data that is whole now is lost within ``years``.

    The chain's matrix over a short time is a series, and is squared until the time is full.  All
    terms are positive, so that 5e-17 keeps its digits: ``1 - survival`` would give 0.
    """
    fastest = plan.copies * plan.failures_per_year + plan.lost_at * plan.repairs_per_year
    doublings = max(0, ceil(log2(fastest * years))) if fastest * years > 0 else 0
    matrix = _short_step(plan, fastest, fastest * years / 2**doublings)
    for _ in range(doublings):
        columns = list(zip(*matrix, strict=True))
        matrix = [[sum(map(mul, row, column)) for column in columns] for row in matrix]
    return min(1.0, matrix[0][plan.lost_at])


def _short_step(plan: LossPlan, fastest: float, jumps: float) -> list[list[float]]:
    """Give P[from, to] over a time with ``jumps`` <= 1 jumps of the uniformised chain."""
    size = plan.lost_at + 1
    up = [(plan.copies - i) * plan.failures_per_year / fastest for i in range(size - 1)] + [0.0]
    down = [i * plan.repairs_per_year / fastest for i in range(size - 1)] + [0.0]
    stay = [1 - u - d for u, d in zip(up, down, strict=True)]
    result: list[list[float]] = []
    for start in range(size):
        term = [float(state == start) for state in range(size)]
        row = term
        for number in range(1, size + _TAIL_TERMS):
            term = [
                (
                    term[i] * stay[i]
                    + (term[i - 1] * up[i - 1] if i else 0.0)
                    + (term[i + 1] * down[i + 1] if i + 1 < size else 0.0)
                )
                * (jumps / number)
                for i in range(size)
            ]
            row = [kept + more for kept, more in zip(row, term, strict=True)]
        result.append([value * exp(-jumps) for value in row])
    return result


def simulate(plan: LossPlan, trials: int, seed: int) -> Sampled:
    """Play ``trials`` years of the same model, failure by failure; the same seed, the same years.

    Ends early, after a whole year, when SIMULATED_FAILURES_COUNT_MAX events have been played.

    raises        ConfigError: fewer than one trial.
    """
    if trials < 1:
        raise ConfigError(f"simulate: wants at least 1 trial, got {trials}")
    draws = _uniforms(seed)
    losses = events = played = 0
    while played < trials and events < SIMULATED_FAILURES_COUNT_MAX:
        is_lost, happened = _year(plan, draws)
        losses += is_lost
        events += happened
        played += 1
    return Sampled(played, losses, *interval(losses, played))


def _year(plan: LossPlan, draws: Iterator[float]) -> tuple[bool, int]:
    """Play one year from whole; give whether the data was lost, and the events played."""
    now, missing = 0.0, 0
    for events in count():
        fail = (plan.copies - missing) * plan.failures_per_year
        total = fail + missing * plan.repairs_per_year
        if total == 0:
            return False, events
        now -= log(next(draws)) / total
        if now > 1:
            return False, events
        missing += 1 if next(draws) * total < fail else -1
        if missing == plan.lost_at:
            return True, events + 1
    raise AssertionError("a count does not end")


def _uniforms(seed: int) -> Iterator[float]:
    """Give numbers in (0, 1), never 0: their logarithm is taken."""
    blocks = Blocks(derive_key(seed, ("store", "loss")))
    while True:
        drawn = blocks.draw()
        for index in range(_LANES):
            yield ((lane(drawn, index) >> 12) + 0.5) / 2**52


def made_probable(plan: LossPlan) -> LossPlan:
    """Give the same scheme with worse nodes and slower repair, so that loss is not rare.

    A simulation can check the arithmetic there; it says nothing about the rare case itself.
    """
    hard = replace(
        plan,
        repair_s=max(plan.repair_s, _SLOW_REPAIR_S),
        failures_per_year=max(plan.failures_per_year, _FASTER**-20),
    )
    while mean_years_to_loss(hard) > _PROBABLE_YEARS:
        hard = replace(hard, failures_per_year=hard.failures_per_year * _FASTER)
    return hard
