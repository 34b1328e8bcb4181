"""A head that is not whole is refused, or given up for the newest block that is."""

import re
import sqlite3
from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.storage.errors import DamagedStoreError
from node.storage.sqlite_store import FILE_NAME, SqliteLedgerStore
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


FAULTS = [
    (f"DELETE FROM header WHERE hash = x'{HEX}'", "its header is missing"),
    (f"DELETE FROM body WHERE hash = x'{HEX}'", "body: .* missing"),
    (f"DELETE FROM receipts WHERE hash = x'{HEX}'", "receipts: .* missing"),
    (f"UPDATE header SET rlp = x'c0' WHERE hash = x'{HEX}'", "header: "),
    (f"UPDATE body SET rlp = x'00' WHERE hash = x'{HEX}'", "body: "),
    ("DELETE FROM node_chunk WHERE id = 4", "the root of its state is missing"),
    ("UPDATE canonical SET number = 77 WHERE number = 4", "its header says number 4"),
    ("DELETE FROM canonical WHERE number = 4", "it is the head, but the chain ends with block 3"),
]


def _dump(directory):
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize(("sql", "what"), FAULTS)
def test_a_broken_head_is_refused_and_nothing_is_changed(directory, sql, what):
    tamper(directory, sql)
    before = _dump(directory)
    with pytest.raises(DamagedStoreError, match=what) as caught:
        SqliteLedgerStore(directory, IDENTITY)
    assert f"0x{HEX}" in str(caught.value)
    assert caught.value.hint == f"wardnet chain verify {directory}"
    assert _dump(directory) == before


@pytest.mark.parametrize(("sql", "what"), FAULTS)
def test_a_repair_gives_a_broken_head_up_and_tells_it(directory, sql, what):
    tamper(directory, sql)
    with opened(directory, repair=True) as store:
        chain = store.chain
        (broken,) = store.stepped_back
        assert broken.hash == BLOCKS[3].hash
        assert re.search(what, str(broken))
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


def test_a_repaired_root_node_comes_back_with_its_block(directory):
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection, connection:
        sql = "SELECT data FROM node_chunk WHERE id = 4"
        data = bytearray(connection.execute(sql).fetchone()[0])
        data[-1] ^= 1  # the root is the last node of its block
        connection.execute("UPDATE node_chunk SET data = ? WHERE id = 4", (bytes(data),))
    with opened(directory, repair=True) as store:
        assert [broken.number for broken in store.stepped_back] == [4]
        commit(store, BLOCKS[3])
    with opened(directory) as store:
        assert store.chain.head() == BLOCKS[3].hash


def test_a_head_that_is_neither_in_its_place_nor_readable_is_given_up(directory):
    spoil = f"UPDATE header SET rlp = x'c0' WHERE hash = x'{HEX}'"
    tamper(directory, "DELETE FROM canonical WHERE number = 4", spoil)
    with opened(directory, repair=True) as store:
        assert [(broken.number, broken.hash) for broken in store.stepped_back] == [
            (4, BLOCKS[3].hash)
        ]
        assert store.chain.head() == BLOCKS[2].hash


@pytest.mark.parametrize("repair", [False, True])
def test_without_a_whole_block_nothing_is_given_up(directory, repair):
    tamper(directory, "DELETE FROM body", "INSERT INTO body VALUES (x'00', x'00')")
    before = _dump(directory)
    what = "no whole block is left" if repair else f"block 4 0x{HEX}: body: .* missing"
    with pytest.raises(DamagedStoreError, match=what):
        SqliteLedgerStore(directory, IDENTITY, repair=repair)
    assert _dump(directory) == before


GONE = ", ".join(f"x'{stored.hash.hex()}'" for stored in (*BLOCKS[1:], SIDE))


def test_a_repair_goes_back_as_far_as_needed(directory):
    with opened(directory) as store:
        store.chain.set_finalized(1)
    tamper(directory, f"DELETE FROM receipts WHERE hash IN ({GONE})")
    with opened(directory, repair=True) as store:
        assert [broken.number for broken in store.stepped_back] == [4, 3, 2]
        assert store.chain.head() == BLOCKS[0].hash
        assert store.chain.finalized() == 1
        assert store.chain.stored(SIDE.hash) is None
        assert store._database.row("SELECT count(*) FROM body") == (2,)


def test_a_repair_gives_no_final_block_up(directory):
    tamper(directory, f"DELETE FROM receipts WHERE hash IN ({GONE})")
    before = _dump(directory)
    with pytest.raises(DamagedStoreError, match="whole block is 1, below finalized = 3; block 4"):
        SqliteLedgerStore(directory, IDENTITY, repair=True)
    assert _dump(directory) == before


def test_a_repair_does_not_end_at_a_pruned_state(directory):
    with opened(directory) as store:
        store.chain.set_finalized(0)
        store.keep_states_from(2)
    tamper(directory, f"DELETE FROM receipts WHERE hash IN ({GONE})")
    with pytest.raises(DamagedStoreError, match="whole block is 1, below kept_from = 2"):
        SqliteLedgerStore(directory, IDENTITY, repair=True)


def test_the_empty_state_needs_no_root_node(tmp_path):
    with opened(tmp_path) as store:
        fill(store, [])
    with opened(tmp_path) as store:
        assert (store.chain.head(), store.stepped_back) == (GENESIS.hash, ())


def test_a_changed_name_of_the_head_is_refused(directory):
    tamper(directory, "UPDATE meta SET value = x'00' WHERE key = 'head'")
    with pytest.raises(CorruptStoreError, match="meta: head: the value does not fit"):
        SqliteLedgerStore(directory, IDENTITY)
