"""What can go wrong while measuring."""

from dataclasses import dataclass

from node.base.errors import WardnetError


@dataclass(eq=False)
class CandidateFaultError(WardnetError):
    """A candidate stopped, or did other work than the one it was given."""

    candidate: str
    what: str

    def __str__(self) -> str:
        return f"{self.candidate}: {self.what}"
