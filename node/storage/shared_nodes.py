"""One set of trie nodes and code for all simulated nodes of a process (ledger.md section 7).

Equal states of many nodes are kept once.  A node must still not read a state that it never
received: a late joiner would find everything there.  So each one knows which states are its own,
and the root of any other state is not there for it.  Below a root nothing needs a guard: nobody
comes there but from the root.
"""

from collections.abc import Mapping

from node.base.types import Hash32


class NodePool:
    """What has been put by anybody."""

    def __init__(self) -> None:
        self.nodes: dict[Hash32, bytes] = {}
        self.code: dict[Hash32, bytes] = {}
        self.roots: set[Hash32] = set()
        """The roots of all states that somebody owns."""


class PooledNodes:
    """``StateNodes`` of one simulated node."""

    def __init__(self, pool: NodePool) -> None:
        self._pool = pool
        self._owned: set[Hash32] = set()

    def node(self, key: Hash32) -> bytes | None:
        """Give the RLP of a trie node, or None; also for the root of a state of others."""
        if key in self._pool.roots and key not in self._owned:
            return None
        return self._pool.nodes.get(key)

    def code(self, key: Hash32) -> bytes | None:
        """Give the code of a contract, or None."""
        return self._pool.code.get(key)

    def put(self, nodes: Mapping[Hash32, bytes], code: Mapping[Hash32, bytes]) -> None:
        """Keep new nodes and code; what is there already is kept once."""
        for key, raw in nodes.items():
            self._pool.nodes.setdefault(key, raw)
        for key, raw in code.items():
            self._pool.code.setdefault(key, raw)

    def own(self, root: Hash32) -> None:
        """Count a state as received, whoever put it."""
        self._pool.roots.add(root)
        self._owned.add(root)
