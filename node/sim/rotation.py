"""Nodes whose validator key was rotated start again with the new one when it is their turn.

A rotation is agreed on the ledger; when it takes effect is the engine's business: at once where it
reads the registry, some votes later where the set lives in headers.
"""

from collections.abc import Callable

from node.base.keys import PrivateKey
from node.base.types import Address
from node.sim.facts import Fact, HeadAt

Members = Callable[[str], frozenset[Address]]
"""(node) -> who may seal the next block, as that node sees it."""
Restart = Callable[[str], None]


class Rotations:
    """Follows heads until a new key is in the set of its own node."""

    def __init__(self, members: Members, restart: Restart) -> None:
        """``restart``  have a node start again, now, with the key in ``keys``."""
        self._members = members
        self._restart = restart
        self._waiting: dict[str, PrivateKey] = {}
        self.keys: dict[str, PrivateKey] = {}
        """Node: the key that it makes blocks with, where that is not its own."""

    def rotated(self, node: str, key: PrivateKey) -> None:
        """Take note that the ledger gave a node another key."""
        self._waiting[node] = key
        self._look(node)

    def observe(self, fact: Fact) -> None:
        """Look at the set after a new head."""
        if isinstance(fact, HeadAt) and fact.node in self._waiting:
            self._look(fact.node)

    def _look(self, node: str) -> None:
        key = self._waiting[node]
        if key.address in self._members(node):
            del self._waiting[node]
            self.keys[node] = key
            self._restart(node)
