"""What a run has spent of its budget: part of the runner's shell, like it outside virtual time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.base.clock import WallClock
from node.base.errors import WardnetError
from node.sim.schema.settings import Budget
from node.sim.schema.units import duration_text

_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = 4_096
_SECOND_US: Final = 1_000_000


@dataclass(eq=False)
class BudgetSpentError(WardnetError):
    """A run took more than its ``run.budget``; what it would have come to is not known."""

    what: str
    most: str
    at_us: int

    def __str__(self) -> str:
        reached = duration_text(self.at_us // _SECOND_US * _SECOND_US)
        return f"run.budget.{self.what} of {self.most} is spent at {reached} of virtual time"


class Purse:
    """The budget of one run, counted from now on."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._clock = WallClock()
        self._began_us = self._clock.now_us()

    def check(self, now_us: int) -> None:
        """Look at what is spent by virtual time ``now_us``.

        raises        BudgetSpentError.
        """
        budget = self._budget
        if self._clock.now_us() - self._began_us > budget.wall_us:
            raise BudgetSpentError("wall", duration_text(budget.wall_us), now_us)
        if resident_bytes() > budget.memory_bytes:
            raise BudgetSpentError("memory", f"{budget.memory_bytes >> 20}MiB", now_us)


def resident_bytes() -> int:
    """Give what this process has in memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
