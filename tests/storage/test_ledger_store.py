from node.storage.chain_data import MemoryChainData
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.state_nodes import MemoryStateNodes


def test_a_memory_store_has_tables_of_its_own():
    one, other = MemoryLedgerStore(), MemoryLedgerStore()
    assert one.chain is not other.chain
    assert one.nodes is not other.nodes
    assert one.chain.head() is None


def test_a_memory_store_takes_tables_that_are_there():
    chain, nodes = MemoryChainData(), MemoryStateNodes()
    store = MemoryLedgerStore(chain, nodes)
    assert (store.chain, store.nodes) == (chain, nodes)


def test_batches_nest():
    store = MemoryLedgerStore()
    with store.batch(), store.batch():
        pass
    store.close()
