"""What a store can judge by itself; single bytes are ``tests/evm/test_verify.py``'s."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from os import geteuid

import pytest

from node.storage.errors import StoreFailedError, StoreLockedError
from node.storage.integrity import Inspection
from node.storage.sqlite_store import FILE_NAME
from tests.storage.blocks import GENESIS, IDENTITY, chain_of, commit, fill, opened, tamper

BLOCKS = chain_of(4)
SIDE = chain_of(2, BLOCKS[0], mark=1)


@pytest.fixture
def directory(tmp_path):
    with opened(tmp_path) as store:
        fill(store, BLOCKS)
        for stored in SIDE:
            store.chain.put(stored)
    return tmp_path


def _inspect(directory, identity=IDENTITY):
    with closing(Inspection(directory)) as inspection:
        assert inspection.check_file()
        inspection.check_meta(identity)
        blocks = list(inspection.blocks())
        inspection.nodes().check()
        inspection.check_engine_log()
        return [str(finding) for finding in inspection.findings.found], blocks


def test_a_whole_store_gives_all_its_blocks_by_number(directory):
    findings, blocks = _inspect(directory)
    assert findings == []
    assert {stored.hash for stored, is_canonical in blocks if is_canonical} == {
        stored.hash for stored in (GENESIS, *BLOCKS)
    }
    assert [stored.block.header.number for stored, _ in blocks] == [0, 1, 2, 2, 3, 3, 4]


def test_an_open_store_is_not_inspected(directory):
    with opened(directory), pytest.raises(StoreLockedError):
        Inspection(directory)


def test_an_inspection_changes_nothing(directory):
    tamper(directory, "DELETE FROM body WHERE hash IN (SELECT hash FROM header WHERE number = 4)")
    before = _inspect(directory)
    assert before == _inspect(directory)
    assert len(before[0]) > 0


def _files(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_an_inspection_writes_nothing(directory):
    before = _files(directory)
    assert _inspect(directory)[0] == []
    assert _files(directory) == before


def test_the_log_of_a_store_that_was_not_closed_is_read_and_stays(directory, tmp_path_factory):
    left = tmp_path_factory.mktemp("left")
    with opened(directory) as store:
        commit(store, *chain_of(1, BLOCKS[-1]))
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            shutil.copy(directory / name, left / name)
    before = _files(left)
    for _ in range(2):
        findings, blocks = _inspect(left)
        assert (findings, len(blocks)) == ([], 8)
    assert {name: raw for name, raw in _files(left).items() if name in before} == before


def test_a_log_that_cannot_be_read_is_told(directory, tmp_path_factory):
    """SQLite wants a file for the index of the log; a medium that takes none is stood in for."""
    left = tmp_path_factory.mktemp("left")
    with opened(directory) as store:
        commit(store, *chain_of(1, BLOCKS[-1]))
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            shutil.copy(directory / name, left / name)
    (left / f"{FILE_NAME}-shm").symlink_to(left / "nowhere" / "file")
    with closing(Inspection(left)) as inspection:
        assert inspection.check_file()
        (finding,) = inspection.findings.found
    assert (finding.table, finding.key) == ("file", str(left / f"{FILE_NAME}-wal"))
    assert "cannot be read where nothing can be written" in finding.problem


@pytest.mark.skipif(geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_inspected(directory):
    for path in (*directory.iterdir(), directory):
        path.chmod(0o555)
    try:
        assert _inspect(directory)[0] == []
    finally:
        directory.chmod(0o755)


def test_two_may_inspect_at_once(directory):
    with closing(Inspection(directory)):
        assert _inspect(directory)[0] == []


def test_nobody_writes_a_store_that_is_inspected(directory):
    with closing(Inspection(directory)), pytest.raises(StoreLockedError):
        opened(directory).__enter__()


def test_a_store_that_is_not_there_cannot_be_inspected(tmp_path):
    with pytest.raises(StoreFailedError, match="unable to open"):
        Inspection(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_value_of_another_type_is_named(directory):
    """SQLite looks at the types of its own tables when it writes, not when it reads."""
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection, connection:
        connection.execute("PRAGMA writable_schema = 1")
        sql = "UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'body'"
        assert connection.execute(sql).rowcount == 1
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE body SET rlp = 7")
    findings, blocks = _inspect(directory)
    assert f"file: {directory / FILE_NAME}: the table body is not as it was made" in findings
    assert f"body: {_hex(GENESIS)}: no bytes" in findings
    assert blocks == []


def _hex(stored):
    return f"0x{stored.hash.hex()}"


def test_a_broken_link_is_named(directory):
    tamper(directory, f"DELETE FROM header WHERE hash = x'{SIDE[0].hash.hex()}'")
    findings, _ = _inspect(directory)
    assert f"header: {_hex(SIDE[1])}: the parent {_hex(SIDE[0])} is missing" in findings
    assert f"body: {_hex(SIDE[0])}: belongs to no header" in findings


def test_another_identity_is_named(directory):
    findings, _ = _inspect(directory, replace(IDENTITY, chain_id=5))
    assert findings == ["meta: chain_id: the value is 1337, wants 5"]


@pytest.mark.parametrize("key", ["schema", "chain_id", "genesis_hash", "profile", "mode", "head"])
def test_a_missing_value_is_named(directory, key):
    tamper(directory, f"DELETE FROM meta WHERE key = '{key}'")
    findings, _ = _inspect(directory)
    assert any(finding.startswith(f"meta: {key}: ") for finding in findings)


def test_the_kept_range_is_read_from_the_store(directory):
    with closing(Inspection(directory)) as inspection:
        inspection.check_meta(IDENTITY)
        assert inspection.kept_from() == 0
        inspection.meta["kept_from"] = b"17"
        assert inspection.kept_from() == 17
        inspection.meta["kept_from"] = b"x"
        assert inspection.kept_from() == 0
