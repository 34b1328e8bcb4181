"""Predicates about disks: how many copies of a record's manifest stand, and whether blocks rot."""

from collections.abc import Callable

from node.sim.facts import Fact
from node.sim.predicates.base import State


class Copies:
    """So many nodes keep a record's manifest for the network.

    ``keepers`` reads the disks and names them; None: the record was not filed yet.
    """

    def __init__(
        self,
        record: str,
        keepers: Callable[[str], tuple[str, ...] | None],
        *,
        at_least: int,
        at_most: int,
    ) -> None:
        self._record = record
        self._keepers = keepers
        self._at_least = at_least
        self._at_most = at_most

    def observe(self, fact: Fact) -> None:
        """Take no note: the disks are read themselves."""

    def state(self) -> State:
        """Count now."""
        keepers = self._keepers(self._record)
        if keepers is None:
            return State(holds=False, why=f"record {self._record} was not filed")
        names = ", ".join(keepers) or "nobody"
        return State(
            holds=self._at_least <= len(keepers) <= self._at_most,
            why=f"{len(keepers)} running nodes keep {self._record}: {names}",
        )


class StoresSound:
    """No running node has a public block that is not what its name says.

    ``rotten`` reads the disks and names the nodes that have one.
    """

    def __init__(self, rotten: Callable[[], tuple[str, ...]]) -> None:
        self._rotten = rotten

    def observe(self, fact: Fact) -> None:
        """Take no note: the disks are read themselves."""

    def state(self) -> State:
        """Hash every block now."""
        rotten = self._rotten()
        names = ", ".join(rotten)
        why = f"public blocks rot at {names}" if rotten else "every public block is sound"
        return State(holds=not rotten, why=why)
