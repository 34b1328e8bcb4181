"""Block 0 and its state, computed once for all ledgers of a process."""

from node.base.block import Block
from node.evm.genesis import Genesis, genesis_block
from node.storage.shared_nodes import NodePool, PooledNodes
from node.storage.state_nodes import StateNodes


class Beginning:
    """What a genesis comes to."""

    def __init__(self, genesis: Genesis) -> None:
        """Compute it.

        raises        ConfigError: as ``Genesis.check``.
        """
        self._written = NodePool()
        self.genesis = genesis
        self.block: Block = genesis_block(genesis, PooledNodes(self._written))

    def put_into(self, nodes: StateNodes) -> None:
        """Store the state; the bytes are shared, not copied."""
        nodes.put(self._written.nodes, self._written.code)
        nodes.own(self.block.header.state_root)
