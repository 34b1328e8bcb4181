from node.storage.chain_data import MemoryChainData
from node.storage.ledger_store import LedgerStore, MemoryLedgerStore
from node.storage.sqlite_store import SqliteLedgerStore
from node.storage.state_nodes import MemoryStateNodes


def test_a_memory_store_has_tables_of_its_own():
    one, other = MemoryLedgerStore(), MemoryLedgerStore()
    assert one.chain is not other.chain
    assert one.nodes is not other.nodes
    assert one.chain.head() is None
    assert one.kept_from == 0


def test_a_memory_store_takes_tables_that_are_there():
    chain, nodes = MemoryChainData(), MemoryStateNodes()
    store = MemoryLedgerStore(chain, nodes)
    assert (store.chain, store.nodes) == (chain, nodes)


def test_batches_nest():
    store = MemoryLedgerStore()
    with store.batch(), store.batch():
        pass
    store.close()


def test_both_stores_keep_the_protocol():
    """The type checker judges the rest: this names what a store must have at all."""
    names = {name for name in vars(LedgerStore) if not name.startswith("_")}
    assert names == {"chain", "nodes", "kept_from", "keep_states_from", "batch", "close"}
    memory = MemoryLedgerStore()
    assert all(hasattr(memory, name) for name in names)
    assert names - {"chain", "nodes"} <= set(dir(SqliteLedgerStore))
