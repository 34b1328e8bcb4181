"""What an inspection of a store found."""

from collections import Counter
from dataclasses import dataclass

from node.base.limits import FINDINGS_COUNT_MAX


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is not as it should be."""

    table: str
    """``file`` for the database as a whole."""
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table}: {self.key}: {self.problem}"


class Findings:
    """Findings in the order in which they were made, and how many rows were looked at."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.is_cut = False
        """More was found than is listed."""

    def add(self, table: str, key: str, problem: str) -> None:
        """Note a finding; from FINDINGS_COUNT_MAX on only that there are more."""
        if len(self.found) >= FINDINGS_COUNT_MAX:
            self.is_cut = True
        else:
            self.found.append(Finding(table, key, problem))

    def expect(self, table: str, key: str, what: str, want: object, got: object) -> None:
        """Note a finding if two values differ."""
        if want != got:
            self.add(table, key, f"{what} is {_text(got)}, wants {_text(want)}")


def _text(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
