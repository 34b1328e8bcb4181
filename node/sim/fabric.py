"""Which frames get through: the links, and what faults do to them.

A cut link swallows what is sent and what is under way, as a broken path does: neither end notices.
When it heals, both ends break the connection and make a new one, as TCP does after an outage
(simulation.md sections 5 and 10).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from node.base.types import Address
from node.sim.kernel import Kernel, Priority
from node.sim.link import Link, LinkSpec

Ends: TypeAlias = tuple[str, str]
"""Source and target."""
T = TypeVar("T")
Change: TypeAlias = Callable[[LinkSpec], LinkSpec]

HANDSHAKE_TRIPS = 4
"""One-way trips before a connection is up: TCP and TLS 1.3, two round trips."""


class Counter(Protocol):
    """A fault that counts what it does."""

    def count(self, effects: int = 1) -> None:
        """Add effects."""
        ...


class Ports(Protocol):
    """What the fabric asks of the machines at its ends."""

    def is_up(self, node: str) -> bool:
        """Say whether a machine runs."""
        ...

    def connected(self, node: str, peer: str) -> None:
        """Tell a machine that a peer is there."""
        ...

    def lost(self, node: str, peer: str) -> None:
        """Tell a machine that a peer is gone."""
        ...


@dataclass(slots=True)
class _Trouble:
    """What is done to one direction of a link."""

    base: LinkSpec
    cuts: list[Counter] = field(default_factory=list[Counter])
    clogs: list[Counter] = field(default_factory=list[Counter])
    held: list[tuple[int, Callable[[], None]]] = field(
        default_factory=list[tuple[int, Callable[[], None]]]
    )
    """Arrival and delivery of each frame that a clog holds."""
    changes: list[tuple[Counter, Change]] = field(default_factory=list[tuple[Counter, Change]])
    breaks: int = 0
    """Goes up when all that is under way is lost."""
    breaker: Counter | None = None
    """Who did that last."""


class Fabric:
    """All links of a network."""

    def __init__(self, kernel: Kernel, links: dict[Ends, Link], ports: Ports) -> None:
        self.links = links
        self._kernel = kernel
        self._ports = ports
        self._troubles: dict[Ends, _Trouble] = {}

    def connect_all(self) -> None:
        """Connect all machines that run."""
        for ends in self.links:
            self._connect(*ends)

    def send(
        self, ends: Ends, message_type: int, size: int, deliver: Callable[[T], None], what: T
    ) -> int:
        """Put a frame onto a link; give when it arrives, or would have arrived.

        ``deliver``   called with ``what`` at its arrival, unless the frame is lost.
        """
        kernel = self._kernel
        arrival = self.links[ends].arrival(kernel.now, message_type, size)
        trouble = self._troubles.get(ends)
        if trouble is None:
            arrive = partial(self._pass, ends, deliver, what)
            kernel.at(arrival, Priority.DELIVERY, ends[1], arrive)
        elif trouble.cuts:
            trouble.cuts[-1].count()
        elif trouble.clogs:
            trouble.clogs[-1].count()
            trouble.held.append((arrival, partial(deliver, what)))
        else:
            self._post(arrival, ends, trouble, partial(deliver, what))
        return arrival

    def _pass(self, ends: Ends, deliver: Callable[[T], None], what: T) -> None:
        """Deliver what was sent before the link had its first trouble."""
        trouble = self._troubles.get(ends)
        if trouble is None or not trouble.breaks:
            deliver(what)
        elif trouble.breaker is not None:
            trouble.breaker.count()

    def _post(
        self, arrival: int, ends: Ends, trouble: _Trouble, deliver: Callable[[], None]
    ) -> None:
        breaks = trouble.breaks

        def arrive() -> None:
            if breaks == trouble.breaks:
                deliver()
            elif trouble.breaker is not None:
                trouble.breaker.count()

        self._kernel.at(arrival, Priority.DELIVERY, ends[1], arrive)

    # -- what faults do --

    def cut(self, ends: Iterable[Ends], by: Counter) -> None:
        """Let nothing through."""
        for one in ends:
            trouble = self._trouble(one)
            trouble.cuts.append(by)
            self._break(trouble, by)

    def mend(self, ends: Iterable[Ends], by: Counter) -> None:
        """End a cut; who can reach each other again makes a new connection."""
        pairs: dict[Ends, None] = {}
        for one in ends:
            self._trouble(one).cuts.remove(by)
            pairs[min(one), max(one)] = None
        for first, second in pairs:
            if not self.is_cut(first, second) and not self.is_cut(second, first):
                self._reconnect(first, second)

    def is_cut(self, source: str, target: str) -> bool:
        """Say whether a direction lets nothing through."""
        trouble = self._troubles.get((source, target))
        return trouble is not None and bool(trouble.cuts)

    def clog(self, ends: Iterable[Ends], by: Counter) -> None:
        """Hold what is sent."""
        for one in ends:
            self._trouble(one).clogs.append(by)

    def unclog(self, ends: Iterable[Ends], by: Counter) -> None:
        """Release what was held, in order."""
        for one in ends:
            trouble = self._trouble(one)
            trouble.clogs.remove(by)
            if trouble.clogs:
                continue
            held, trouble.held = trouble.held, []
            for arrival, deliver in held:
                self._post(max(arrival, self._kernel.now + 1), one, trouble, deliver)

    def change(self, ends: Iterable[Ends], by: Counter, change: Change) -> None:
        """Make links behave otherwise."""
        for one in ends:
            self._trouble(one).changes.append((by, change))
            self._respecify(one)

    def restore(self, ends: Iterable[Ends], by: Counter) -> None:
        """End a change."""
        for one in ends:
            trouble = self._trouble(one)
            trouble.changes = [(who, what) for who, what in trouble.changes if who is not by]
            self._respecify(one)

    def disconnect(self, ends: Iterable[Ends], by: Counter) -> None:
        """Break connections between machines that run, and have them made again."""
        pairs = dict.fromkeys((min(one), max(one)) for one in ends)
        for first, second in pairs:
            if self._ports.is_up(first) and self._ports.is_up(second):
                by.count()
                for one in ((first, second), (second, first)):
                    self._break(self._trouble(one), by)
                self._reconnect(first, second)

    # -- machines that stop and start --

    def stopped(self, node: str) -> None:
        """A machine is down: what is under way to it is lost, its peers notice one trip later."""
        for source, target in self.links:
            if target == node:
                self._break(self._trouble((source, target)), None)
            elif source == node and not self.is_cut(source, target):
                self._notice_later(target, node)

    def started(self, node: str) -> None:
        """A machine runs again: it and its peers connect."""
        for first, second in self.links:
            if first == node and not self.is_cut(first, second):
                self._connect(first, second)
                self._connect(second, first)

    # -- inside --

    def _notice_later(self, node: str, gone: str) -> None:
        """Tell a peer, one trip later, that a machine has gone, if it still has."""
        at_us = self._kernel.now + self.links[gone, node].spec.base_us + 1

        def notice() -> None:
            if not self._ports.is_up(gone):
                self._ports.lost(node, gone)

        self._kernel.at(at_us, Priority.DELIVERY, node, notice)

    def _trouble(self, ends: Ends) -> _Trouble:
        found = self._troubles.get(ends)
        if found is None:
            found = self._troubles[ends] = _Trouble(self.links[ends].spec)
        return found

    def _break(self, trouble: _Trouble, by: Counter | None) -> None:
        trouble.breaks += 1
        trouble.breaker = by
        trouble.held.clear()

    def _respecify(self, ends: Ends) -> None:
        trouble = self._troubles[ends]
        spec = trouble.base
        for _, change in trouble.changes:
            spec = change(spec)
        self.links[ends].spec = spec

    def _reconnect(self, first: str, second: str) -> None:
        for node, peer in ((first, second), (second, first)):
            self._ports.lost(node, peer)
            self._connect(node, peer)

    def _connect(self, source: str, target: str) -> None:
        """Tell ``target``, one handshake later, that ``source`` is there, if both still run."""
        up = self._kernel.now + HANDSHAKE_TRIPS * self.links[source, target].spec.base_us + 1

        def arrive() -> None:
            running = self._ports.is_up(source) and self._ports.is_up(target)
            if running and not self.is_cut(source, target) and not self.is_cut(target, source):
                self._ports.connected(target, source)

        self._kernel.at(up, Priority.DELIVERY, target, arrive)


def ways_of(
    links: Iterable[Ends], addresses: dict[str, Address]
) -> dict[str, dict[Address, list[Ends]]]:
    """Give, by source and address, the links to all machines that have the address."""
    ways: dict[str, dict[Address, list[Ends]]] = {
        name: {address: [] for address in addresses.values()} for name in addresses
    }
    for ends in links:
        ways[ends[0]][addresses[ends[1]]].append(ends)
    return ways
