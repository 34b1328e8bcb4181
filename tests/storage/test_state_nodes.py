from node.base.types import Hash32
from node.storage.state_nodes import MemoryStateNodes

KEY, OTHER = Hash32(b"\x01" * 32), Hash32(b"\x02" * 32)


def test_nodes_and_code_are_kept_apart():
    store = MemoryStateNodes()
    store.put({KEY: b"node"}, {KEY: b"code"})
    assert (store.node(KEY), store.code(KEY)) == (b"node", b"code")
    assert (store.node(OTHER), store.code(OTHER)) == (None, None)


def test_putting_twice_keeps_one():
    store = MemoryStateNodes()
    for _ in range(2):
        store.put({KEY: b"node"}, {})
    assert len(store) == 1


def test_a_new_store_is_empty():
    assert len(MemoryStateNodes()) == 0
