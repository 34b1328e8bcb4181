"""What steps share: a step that has nothing to act on, and how long a duration is on a ledger."""

from dataclasses import dataclass

from node.base.errors import UnavailableError
from node.base.types import MICROS_PER_SECOND


@dataclass(eq=False)
class StepNotReadyError(UnavailableError):
    """A step has nothing to act on: nothing was asked of the network, so nothing was refused."""

    step: str
    why: str

    def __str__(self) -> str:
        return f"{self.step} cannot begin: {self.why}"


def whole_seconds(duration_us: int) -> int:
    """Give a duration in seconds, rounded up: ledgers know nothing shorter."""
    return -(-duration_us // MICROS_PER_SECOND)
