"""Headers, weights and snapshots over the chain and what is on its way into it."""

from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.state import CliqueState
from tests.consensus_poa.chains import VERIFIER, Forge, ascending

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
