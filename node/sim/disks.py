"""What a machine keeps when it loses power."""

from dataclasses import dataclass, field

from node.ipfs_lite.memory_store import MemoryStore as MemoryBlocks
from node.privacy.custody_store import MemoryStore as MemoryCustody
from node.storage.engine_log import MemoryEngineLog
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.shared_nodes import NodePool, PooledNodes


@dataclass(slots=True)
class Disk:
    """The stores of one node.  Each write counts at once: no crash tears one."""

    ledger: MemoryLedgerStore
    blocks: MemoryBlocks = field(default_factory=MemoryBlocks)
    custody: MemoryCustody = field(default_factory=MemoryCustody)
    log: MemoryEngineLog = field(default_factory=MemoryEngineLog)
    """Of the engine."""

    @classmethod
    def empty(cls, pool: NodePool) -> "Disk":
        """Make a new disk; ``pool`` holds the trie nodes of all disks once."""
        return cls(MemoryLedgerStore(nodes=PooledNodes(pool)))
