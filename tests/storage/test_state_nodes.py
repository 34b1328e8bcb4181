"""What every ``StateNodes`` does, in memory and on disk."""

import pytest

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.storage.state_nodes import MemoryStateNodes
from tests.storage.blocks import opened

KEY, CODE_KEY, OTHER = keccak256(b"node"), keccak256(b"code"), Hash32(b"\x02" * 32)


@pytest.fixture(params=["memory", "disk"])
def nodes(request, tmp_path):
    if request.param == "memory":
        yield MemoryStateNodes()
    else:
        with opened(tmp_path) as store:
            yield store.nodes


def test_nodes_and_code_are_kept_apart(nodes):
    nodes.put({KEY: b"node"}, {CODE_KEY: b"code"})
    assert (nodes.node(KEY), nodes.code(CODE_KEY)) == (b"node", b"code")
    assert (nodes.node(CODE_KEY), nodes.code(KEY)) == (None, None)
    assert (nodes.node(OTHER), nodes.code(OTHER)) == (None, None)


def test_what_is_put_twice_is_found(nodes):
    for _ in range(2):
        nodes.put({KEY: b"node"}, {CODE_KEY: b"code"})
    assert (nodes.node(KEY), nodes.code(CODE_KEY)) == (b"node", b"code")


def test_putting_nothing_changes_nothing(nodes):
    nodes.put({}, {})
    assert nodes.node(KEY) is None


def test_memory_keeps_one_of_what_is_put_twice():
    nodes = MemoryStateNodes()
    assert len(nodes) == 0
    for _ in range(2):
        nodes.put({KEY: b"node"}, {})
    assert len(nodes) == 1
