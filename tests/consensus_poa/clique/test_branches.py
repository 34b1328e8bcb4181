"""Headers, weights and snapshots over the chain and what is on its way into it."""

from dataclasses import replace

from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.state import CliqueState
from tests.consensus_poa.chains import VERIFIER, FakeChain, Forge, ascending

KEYS = ascending(4)
NOWHERE = Hash32(b"\x77" * 32)


def on(forge: Forge) -> Branches:
    return Branches(forge.chain, VERIFIER, forge.options, CliqueState().imported)


def test_genesis_gives_the_first_snapshot() -> None:
    forge = Forge(KEYS)
    found = on(forge).snapshot(forge.genesis.hash())
    assert found is not None
    assert found.signers == tuple(k.address for k in KEYS)


def test_an_unknown_block_has_no_snapshot_header_or_weight() -> None:
    branches = on(Forge(KEYS))
    assert branches.snapshot(NOWHERE) is None
    assert branches.header(NOWHERE) is None
    assert branches.total_difficulty(NOWHERE) is None


def test_a_genesis_without_whole_addresses_has_no_snapshot() -> None:
    forge = Forge(KEYS, extra_data=bytes(98))
    assert on(forge).snapshot(forge.genesis.hash()) is None


def test_a_long_chain_gives_one_snapshot_with_and_without_the_cache() -> None:
    forge = Forge(KEYS, CliqueOptions(epoch=50))
    head = forge.genesis
    warm = on(forge)
    for number in range(1, SNAPSHOTS_COUNT_MAX + 20):
        head = forge.extend(head, KEYS[number % 4])
        warm.snapshot(head.hash())
    assert on(forge).snapshot(head.hash()) == warm.snapshot(head.hash())
    assert warm.snapshot(forge.genesis.hash()) is not None


def test_a_chain_that_breaks_the_voting_rule_has_no_snapshot() -> None:
    forge = Forge(KEYS)
    first = forge.extend(forge.genesis, KEYS[1])
    again = forge.extend(first, KEYS[1])
    assert on(forge).snapshot(again.hash()) is None


def test_a_stored_block_without_a_seal_has_no_snapshot() -> None:
    forge = Forge(KEYS)
    bare = forge.unsealed(forge.genesis, KEYS[1])
    forge.chain.add(bare)
    assert on(forge).snapshot(bare.hash()) is None


def test_a_stored_snapshot_spares_the_headers_below_it() -> None:
    forge = Forge(KEYS)
    first = forge.extend(forge.genesis, KEYS[1])
    second = forge.extend(first, KEYS[2])
    known = on(forge).snapshot(first.hash())
    assert known is not None
    del forge.chain.headers[first.hash()]
    blind = on(forge)
    assert blind.snapshot(second.hash()) is None
    blind.keep_stored(first.hash(), known)
    assert blind.snapshot(second.hash()) is not None


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
