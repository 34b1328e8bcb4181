"""What can go wrong while measuring."""

from dataclasses import dataclass

from node.base.errors import OperatorError, WardnetError


@dataclass(eq=False)
class CandidateFaultError(WardnetError):
    """A candidate stopped, or did other work than the one it was given."""

    candidate: str
    what: str

    def __str__(self) -> str:
        return f"{self.candidate}: {self.what}"


@dataclass(eq=False)
class StoredReportError(OperatorError):
    """A stored report is missing or cannot be read."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; write it anew with --write"
