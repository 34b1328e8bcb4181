"""Tables in memory and on disk, given the same moves, tell the same; so does a reopened file."""

from contextlib import closing
from random import Random

import pytest

from node.storage.chain_data import MemoryChainData
from node.storage.integrity import Inspection
from tests.storage.blocks import (
    BLUE,
    GENESIS,
    IDENTITY,
    ONE,
    RED,
    TWO,
    block_on,
    nodes_of,
    opened,
    transaction,
    trie_nodes,
)

STEPS = 150


class Twins:
    """Two stores, and the moves that a ledger would make."""

    def __init__(self, store, memory, random):
        self.store, self.disk, self.memory, self.random = store, store.chain, memory, random

    def both(self, name, *words):
        one, other = (getattr(chain, name)(*words) for chain in (self.memory, self.disk))
        assert (one and list(one) if name == "prune_branches" else one) == other, name
        return one

    def put(self, stored):
        with self.store.batch():
            self.store.nodes.put(nodes_of(stored, 1), {})
            self.both("put", stored)

    def step(self, known):
        parent = self.random.choice(known[-12:])
        if self.memory.stored(parent.hash) is None:
            return
        number, mark = parent.block.header.number + 1, self.random.randrange(4)
        logs = [
            (self.random.choice([ONE, TWO]), self.random.choice([RED, BLUE, None]))
            for _ in range(self.random.randrange(4))
        ]
        root = next(iter(trie_nodes(f"root {mark}/{number}")))
        raws = [transaction(f"{number}/{i}") for i in range(self.random.randrange(1, 4))]
        stored = block_on(parent, raws, logs, mark=mark, root=root)
        known.append(stored)
        self.put(stored)
        if self.random.randrange(3):
            self.go_to(stored)

    def go_to(self, target):
        added, removed = [], []
        while self.memory.canonical(target.block.header.number) != target.hash:
            added.append(target.hash)
            target = self.memory.stored(target.block.header.parent_hash)
        gone = self.memory.head()
        while gone != target.hash:
            removed.append(gone)
            gone = self.memory.header(gone).parent_hash
        self.both("move_head", removed, added[::-1])
        head = self.memory.header(self.memory.head()).number
        self.both("prune_branches", max(0, head - 6))
        self.both("set_finalized", max(0, head - 9))

    def fail(self, known):
        """A batch that raises leaves the file as it was."""
        with pytest.raises(KeyError):
            self._put_and_fail(block_on(known[-1], [transaction("lost")], mark=200))

    def _put_and_fail(self, stored):
        with self.store.batch():
            self.disk.put(stored)
            self.store.nodes.put(trie_nodes("lost"), {})
            self.disk.set_finalized(10**6)
            raise KeyError

    def compare(self, known):
        for name in ("head", "finalized"):
            self.both(name)
        for number in range(STEPS):
            self.both("canonical", number)
            assert list(self.memory.hashes_at(number)) == list(self.disk.hashes_at(number))
        for stored in known:
            self.both("stored", stored.hash)
            self.both("header", stored.hash)
            for transaction_hash in stored.transaction_hashes:
                self.both("place", transaction_hash)
        assert list(self.memory.states_from(3)) == list(self.disk.states_from(3))
        for addresses in ((), (ONE,), (ONE, TWO)):
            for topics in ((), (RED,), (RED, BLUE)):
                self.both("blocks_with_logs", addresses, topics, 0, STEPS)


@pytest.mark.parametrize("seed", range(6))
def test_any_moves_leave_equal_tables_and_a_whole_file(tmp_path, seed):
    random, memory, known = Random(seed), MemoryChainData(), [GENESIS]
    for _ in range(5):
        with opened(tmp_path) as store:
            assert store.stepped_back == ()
            twins = Twins(store, memory, random)
            if memory.head() is None:
                twins.put(GENESIS)
                twins.both("move_head", (), (GENESIS.hash,))
            else:
                twins.compare(known)
            with store.batch():
                for _ in range(STEPS // 5):
                    twins.step(known)
            twins.fail(known)
            twins.compare(known)
    with closing(Inspection(tmp_path)) as inspection:
        assert inspection.check_file()
        inspection.check_meta(IDENTITY)
        assert sum(1 for _ in inspection.blocks()) > 20
        inspection.nodes().check()
        assert inspection.findings.found == []
