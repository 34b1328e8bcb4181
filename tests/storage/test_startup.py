"""A head that is not whole is given up for the newest block that is."""

import re

import pytest

from node.base.errors import CorruptStoreError
from node.storage.sqlite_store import SqliteLedgerStore
from tests.storage.blocks import (
    GENESIS,
    IDENTITY,
    ONE,
    block_on,
    chain_of,
    commit,
    fill,
    nodes_of,
    opened,
    tamper,
)

BLOCKS = chain_of(4)
SIDE = block_on(BLOCKS[1], mark=1)
"""A second block 3."""


@pytest.fixture
def directory(tmp_path):
    with opened(tmp_path) as store:
        fill(store, BLOCKS)
        store.chain.put(SIDE)
        store.chain.set_finalized(3)
    return tmp_path


def test_a_whole_head_stays(directory):
    with opened(directory) as store:
        assert store.stepped_back == ()
        assert store.chain.head() == BLOCKS[3].hash


HEX = BLOCKS[3].hash.hex()


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (f"DELETE FROM header WHERE hash = x'{HEX}'", "its header is missing"),
        (f"DELETE FROM body WHERE hash = x'{HEX}'", "body: .* missing"),
        (f"DELETE FROM receipts WHERE hash = x'{HEX}'", "receipts: .* missing"),
        (f"UPDATE header SET rlp = x'c0' WHERE hash = x'{HEX}'", "header: "),
        (f"UPDATE body SET rlp = x'00' WHERE hash = x'{HEX}'", "body: "),
        ("DELETE FROM node_chunk WHERE id = 4", "the root of its state is missing"),
        ("UPDATE canonical SET number = 77 WHERE number = 4", "its header says number 4"),
    ],
)
def test_a_broken_head_is_given_up_and_told(directory, sql, what):
    tamper(directory, sql)
    with opened(directory) as store:
        chain = store.chain
        (broken,) = store.stepped_back
        assert broken.hash == BLOCKS[3].hash
        assert re.search(what, broken.what)
        assert chain.head() == BLOCKS[2].hash
        assert (chain.canonical(4), chain.canonical(77)) == (None, None)
        assert chain.place(BLOCKS[3].transaction_hashes[0]) is None
        assert chain.blocks_with_logs((ONE,), (), 0, 99) == [1, 2, 3]
        assert chain.stored(BLOCKS[3].hash) is None
        assert chain.finalized() == 3
        commit(store, BLOCKS[3])
    with opened(directory) as store:
        assert store.stepped_back == ()
        assert store.chain.stored(BLOCKS[3].hash) == BLOCKS[3]
        assert store.nodes.node(next(iter(nodes_of(BLOCKS[3])))) is not None


def test_several_broken_blocks_are_given_up_newest_first(directory):
    tamper(directory, "DELETE FROM body", "INSERT INTO body VALUES (x'00', x'00')")
    with pytest.raises(CorruptStoreError, match="canonical: no complete block is left"):
        SqliteLedgerStore(directory, IDENTITY)


def test_the_way_back_goes_as_far_as_needed(directory):
    gone = ", ".join(f"x'{stored.hash.hex()}'" for stored in (*BLOCKS[1:], SIDE))
    tamper(directory, f"DELETE FROM receipts WHERE hash IN ({gone})")
    with opened(directory) as store:
        assert [broken.number for broken in store.stepped_back] == [4, 3, 2]
        assert store.chain.head() == BLOCKS[0].hash
        assert store.chain.finalized() == 1
        assert store.chain.stored(SIDE.hash) is None
        assert store._database.row("SELECT count(*) FROM body") == (2,)


def test_a_head_without_its_place_in_the_chain_is_taken_down(directory):
    tamper(directory, "DELETE FROM canonical WHERE number = 4")
    with opened(directory) as store:
        assert store.chain.head() == BLOCKS[2].hash
        assert store.chain.stored(BLOCKS[3].hash) is None


def test_the_empty_state_needs_no_root_node(tmp_path):
    with opened(tmp_path) as store:
        fill(store, [])
    with opened(tmp_path) as store:
        assert (store.chain.head(), store.stepped_back) == (GENESIS.hash, ())


def test_a_changed_name_of_the_head_is_refused(directory):
    tamper(directory, "UPDATE meta SET value = x'00' WHERE key = 'head'")
    with pytest.raises(CorruptStoreError, match="meta: head: the value does not fit"):
        SqliteLedgerStore(directory, IDENTITY)
