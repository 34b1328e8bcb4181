"""The shape of a predicate."""

from dataclasses import dataclass
from typing import Protocol

from node.sim.facts import Fact


@dataclass(frozen=True, slots=True)
class State:
    """Whether a predicate holds now, and the plain sentence behind it."""

    holds: bool
    why: str


class Predicate(Protocol):
    """Follows a run by its facts."""

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        ...

    def state(self) -> State:
        """Judge the facts so far."""
        ...
