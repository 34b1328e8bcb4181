import sys
import tracemalloc

from node.base.types import Hash32
from node.storage.shared_nodes import NodePool, PooledNodes
from tests.storage.blocks import trie_nodes

NODES = trie_nodes("leaf", "root")
LEAF, ROOT = NODES
CODE = {Hash32(b"c" * 32): b"code"}


def _pair():
    pool = NodePool()
    return PooledNodes(pool), PooledNodes(pool)


def test_what_a_node_puts_it_reads():
    one, _ = _pair()
    one.put(NODES, CODE)
    one.own(ROOT)
    assert [one.node(key) for key in NODES] == list(NODES.values())
    assert one.code(Hash32(b"c" * 32)) == b"code"
    assert one.node(Hash32(bytes(32))) is None


def test_the_root_of_a_state_of_others_is_not_there():
    one, other = _pair()
    one.put(NODES, CODE)
    one.own(ROOT)
    assert other.node(ROOT) is None
    other.put(NODES, {})
    assert other.node(ROOT) is None


def test_a_state_that_was_received_opens():
    one, other = _pair()
    one.put(NODES, CODE)
    one.own(ROOT)
    other.own(ROOT)
    assert other.node(ROOT) == NODES[ROOT]


def test_equal_nodes_are_kept_once():
    one, other = _pair()
    one.put(NODES, {})
    other.put({key: bytes(bytearray(raw)) for key, raw in NODES.items()}, {})
    assert other.node(LEAF) is one.node(LEAF)
    assert len(one._pool.nodes) == 2


def test_a_fresh_node_costs_less_than_ten_kilobytes():
    pool = NodePool()
    first = PooledNodes(pool)
    first.put(trie_nodes(*range(1_000)), {})
    for root in trie_nodes(*range(1_000)):
        first.own(root)
    tracemalloc.start()
    nodes = [PooledNodes(pool) for _ in range(100)]
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used + sys.getsizeof(nodes) < 100 * 10_000
