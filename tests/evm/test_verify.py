"""A whole store is found whole, and every changed byte of it is found."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from node.base import rlp
from node.base.block import Block, Withdrawal
from node.base.keccak import keccak256
from node.base.types import EMPTY_TRIE_ROOT, ZERO_HASH
from node.evm.reachable import reachable
from node.evm.trie import list_root
from node.evm.verify import _check_block
from node.storage.chain_data import StoredBlock
from node.storage.findings import Findings
from node.storage.migrations import _FIRST
from node.storage.sqlite_store import FILE_NAME, SqliteLedgerStore
from node.storage.sweep import Sweep
from tests.base.headers import empty_header, frontier_header
from tests.evm.chains import ledger
from tests.evm.stores import chain, copy, identity, verify
from tests.storage.blocks import TWO, tamper

COLUMNS = [
    ("meta", "key"),
    ("meta", "value"),
    ("meta", "crc"),
    *(("header", c) for c in ("hash", "number", "parent", "total_difficulty", "state_root", "rlp")),
    ("body", "hash"),
    ("body", "rlp"),
    ("receipts", "hash"),
    ("receipts", "rlp"),
    *(("certificate", column) for column in ("hash", "data", "crc")),
    ("canonical", "number"),
    ("canonical", "hash"),
    *(("tx", column) for column in ("tx_hash", "number", "position")),
    *(("log", column) for column in ("address", "topic0", "number", "log_index")),
    *(("node_chunk", column) for column in ("id", "data", "crc")),
    *(("node_index", column) for column in ("hash", "chunk", "offset")),
    ("code", "code_hash"),
    ("code", "code"),
    *(("engine_wal", column) for column in ("seq", "entry", "crc")),
]


@pytest.fixture(scope="module")
def book():
    return chain()


@pytest.fixture
def directory(book, tmp_path):
    copy(book, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def lasting(book, tmp_path_factory):
    """A store that each test leaves as it was."""
    directory = tmp_path_factory.mktemp("store")
    copy(book, directory)
    return directory


def test_a_whole_store_has_no_findings(book, directory):
    report = verify(book, directory)
    assert (report.findings, report.is_clean, report.is_cut) == ((), True, False)
    counts = report.counts
    assert (counts["header"], counts["canonical"], counts["state"]) == (6, 5, 5)
    assert (counts["tx"], counts["log"], counts["code"], counts["meta"]) == (5, 2, 2, 8)
    assert counts["node"] == len(book._states._nodes._nodes)
    assert 0 < counts["node_index"] < counts["node"]


def test_a_store_with_the_genesis_only_is_whole(tmp_path):
    book = ledger()
    copy(book, tmp_path)
    assert verify(book, tmp_path).is_clean


def test_every_column_of_every_table_is_among_those_that_are_changed(lasting):
    with closing(sqlite3.connect(lasting / FILE_NAME)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_list")]
        tables = [name for name in names if f"CREATE TABLE {name} " in _FIRST]
        assert len(tables) == 12
        columns = [
            (table, name)
            for table in tables
            for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")
        ]
    assert sorted(columns) == sorted(COLUMNS)


def _changed(value, random):
    """Give a value with one bit changed."""
    if isinstance(value, int):
        return value ^ (1 << random.randrange(31))
    if isinstance(value, str):
        return _changed(value.encode(), random).decode("latin-1")
    if not value:
        return b"\x01"
    raw = bytearray(value)
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(7)
    return bytes(raw)


class Rows:
    """One column of all rows, each with the key that its row is found by."""

    def __init__(self, connection, table, column):
        info = connection.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk")
        self._keys = [name for (name,) in info]
        self._connection, self._column = connection, column
        where = " AND ".join(f'"{name}" = ?' for name in self._keys)
        self._sql = f'UPDATE {table} SET "{column}" = ? WHERE {where}'
        names = ", ".join(f'"{name}"' for name in (column, *self._keys))
        self.all = connection.execute(f"SELECT {names} FROM {table}").fetchall()

    def change(self, old, new, key):
        """Give the key that the row is found by afterwards."""
        assert self._connection.execute(self._sql, (new, *key)).rowcount == 1
        pairs = zip(self._keys, key, strict=True)
        return [new if name == self._column else value for name, value in pairs]


def _unfound(book, directory, place):
    """Change a bit of a column, row by row; give the rows whose table no finding names."""
    random = Random(f"1 {place}")
    table, column = place
    unfound = []
    with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as connection:
        rows = Rows(connection, table, column)
        for old, *key in rows.all:
            new = _changed(old, random)
            moved = rows.change(old, new, key)
            found = {finding.table for finding in verify(book, directory).findings}
            rows.change(new, old, moved)
            if table not in found:
                unfound.append((place, old, new, found))
    return unfound


@pytest.mark.parametrize("place", COLUMNS, ids=".".join)
def test_a_changed_bit_of_any_row_is_reported(book, lasting, place):
    assert _unfound(book, lasting, place) == []
    assert verify(book, lasting).is_clean


@pytest.mark.parametrize(
    "table",
    ["header", "body", "receipts", "canonical", "tx", "log", "node_chunk", "node_index", "code"],
)
def test_a_lost_row_is_reported(book, directory, table):
    """A certificate and the engine's log may be shorter without being wrong."""
    with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        key = connection.execute(f"SELECT * FROM {table} LIMIT 1 OFFSET {count // 2}").fetchone()
        info = connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
        where = " AND ".join(f'"{name}" = ?' for (name,) in info)
        assert connection.execute(f"DELETE FROM {table} WHERE {where}", key).rowcount == 1
    assert verify(book, directory).findings


def _problems(book, directory):
    return [str(finding) for finding in verify(book, directory).findings]


def test_a_finding_names_table_key_and_problem(book, directory):
    tamper(directory, "UPDATE header SET number = 9 WHERE number = 3")
    key = f"0x{book.hash_by_number(3).hex()}"
    assert f"header: {key}: the number is 9, wants 3" in _problems(book, directory)


def test_a_row_too_many_is_reported(book, directory):
    tamper(
        directory,
        f"INSERT INTO tx VALUES (x'{'ee' * 32}', 2, 7)",
        f"INSERT INTO log VALUES (x'{'01' * 20}', x'', 99, 0)",
        f"INSERT INTO body VALUES (x'{'ee' * 32}', x'c0c0')",
    )
    assert _problems(book, directory) == [
        f"tx: 0x{'ee' * 32}: block 2 has no such thing",
        "log: block 99 log 0: block 99 has no such thing",
        f"body: 0x{'ee' * 32}: belongs to no header",
    ]


def test_another_chain_is_reported(book, directory):
    other = ledger()
    problems = [str(finding) for finding in verify(other, directory).findings]
    assert problems[0].startswith("meta: genesis_hash: the value is ")
    assert any("the genesis is" in problem for problem in problems)


def test_a_file_without_tables_is_reported(book, tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("CREATE TABLE guests (name TEXT)")
    (finding,) = verify(book, tmp_path).findings
    assert (finding.table, finding.problem) == ("file", "holds no store of this program")


def test_damaged_pages_are_findings_and_do_not_stop_the_inspection(book, directory):
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = directory / FILE_NAME
    raw = bytearray(path.read_bytes())
    for page in range(2, len(raw) // 8192):
        raw[page * 8192 : page * 8192 + 4] = b"\xff" * 4
    path.write_bytes(raw)
    found = verify(book, directory).findings
    assert {finding.table for finding in found} == {"file"}
    assert len(found) > 1


FLIPS = 300


def test_no_flipped_byte_of_the_file_stops_the_inspection(book, directory):
    """Also in the pages of the schema, in the heads of records and in the head of the file."""
    random, path = Random(4), directory / FILE_NAME
    raw = path.read_bytes()
    used = [at for at, byte in enumerate(raw) if byte]
    schema = [at for at in used if 100 <= at < 8192]
    unfound = []
    for flip in range(FLIPS):
        at = random.choice(used if flip % 3 else schema)
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << random.randrange(8)]) + raw[at + 1 :])
        if verify(book, directory).is_clean:
            unfound.append(at)
    assert [at for at in unfound if at >= 100] == [], "all but the head of the file is compared"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "holds no store of this program"),
        (b"no database at all" * 1_000, "file is not a database"),
    ],
)
def test_what_is_no_store_is_reported_and_left_as_it_is(book, tmp_path, raw, problem):
    path = tmp_path / FILE_NAME
    path.write_bytes(raw)
    report = verify(book, tmp_path)
    assert {(one.table, one.key, one.problem) for one in report.findings} == {
        ("file", str(path), problem)
    }
    assert path.read_bytes() == raw
    assert [found.name for found in tmp_path.iterdir()] == [FILE_NAME]


def test_states_below_the_kept_range_are_not_asked_for(book, tmp_path):
    """Their nodes may be gone; those of the kept ones and of the genesis may not."""
    copy(book, tmp_path, kept_blocks=128)
    with closing(SqliteLedgerStore(tmp_path, identity(book), kept_blocks=128)) as store:
        sweep = Sweep(store._database, store._meta, store.nodes, 3)
        roots = [state.root for state in store.chain.states_from(3)]
        live = reachable(store.nodes, [book.genesis_header.state_root, *roots]).nodes
        while sweep.step(live):
            pass
        assert store.nodes.node(book.header_by_number(1).state_root) is None
    assert verify(book, tmp_path).is_clean


UNCLE = replace(frontier_header(), number=6)
PAID = Withdrawal(1, 2, TWO, 3)


def _foreign(uncles=(UNCLE,), withdrawals=(PAID,)):
    """Give a block whose header names one uncle and one withdrawal."""
    header = replace(
        empty_header(),
        number=7,
        ommers_hash=keccak256(rlp.encode([UNCLE.items()])),
        withdrawals_root=list_root([rlp.encode(PAID.items())]),
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
        receipts_root=EMPTY_TRIE_ROOT,
    )
    block = Block(header, (), uncles, withdrawals)
    return StoredBlock(header.hash(), block, 1, (), ())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"uncles": ()}, "the hash of the uncles is"),
        ({"uncles": (UNCLE, UNCLE)}, "the hash of the uncles is"),
        ({"withdrawals": ()}, "the withdrawals root is"),
        ({"withdrawals": (replace(PAID, amount_gwei=4),)}, "the withdrawals root is"),
    ],
)
def test_uncles_and_withdrawals_are_those_that_the_header_names(changes, problem):
    findings = Findings()
    _check_block(_foreign(**changes), findings)
    problems = [finding.problem for finding in findings.found]
    assert len(problems) == (problem is not None)
    assert all(found.startswith(problem) for found in problems)
