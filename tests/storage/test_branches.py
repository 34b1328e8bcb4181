from collections import defaultdict

import pytest

from node.storage.branches import fading
from tests.storage.blocks import GENESIS, chain_of


class Tables:
    def __init__(self, chain, *branches):
        self._chain = {stored.block.header.number: stored.hash for stored in chain}
        self._all = {s.hash: s.block.header for blocks in (chain, *branches) for s in blocks}

    def header(self, block_hash):
        return self._all.get(block_hash)

    def canonical(self, number):
        return self._chain.get(number)

    def hashes_at(self, number):
        at = defaultdict(list)
        for block_hash, header in self._all.items():
            at[header.number].append(block_hash)
        return at[number]


CHAIN = [GENESIS, *chain_of(6)]
SIDE = chain_of(3, CHAIN[1], mark=1)
"""Blocks 2, 3 and 4."""
FORK = chain_of(1, SIDE[0], mark=2)
"""A second block 3 on the side branch."""


def _hashes(*blocks):
    return [stored.hash for stored in blocks]


def test_a_chain_without_branches_loses_nothing():
    assert fading(Tables(CHAIN), 0, 5) == ([], 5)


def test_the_newest_block_of_a_branch_decides():
    assert fading(Tables(CHAIN, SIDE), 0, 4) == ([], 2)
    assert fading(Tables(CHAIN, SIDE), 0, 5) == (_hashes(*reversed(SIDE)), 5)


def test_a_fork_of_a_branch_goes_alone():
    assert fading(Tables(CHAIN, SIDE, FORK), 2, 4) == (_hashes(*FORK), 2)


def test_a_shared_root_stays_as_long_as_one_of_its_branches():
    tables = Tables(CHAIN, SIDE[:1], FORK, chain_of(3, FORK[0], mark=2))
    assert fading(tables, 0, 5) == ([], 2)


@pytest.mark.parametrize(("first", "below"), [(0, 0), (5, 5), (7, 3)])
def test_an_empty_range_is_not_looked_at(first, below):
    assert fading(Tables(CHAIN, SIDE), first, below) == ([], max(first, below))
