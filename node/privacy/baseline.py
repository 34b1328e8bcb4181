"""A patient's own robust baseline: median and MAD of earlier values, in integers only.

A value deviates when |value - median| > k * 1.4826 * MAD.  The factor makes the median absolute
deviation an estimate of the standard deviation of normal values; up to half of the window may be
wrong before either moves without bound (Rousseeuw and Croux 1993).  Sensors round: when most
values are equal MAD is 0 and any other value would deviate, so MAD counts as one unit of the last
decimal at least.

What this does not do: it compares a patient with the same patient's past and knows no medicine.  A
value that is always dangerous is normal here, a slow change is followed instead of noticed, a
rhythm wider than its noise (glucose after meals) makes the band wide, and while the window is short
the rise of a morning may look like news (8 of 3,840 made-up normal readings, k = 5).  It is no
medical advice and replaces no alarm of a device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.base.limits_records import BASELINE_READINGS_COUNT_MAX, BASELINE_READINGS_COUNT_MIN

K_TENTHS: Final = 50
"""k = 5: of normal values one in about two million; 3.5 is the usual cut for looking again."""
_MAD_FACTOR: Final = 14_826
_FACTOR_UNIT: Final = 10_000


class Deviation(Enum):
    """On which side of the baseline a value lies; the value is the reason code of an alert."""

    ABOVE = "ABOVE_BASELINE"
    BELOW = "BELOW_BASELINE"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Doubled and quadrupled, so that the median of an even number of integers is one."""

    median_x2: int
    mad_x4: int

    def deviation(self, value: int, k_tenths: int = K_TENTHS) -> Deviation | None:
        """Say on which side a value deviates; None: it does not."""
        distance_x2 = 2 * value - self.median_x2
        mad_x4 = max(self.mad_x4, 4)
        if 2 * abs(distance_x2) * 10 * _FACTOR_UNIT <= k_tenths * _MAD_FACTOR * mad_x4:
            return None
        return Deviation.ABOVE if distance_x2 > 0 else Deviation.BELOW


def baseline_of(values: Sequence[int]) -> Baseline:
    """Give the baseline of at least one value."""
    median_x2 = _median_x2(values)
    return Baseline(median_x2, _median_x2([abs(2 * value - median_x2) for value in values]))


def deviations(
    values: Sequence[int], *, earlier: Sequence[int] = (), k_tenths: int = K_TENTHS
) -> tuple[tuple[int, Deviation], ...]:
    """Hold each value against the newest before it; give (index, side) of those that deviate.

    ``earlier``   values before the first, oldest first.
    A value with fewer than BASELINE_READINGS_COUNT_MIN before it deviates from nothing; of more
    than BASELINE_READINGS_COUNT_MAX the newest count.
    """
    course = [*earlier, *values]
    found: list[tuple[int, Deviation]] = []
    for index, value in enumerate(values):
        end = len(earlier) + index
        if end < BASELINE_READINGS_COUNT_MIN:
            continue
        window = course[max(0, end - BASELINE_READINGS_COUNT_MAX) : end]
        side = baseline_of(window).deviation(value, k_tenths)
        if side is not None:
            found.append((index, side))
    return tuple(found)


def _median_x2(values: Sequence[int]) -> int:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] + ordered[-middle - 1]
