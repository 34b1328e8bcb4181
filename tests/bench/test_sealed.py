from itertools import pairwise

from node.base.types import ZERO_ADDRESS
from node.bench import sealed
from node.consensus_poa.qbft.messages import Commit, Prepare, decode


def test_keys_ascend_and_are_the_same_every_time() -> None:
    addresses = [key.address for key in sealed.signers(5)]
    assert addresses == sorted(set(addresses)) == [key.address for key in sealed.signers(5)]


def test_clique_headers_are_linked_and_in_turn() -> None:
    chain = sealed.clique_chain(sealed.signers(3), 7)
    assert [header.number for header in chain] == list(range(8))
    assert all(b.parent_hash == a.hash() for a, b in pairwise(chain))
    assert {header.difficulty for header in chain[1:]} == {2}
    assert {header.base_fee for header in chain} == {None}


def test_qbft_block_names_its_leader() -> None:
    keys = sealed.signers(4)
    block = sealed.qbft_block(sealed.qbft_genesis(), keys)
    assert block.coinbase == keys[0].address != ZERO_ADDRESS


def test_every_voter_prepares_and_commits_to_one_digest() -> None:
    keys = sealed.signers(4)
    votes = [decode(raw) for raw in sealed.qbft_votes(sealed.qbft_genesis(), keys, keys[1:])]
    assert [type(vote) for vote in votes] == [Prepare] * 3 + [Commit] * 3
    assert len({vote.digest for vote in votes if isinstance(vote, Prepare | Commit)}) == 1


def test_header_table_knows_numbers_and_weights() -> None:
    chain = sealed.clique_chain(sealed.signers(3), 2)
    table = sealed.HeaderTable(chain[0], ())
    for header in chain[1:]:
        table.add(header)
    assert table.header_by_number(2) == table.header_by_hash(chain[2].hash()) == chain[2]
    assert table.header_by_number(3) is None
    assert table.total_difficulty(chain[2].hash()) == 1 + 2 + 2
