"""Trie nodes and contract code, each under its Keccak-256."""

from collections.abc import Mapping
from typing import Protocol

from node.base.types import Hash32


class NodeReader(Protocol):
    """Whatever gives out nodes and code."""

    def node(self, key: Hash32) -> bytes | None:
        """Give the RLP of a trie node, or None."""
        ...

    def code(self, key: Hash32) -> bytes | None:
        """Give the code of a contract, or None."""
        ...


class StateNodes(NodeReader, Protocol):
    """A content-addressed store: equal keys have equal bytes, and nothing is ever changed."""

    def put(self, nodes: Mapping[Hash32, bytes], code: Mapping[Hash32, bytes]) -> None:
        """Keep new nodes and code; what is there already is kept once."""
        ...

    def own(self, root: Hash32) -> None:
        """Count the state under a root as received: all of its nodes have been put.

        Only a store that others share (``shared_nodes``) has to know.
        """
        ...


class MemoryStateNodes:
    """The store of one simulated node."""

    def __init__(self) -> None:
        self._nodes: dict[Hash32, bytes] = {}
        self._code: dict[Hash32, bytes] = {}

    def node(self, key: Hash32) -> bytes | None:
        """Give the RLP of a trie node, or None."""
        return self._nodes.get(key)

    def code(self, key: Hash32) -> bytes | None:
        """Give the code of a contract, or None."""
        return self._code.get(key)

    def put(self, nodes: Mapping[Hash32, bytes], code: Mapping[Hash32, bytes]) -> None:
        """Keep new nodes and code."""
        self._nodes.update(nodes)
        self._code.update(code)

    def own(self, root: Hash32) -> None:
        """Do nothing: nobody else puts anything in here."""

    def __len__(self) -> int:
        return len(self._nodes) + len(self._code)
