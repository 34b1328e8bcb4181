"""Steps: numbered slices of time, each the turn of one validator (consensus.md section 5)."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from node.base.types import Address


class _Era(NamedTuple):
    """Steps of one length."""

    step: int
    start_s: int
    duration_s: int


class Steps:
    """Steps of a chain, counted from the Unix epoch.

    ``durations``   (timestamp, length of a step), seconds, rising, the first for timestamp 0.  A
                    new length holds from the first boundary of the old one that is not before
                    its timestamp; the numbers go on.
    """

    def __init__(self, durations: Sequence[tuple[int, int]]) -> None:
        eras = [_Era(0, 0, durations[0][1])]
        for timestamp, duration in durations[1:]:
            old = eras[-1]
            # never below 0: a change may come before the last one has begun
            count = max(0, -((old.start_s - timestamp) // old.duration_s))
            eras.append(_Era(old.step + count, old.start_s + count * old.duration_s, duration))
        self._eras = eras
        self._starts = [era.start_s for era in eras]
        self._firsts = [era.step for era in eras]

    def at(self, seconds: int) -> int:
        """Give the step that ``seconds`` lies in."""
        era = self._eras[bisect_right(self._starts, seconds) - 1]
        return era.step + (seconds - era.start_s) // era.duration_s

    def start_s(self, step: int) -> int:
        """Give the first second of a step."""
        era = self._eras[bisect_right(self._firsts, step) - 1]
        return era.start_s + (step - era.step) * era.duration_s


def primary(validators: Sequence[Address], step: int) -> Address:
    """Give whose turn a step is; ``validators`` ascending, not empty."""
    return validators[step % len(validators)]
