"""Headers and weights over the chain and what is on its way into it."""

from dataclasses import replace

from node.base.types import Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.chain_state import ChainState
from tests.consensus_poa.chains import VERIFIER, FakeChain, Forge, ascending

KEYS = ascending(4)
NOWHERE = Hash32(b"\x77" * 32)


def on(forge: Forge) -> BlockTree:
    return BlockTree(forge.chain, VERIFIER, ChainState().imported)


def test_blocks_on_their_way_count_until_they_are_confirmed() -> None:
    forge = Forge(KEYS)
    branches = on(forge)
    headers = [forge.seal(forge.genesis, KEYS[i]) for i in (1, 2, 3)]
    for header in headers:
        branches.add(header.hash(), header, 3)
    assert branches.total_difficulty(headers[2].hash()) == 3
    branches.confirm(headers[1].hash())
    assert [branches.header(h.hash()) is not None for h in headers] == [False, False, True]


def test_confirming_a_foreign_block_forgets_nothing() -> None:
    forge = Forge(KEYS)
    branches = on(forge)
    header = forge.seal(forge.genesis, KEYS[1])
    branches.add(header.hash(), header, 3)
    branches.confirm(NOWHERE)
    assert branches.header(header.hash()) == header


def test_reorg_depth_counts_the_blocks_left_behind() -> None:
    forge = Forge(KEYS)
    trunk = forge.extend(forge.genesis, KEYS[1])
    left = [forge.extend(trunk, KEYS[2])]
    left.append(forge.extend(left[0], KEYS[3]))
    right = [forge.extend(trunk, KEYS[3])]
    right.append(forge.extend(right[0], KEYS[0]))
    right.append(forge.extend(right[1], KEYS[2]))
    branches = on(forge)

    def depth(old: int, new: int) -> int:
        return branches.reorg_depth(left[old], left[old].hash(), right[new], right[new].hash())

    assert [depth(0, 0), depth(1, 0), depth(0, 2), depth(1, 2)] == [1, 2, 1, 2]
    assert branches.reorg_depth(trunk, trunk.hash(), left[1], left[1].hash()) == 0
    assert branches.reorg_depth(trunk, trunk.hash(), trunk, trunk.hash()) == 0


def test_reorg_depth_ends_where_headers_are_missing() -> None:
    forge = Forge(KEYS)
    first = forge.extend(forge.genesis, KEYS[1])
    other = replace(first, parent_hash=NOWHERE)
    assert on(forge).reorg_depth(other, other.hash(), first, first.hash()) == 1


def test_a_chain_without_block_0_has_no_genesis_hash() -> None:
    forge = Forge(KEYS)
    assert on(forge).genesis_hash() == forge.genesis.hash()
    headless = replace(forge.genesis, number=7)
    forge.chain = FakeChain(headless)
    assert on(forge).genesis_hash() is None
