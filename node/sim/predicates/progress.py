"""Predicates about heads over time: whether a network goes on, or stands still."""

from collections.abc import Callable

from node.base.types import MICROS_PER_SECOND
from node.sim.facts import Fact, HeadAt
from node.sim.predicates.base import State


class HeightGrows:
    """A head came to a number above the one it had when the window opened.

    With several nodes ``eventually`` and ``always`` mean each of them, ``never`` means none.
    """

    def __init__(
        self, nodes: tuple[str, ...], clock: Callable[[], int], *, from_us: int, is_any: bool
    ) -> None:
        self._clock = clock
        self._from_us = from_us
        self._is_any = is_any
        self._before = dict.fromkeys(nodes, 0)
        self._grown: dict[str, int] = {}

    def observe(self, fact: Fact) -> None:
        """Note the head of one of the nodes."""
        if not isinstance(fact, HeadAt) or fact.node not in self._before:
            return
        if self._clock() < self._from_us:
            self._before[fact.node] = max(self._before[fact.node], fact.number)
        elif fact.number > self._before[fact.node]:
            self._grown.setdefault(fact.node, fact.number)

    def state(self) -> State:
        """Count the nodes whose head grew."""
        wanted = 1 if self._is_any else len(self._before)
        told = ", ".join(
            f"{node} from block {self._before[node]} to {number}"
            for node, number in sorted(self._grown.items())
        )
        return State(
            holds=len(self._grown) >= wanted,
            why=f"{len(self._grown)} of {len(self._before)} heads grew" + f": {told}" * bool(told),
        )


class Stalled:
    """No head of the nodes has grown for a while, counted from when the window opened."""

    def __init__(
        self,
        nodes: tuple[str, ...],
        for_us: int,
        clock: Callable[[], int],
        wake: Callable[[int], None],
        *,
        from_us: int,
    ) -> None:
        """``wake``: have expectations judged at a time, though nothing may happen then."""
        self._for_us = for_us
        self._clock = clock
        self._wake = wake
        self._heights = dict.fromkeys(nodes, 0)
        self._since_us = from_us
        wake(from_us + for_us)

    def observe(self, fact: Fact) -> None:
        """Note the growth of a head."""
        if not isinstance(fact, HeadAt) or fact.number <= self._heights.get(fact.node, fact.number):
            return
        self._heights[fact.node] = fact.number
        now = self._clock()
        if now > self._since_us:
            self._since_us = now
            self._wake(now + self._for_us)

    def state(self) -> State:
        """Compare how long it has been."""
        quiet_us = max(0, self._clock() - self._since_us)
        return State(
            holds=quiet_us >= self._for_us,
            why=f"no head grew for {quiet_us / MICROS_PER_SECOND:g} s, "
            f"the highest is block {max(self._heights.values())}",
        )
