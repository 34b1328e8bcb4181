"""When people come to a hospital: Poisson arrivals under a curve of weekdays and hours.

Whole numbers throughout: a logarithm may differ in its last bit between platforms, and equal
seeds must give equal steps.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final, Protocol

from node.base.rng import PPM
from node.base.types import MICROS_PER_SECOND

_HOUR_US: Final = 3_600 * MICROS_PER_SECOND
_WEEKDAY: Final = (
    *(2, 1, 1, 1, 1, 2, 4, 12, 45, 75, 80, 70),
    *(45, 40, 58, 60, 48, 30, 18, 12, 8, 6, 4, 3),
)
"""Arrivals in each local hour, relative: the clinics' peak before noon and the lower one after
lunch; what is left at night is the emergency room.  A shape that we chose, not somebody's data."""
_SATURDAY: Final = (
    *(2, 1, 1, 1, 1, 2, 4, 8, 28, 42, 40, 30),
    *(16, 9, 8, 7, 7, 6, 6, 6, 5, 4, 4, 3),
)
_SUNDAY: Final = (
    *(2, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8),
    *(7, 6, 6, 6, 6, 6, 6, 5, 5, 4, 3, 3),
)
_WEEK: Final = (*_WEEKDAY * 5, *_SATURDAY, *_SUNDAY)
"""From Monday, 00:00."""
_WEEK_WEIGHT: Final = sum(_WEEK) * _HOUR_US
_EPOCH_HOUR: Final = 3 * 24
"""1970-01-01T00:00 was a Thursday."""
_DAYS_PER_YEAR: Final = 365
_DAYS_PER_WEEK: Final = 7
_LANE: Final = 2**62


class Draws(Protocol):
    """What draws are made from."""

    def below(self, bound: int) -> int:
        """Give an integer in 0 .. bound-1."""
        ...


class Calendar:
    """The hours of a span of virtual time, each with its weight."""

    def __init__(self, begin_us: int, end_us: int, *, epoch_us: int, zone_s: int) -> None:
        """``epoch_us`` is the date of T = 0; ``zone_s`` the local offset, seconds east."""
        local_us = epoch_us + zone_s * MICROS_PER_SECOND
        first = (local_us + begin_us) // _HOUR_US
        last = -(-(local_us + end_us) // _HOUR_US)
        self._first_us = first * _HOUR_US - local_us
        self._weights = [_WEEK[(_EPOCH_HOUR + hour) % len(_WEEK)] for hour in range(first, last)]
        self._sums = [0, *accumulate(weight * _HOUR_US for weight in self._weights)]
        self._begin_us, self._end_us = begin_us, end_us

    def somewhere(self, draws: Draws, begin_us: int, end_us: int) -> int:
        """Draw a moment of the time between two moments."""
        low, high = self._sum_at(begin_us), self._sum_at(end_us)
        return self._time_at(low + draws.below(max(1, high - low)))

    def arrivals(self, draws: Draws, per_millennium: int, begin_us: int) -> Iterator[int]:
        """Draw the moments from ``begin_us`` on at which a Poisson process has an event.

        ``per_millennium``  expected events in a thousand years.
        """
        if per_millennium == 0:
            return
        mean = _WEEK_WEIGHT * _DAYS_PER_YEAR * 1_000 // (_DAYS_PER_WEEK * per_millennium)
        at = self._sum_at(begin_us)
        while True:
            at += mean * exponential_ppm(draws) // PPM
            if at >= self._sums[-1]:
                return
            t_us = self._time_at(at)
            if t_us >= self._end_us:
                return
            yield t_us

    def _sum_at(self, t_us: int) -> int:
        hour, rest = divmod(t_us - self._first_us, _HOUR_US)
        if hour >= len(self._weights):
            return self._sums[-1]
        return self._sums[hour] + self._weights[hour] * rest

    def _time_at(self, position: int) -> int:
        hour = bisect_right(self._sums, position) - 1
        return (
            self._first_us + hour * _HOUR_US + (position - self._sums[hour]) // self._weights[hour]
        )


def exponential_ppm(draws: Draws) -> int:
    """Draw from the exponential distribution of mean 1, in millionths.

    source        von Neumann 1951, "Various techniques used in connection with random digits":
                  how long uniform draws go on falling decides, so nothing but comparisons is used.
    """
    whole = 0
    while True:
        first = before = draws.below(_LANE)
        falls = 1
        while (drawn := draws.below(_LANE)) < before:
            before = drawn
            falls += 1
        if falls % 2:
            return whole * PPM + first * PPM // _LANE
        whole += 1
