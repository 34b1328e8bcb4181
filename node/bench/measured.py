"""What one run of a candidate measured, and the middle of several."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run.  Times are microseconds per transaction."""

    transactions: int
    cpu_us_per_tx: float | None
    """User + system; None where the system does not tell the time of another process."""
    wall_us_per_tx: float
    stages: Mapping[str, float] = field(default_factory=dict[str, float])
    digest: str
    """What the contracts answer afterwards, hashed: equal for every candidate."""
    state_root: str = ""
    """Empty for other clients: their chains hold other accounts."""
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    """What else was found: gas and slots per transaction, bytes."""

    def to_json(self) -> str:
        """Give the line that a child program prints."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the line of a child program.

        raises        ValueError, TypeError: it is none.
        """
        return cls(**json.loads(text))


def middle(runs: Sequence[Measured]) -> Measured:
    """Give the median of each time; the work must have been the same in every run."""
    first = runs[0]
    assert all(run.transactions == first.transactions for run in runs)
    cpu = [run.cpu_us_per_tx for run in runs if run.cpu_us_per_tx is not None]
    return Measured(
        transactions=first.transactions,
        cpu_us_per_tx=_rounded(cpu) if cpu else None,
        wall_us_per_tx=_rounded([run.wall_us_per_tx for run in runs]),
        stages=_each([run.stages for run in runs]),
        digest=first.digest,
        state_root=first.state_root,
        figures=_each([run.figures for run in runs]),
    )


def _each(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: _rounded([run[name] for run in runs]) for name in runs[0]}


def _rounded(values: Sequence[float]) -> float:
    return round(median(values), 1)
