"""What one node keeps of its chain, and the batch that makes a block durable at once."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from node.storage.chain_data import ChainData, MemoryChainData
from node.storage.state_nodes import MemoryStateNodes, StateNodes


class LedgerStore(Protocol):
    """Chain tables and state nodes of one node."""

    @property
    def chain(self) -> ChainData:
        """Blocks of every branch, and which of them are the chain."""
        ...

    @property
    def nodes(self) -> StateNodes:
        """Trie nodes and contract code."""
        ...

    @property
    def kept_from(self) -> int:
        """The number of the oldest block whose state is kept, apart from the genesis."""
        ...

    def keep_states_from(self, number: int) -> None:
        """Remember that older states are not here: the chain came with a newer one."""
        ...

    def batch(self) -> AbstractContextManager[None]:
        """Make all that is put inside durable together, when the outermost batch ends.

        Nothing of it stays if the block inside raises.  A batch inside a batch joins it.
        """
        ...

    def close(self) -> None:
        """Let the store go; what was committed stays."""
        ...


class MemoryLedgerStore:
    """A store that ends with the process.  What is put counts at once: no crash parts a batch."""

    kept_from = 0

    def __init__(self, chain: ChainData | None = None, nodes: StateNodes | None = None) -> None:
        self.chain: ChainData = MemoryChainData() if chain is None else chain
        self.nodes: StateNodes = MemoryStateNodes() if nodes is None else nodes

    def keep_states_from(self, number: int) -> None:
        """Remember that older states are not here."""
        self.kept_from = number

    @contextmanager
    def batch(self) -> Generator[None]:
        """Do nothing: memory is as durable after each step as it will ever be."""
        yield

    def close(self) -> None:
        """Do nothing."""
