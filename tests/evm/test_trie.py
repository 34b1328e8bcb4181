"""Our trie against trie.HexaryTrie, which hashes at every edit."""

import random

import pytest
import rlp as pyrlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from node.base.types import EMPTY_TRIE_ROOT
from node.evm.errors import MissingStateError
from node.evm.trie import Trie, list_root
from node.evm.trie_nodes import NodeCache


class Store:
    """A trie over a dict, reopened whenever a test likes."""

    def __init__(self, nodes_max=1000):
        self.nodes = {}
        self.nodes_max = nodes_max
        self.trie = self.open(EMPTY_TRIE_ROOT)

    def open(self, root):
        return Trie(NodeCache(self.nodes.get, self.nodes_max), root)

    def commit(self):
        out = {}
        root = self.trie.commit(out)
        self.nodes.update(out)
        return root


def _walk(seed, key_bytes, steps):
    """Edit both tries at random; give the roots and the contents at each commit."""
    rng = random.Random(seed)
    ours, judge, model = Store(nodes_max=rng.choice([4, 1000])), HexaryTrie({}), {}
    keys = [rng.randbytes(key_bytes) for _ in range(200)]
    for step in range(steps):
        key = rng.choice(keys)
        if rng.random() < 0.55:
            value = rng.randbytes(rng.choice([1, 2, 20, 33, 70]))
            ours.trie.set(key, value)
            judge[key] = value
            model[key] = value
        else:
            ours.trie.delete(key)
            if key in model:
                del judge[key]
                del model[key]
        if step % 23 == 0:
            root = ours.commit()
            yield ours, judge, root, dict(model), keys
            if rng.random() < 0.5:
                ours.trie = ours.open(root)


@pytest.mark.parametrize("key_bytes", [1, 2, 3, 32])
def test_random_edits_give_the_roots_of_the_judge(key_bytes):
    for _, judge, root, _, _ in _walk(key_bytes, key_bytes, 1500):
        assert root == judge.root_hash


@pytest.mark.slow
@pytest.mark.parametrize("key_bytes", [1, 2, 3, 32])
def test_25000_random_edits_give_roots_and_proofs_of_the_judge_and_end_empty(key_bytes):
    """Four times 25,000; now and then proofs, and at the end old roots and the way to nothing."""
    history = []
    for count, (ours, judge, root, model, keys) in enumerate(
        _walk(100 + key_bytes, key_bytes, 25_000)
    ):
        assert root == judge.root_hash
        if count % 40 == 0:
            history.append((root, model))
            for key in keys[:4]:
                proof = [pyrlp.decode(raw) for raw in ours.open(root).proof(key)]
                if model:
                    assert HexaryTrie.get_from_proof(root, key, proof) == model.get(key, b"")
        store, all_keys = ours, keys
    assert len(history) > 25
    for root, model in history:
        trie = store.open(root)
        assert all(trie.get(key) == model.get(key) for key in all_keys)
    trie = store.open(root)
    for key in all_keys:
        trie.delete(key)
    assert trie.commit({}) == EMPTY_TRIE_ROOT


@pytest.mark.parametrize("key_bytes", [1, 32])
def test_old_roots_stay_readable_from_the_store_alone(key_bytes):
    history = []
    for ours, _, root, model, keys in _walk(7, key_bytes, 400):
        history.append((root, model))
        store, all_keys = ours, keys
    for root, model in history[::3]:
        trie = store.open(root)
        assert {key: trie.get(key) for key in all_keys} == {key: model.get(key) for key in all_keys}


@pytest.mark.parametrize("key_bytes", [1, 2, 32])
def test_proofs_of_values_and_of_absence_hold_for_the_judge(key_bytes):
    for ours, _, root, model, keys in _walk(11, key_bytes, 300):
        if not model:
            continue
        for key in [*keys[:5], b"\xff" * key_bytes]:
            proof = [pyrlp.decode(raw) for raw in ours.open(root).proof(key)]
            assert HexaryTrie.get_from_proof(root, key, proof) == model.get(key, b"")


def test_a_proof_in_an_empty_trie_is_empty():
    assert Store().trie.proof(b"k") == []


def test_deleting_everything_ends_at_the_empty_root():
    store = Store()
    keys = [bytes([n]) * 32 for n in range(50)]
    for key in keys:
        store.trie.set(key, key)
    assert store.commit() != EMPTY_TRIE_ROOT
    for key in keys:
        store.trie.delete(key)
    assert store.commit() == EMPTY_TRIE_ROOT


def test_an_empty_value_deletes():
    store = Store()
    store.trie.set(b"k", b"v")
    store.trie.set(b"k", b"")
    assert store.trie.get(b"k") is None
    assert store.commit() == EMPTY_TRIE_ROOT


def test_deleting_an_absent_key_changes_nothing():
    store = Store()
    store.trie.set(b"key", b"v" * 40)
    root = store.commit()
    store.trie.delete(b"other")
    store.trie.delete(b"ke")
    store.trie.delete(b"keyy")
    out = {}
    assert store.trie.commit(out) == root
    assert out == {}


def test_setting_equal_values_writes_no_node():
    store = Store()
    for n in range(100):
        store.trie.set(bytes([n]) * 32, b"v" * 40)
    root = store.commit()
    store.trie = store.open(root)
    for n in range(100):
        store.trie.set(bytes([n]) * 32, b"v" * 40)
    out = {}
    assert store.trie.commit(out) == root
    assert out == {}


def test_a_batch_that_is_dropped_leaves_the_old_root_as_it_was():
    store = Store()
    for n in range(30):
        store.trie.set(bytes([n]) * 32, b"old" * 20)
    root = store.commit()
    cache = NodeCache(store.nodes.get, 1000)
    failed = Trie(cache, root)
    for n in range(30):
        failed.set(bytes([n]) * 32, b"new" * 20)
    failed.delete(bytes([3]) * 32)
    failed.commit({})
    assert Trie(cache, root).get(bytes([3]) * 32) == b"old" * 20
    assert Trie(cache, root).commit({}) == root


def test_two_commits_in_a_row_give_one_root():
    store = Store()
    store.trie.set(b"a", b"1")
    assert store.commit() == store.commit()


def test_a_root_that_is_not_stored_is_missing_state():
    with pytest.raises(MissingStateError):
        Store().open(b"\x01" * 32)


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=300))
def test_the_root_of_a_list_is_that_of_the_judge(items):
    judge = HexaryTrie({})
    for index, item in enumerate(items):
        judge[pyrlp.encode(index)] = item
    assert list_root(items) == judge.root_hash


def test_the_root_of_an_empty_list_is_the_empty_root():
    assert list_root([]) == EMPTY_TRIE_ROOT
