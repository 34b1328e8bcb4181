"""What every ``ChainData`` does, in memory and on disk."""

from dataclasses import replace

import pytest

from node.storage.chain_data import MemoryChainData, Place, StateAt
from node.storage.log_keys import log_keys
from tests.storage.blocks import BLUE, GENESIS, ONE, RED, TWO, block_on, chain_of, opened
from tests.storage.blocks import transaction as tx

LEFT = block_on(GENESIS, [tx(1), tx(2)], [(ONE, RED), (TWO, None)])
RIGHT = block_on(GENESIS, [tx(2)], [(ONE, BLUE)], mark=1)
TIP = block_on(RIGHT, [tx(1)], [(TWO, RED)])
TX, OTHER = LEFT.transaction_hashes


@pytest.fixture(params=["memory", "disk"])
def empty(request, tmp_path):
    if request.param == "memory":
        yield MemoryChainData()
    else:
        with opened(tmp_path) as store:
            yield store.chain


@pytest.fixture
def tables(empty):
    """A root with two children, the left one on the chain."""
    for stored in (GENESIS, LEFT, RIGHT, TIP):
        empty.put(stored)
    empty.move_head((), (GENESIS.hash, LEFT.hash))
    return empty


def test_a_new_store_has_no_head(empty):
    assert empty.head() is None
    assert (empty.canonical(0), empty.stored(LEFT.hash), empty.place(TX)) == (None, None, None)
    assert (empty.header(LEFT.hash), empty.finalized()) == (None, 0)
    assert list(empty.hashes_at(0)) == []
    assert list(empty.blocks_with_logs((), (), 0, 9)) == []


def test_putting_a_block_does_not_move_the_head(tables):
    assert tables.head() == LEFT.hash
    assert tables.stored(TIP.hash) is not None
    assert tables.canonical(2) is None


def test_a_block_put_twice_stays_as_it_is(tables):
    tables.put(replace(LEFT, total_difficulty=7))
    assert tables.stored(LEFT.hash) == LEFT
    assert list(tables.hashes_at(1)) == sorted([LEFT.hash, RIGHT.hash])


def test_a_header_is_found_without_its_block(tables):
    assert tables.header(TIP.hash) == TIP.block.header


@pytest.mark.parametrize("number", [-1, 3, 2**63 - 1, 2**63, 2**64 - 1, 2**256])
def test_any_number_may_be_asked_for(tables, number):
    assert tables.canonical(number) is None
    assert list(tables.hashes_at(number)) == []


def test_transactions_have_places_in_the_chain_only(tables):
    assert tables.place(TX) == Place(LEFT.hash, 1, 0)
    assert tables.place(OTHER) == (LEFT.hash, 1, 1)


def test_a_move_to_another_branch_renumbers_all(tables):
    tables.move_head([LEFT.hash], [RIGHT.hash, TIP.hash])
    assert tables.head() == TIP.hash
    chain = [tables.canonical(number) for number in range(4)]
    assert chain == [GENESIS.hash, RIGHT.hash, TIP.hash, None]
    assert tables.place(TX) == Place(TIP.hash, 2, 0)
    assert tables.place(OTHER) == Place(RIGHT.hash, 1, 0)


def test_a_move_back_leaves_the_parent_as_head(tables):
    tables.move_head([LEFT.hash], [])
    assert tables.head() == GENESIS.hash
    assert tables.canonical(1) is None
    assert tables.place(TX) is None


def test_a_removed_block_stays_stored(tables):
    tables.move_head([LEFT.hash], [])
    assert tables.stored(LEFT.hash) is not None


@pytest.mark.parametrize(
    ("addresses", "topics", "left", "right"),
    [
        ((), (), [1], [1, 2]),
        ((ONE,), (), [1], [1]),
        ((TWO,), (), [1], [2]),
        ((ONE, TWO), (), [1], [1, 2]),
        ((), (RED,), [1], [2]),
        ((), (RED, BLUE), [1], [1, 2]),
        ((ONE,), (BLUE,), [], [1]),
        ((TWO,), (RED,), [], [2]),
        ((ONE, TWO), (RED, BLUE), [1], [1, 2]),
        ((TWO,), (BLUE,), [], []),
    ],
)
def test_logs_are_found_by_address_and_first_topic(tables, addresses, topics, left, right):
    assert list(tables.blocks_with_logs(addresses, topics, 0, 5)) == left
    assert list(tables.blocks_with_logs(addresses, topics, 0, 1_000_000)) == left
    tables.move_head([LEFT.hash], [RIGHT.hash, TIP.hash])
    assert list(tables.blocks_with_logs(addresses, topics, 0, 5)) == right
    assert list(tables.blocks_with_logs(addresses, topics, 0, 1_000_000)) == right


def test_both_ends_of_a_range_of_logs_belong_to_it(tables):
    tables.move_head([LEFT.hash], [RIGHT.hash, TIP.hash])
    ranges = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 9), (3, 9)]
    found = [list(tables.blocks_with_logs((), (), *ends)) for ends in ranges]
    assert found == [[], [1], [1], [1, 2], [2], [2], []]


def test_log_keys_that_are_given_are_those_of_the_receipts(tables):
    assert LEFT.keys_of_logs() == log_keys(LEFT.receipts) == ((ONE, RED), (TWO, None))
    assert replace(LEFT, log_keys=((TWO, BLUE),)).keys_of_logs() == ((TWO, BLUE),)


def test_the_states_of_all_branches_are_listed(tables):
    both = sorted((LEFT, RIGHT), key=lambda stored: stored.hash)
    found = [StateAt(b.block.header.number, b.hash, b.block.header.state_root) for b in both]
    assert list(tables.states_from(1))[:2] == found
    assert [state.block_hash for state in tables.states_from(2)] == [TIP.hash]
    assert len(tables.states_from(0)) == 4


def test_the_finalized_number_is_remembered(tables):
    tables.set_finalized(1)
    assert tables.finalized() == 1


def _branches(tables):
    """A chain of eight blocks; beside it one of two on block 1 and one of five on block 2."""
    chain = chain_of(8)
    short = chain_of(2, chain[0], mark=1)
    long = chain_of(5, chain[1], mark=2)
    for stored in (GENESIS, *chain, *short, *long):
        tables.put(stored)
    tables.move_head((), [GENESIS.hash, *(stored.hash for stored in chain)])
    return chain, short, long


@pytest.mark.parametrize(
    ("below", "shorts", "longs"),
    [(2, 2, 5), (3, 2, 5), (4, 0, 5), (7, 0, 5), (8, 0, 0), (9, 0, 0)],
)
def test_a_branch_goes_as_a_whole_when_it_ends_below(empty, below, shorts, longs):
    """The short one ends with block 3, the long one with block 7."""
    chain, short, long = _branches(empty)
    gone = list(empty.prune_branches(below))
    kept = [[s.hash for s in branch if empty.stored(s.hash)] for branch in (short, long)]
    assert [len(branch) for branch in kept] == [shorts, longs]
    assert sorted(gone) == sorted({s.hash for s in short + long} - {*kept[0], *kept[1]})
    assert all(empty.stored(stored.hash) for stored in chain)
    assert all(empty.header(block_hash) is None for block_hash in gone)


def test_branches_are_pruned_again_and_again(empty):
    _, short, long = _branches(empty)
    gone = [len(empty.prune_branches(below)) for below in (3, 4, 4, 6, 8, 8)]
    assert gone == [0, 2, 0, 0, 5, 0]
    empty.put(short[0])  # a late copy of an old block
    assert list(empty.prune_branches(8)) == [short[0].hash]
    assert empty.stored(long[-1].hash) is None


def test_blocks_that_left_the_chain_are_pruned_like_any_branch(empty):
    chain, _, _ = _branches(empty)
    empty.prune_branches(8)
    empty.move_head([chain[n].hash for n in (7, 6, 5)], [])
    other = chain_of(4, chain[4], mark=9)
    for stored in other:
        empty.put(stored)
    empty.move_head((), [stored.hash for stored in other])
    assert list(empty.prune_branches(9)) == [chain[n].hash for n in (7, 6, 5)]
