"""One file: its lock, its batches, its errors."""

import contextlib
import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.storage.database import Database, Reader
from node.storage.errors import (
    BatchLostError,
    StoreFailedError,
    StoreFullError,
    StoreLockedError,
)


@pytest.fixture
def database(tmp_path):
    with closing(Database(tmp_path / "x.sqlite")) as made:
        with made.batch():
            made.write("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
        yield made


def _insert(database, value, data=b""):
    database.write("INSERT INTO t VALUES (?, ?)", value, data)


def _values(database):
    return [value for (value,) in database.read("SELECT a FROM t ORDER BY a")]


def test_the_pragmas_of_the_specification_hold(database):
    names = ("journal_mode", "synchronous", "cache_size", "temp_store", "busy_timeout", "page_size")
    found = [database.row(f"PRAGMA {name}")[0] for name in names]
    assert found == ["wal", 2, -65536, 2, 5000, 8192]


def test_a_second_opener_is_refused_with_the_file(database):
    with pytest.raises(StoreLockedError, match=r"x\.sqlite is open in another process"):
        Database(database.path)


def test_another_process_is_refused(database):
    code = "import sys, pathlib, node.storage.database as d; d.Database(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(database.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "StoreLockedError" in done.stderr


def test_a_closed_file_opens_again(tmp_path):
    for _ in range(2):
        Database(tmp_path / "x.sqlite").close()


def test_a_reader_of_another_connection_sees_whole_batches_only(database):
    with closing(sqlite3.connect(database.path)) as reader:
        with database.batch():
            _insert(database, 1)
            assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
            with database.batch():
                _insert(database, 2)
            assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (2,)


def _two_batches_that_fail(database):
    with database.batch():
        _insert(database, 1)
        with database.batch():
            _insert(database, 2)
        raise KeyError


def test_nothing_of_a_batch_that_raises_stays(database):
    undone = []
    database.on_rollback(lambda: undone.append(_values(database)))
    with pytest.raises(KeyError):
        _two_batches_that_fail(database)
    assert _values(database) == []
    assert undone == [[]]
    with database.batch():
        _insert(database, 3)
    assert _values(database) == [3]


def _swallow_a_failed_part(database, *after):
    with database.batch():
        _insert(database, 1)
        with contextlib.suppress(KeyError), database.batch():
            _insert(database, 2)
            raise KeyError
        for value in after:
            _insert(database, value)


@pytest.mark.parametrize("after", [(), (3,)])
def test_an_inner_batch_that_fails_takes_the_outer_one_with_it(database, after):
    with pytest.raises(BatchLostError):
        _swallow_a_failed_part(database, *after)
    assert _values(database) == []


def test_a_write_outside_of_a_batch_is_a_fault_of_ours(database):
    with pytest.raises(AssertionError, match="writes belong into a batch"):
        _insert(database, 1)


def _limit(database, more):
    pages = database.row("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages + more}")


def _fill(database):
    with database.batch():
        _insert(database, 2)
        _insert(database, 3, bytes(100_000))


def _swallow_a_full_disk(database):
    with database.batch():
        with contextlib.suppress(StoreFullError):
            _insert(database, 3, bytes(100_000))
        _insert(database, 4)


def test_a_full_disk_undoes_the_batch_and_leaves_the_rest(database):
    with database.batch():
        _insert(database, 1, bytes(20_000))
    _limit(database, 3)
    for _ in range(2):
        with pytest.raises(StoreFullError, match="no space is left"):
            _fill(database)
    assert _values(database) == [1]
    _limit(database, 1_000)
    with database.batch():
        _insert(database, 4, bytes(100_000))
    assert _values(database) == [1, 4]


def test_after_a_full_disk_the_rest_of_the_batch_is_not_written_alone(database):
    _limit(database, 3)
    with pytest.raises(BatchLostError):
        _swallow_a_full_disk(database)
    assert _values(database) == []


GROW = """
import resource, sys
from pathlib import Path
from node.storage.database import Database
from node.base.errors import StorageError
database = Database(Path(sys.argv[1]))
with database.batch():
    database.write("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
    database.write("INSERT INTO t VALUES (1, NULL)")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    with database.batch():
        database.write("INSERT INTO t VALUES (2, NULL)")
        database.write("INSERT INTO t VALUES (3, ?)", bytes(3_000_000))
except StorageError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with database.batch():
    database.write("INSERT INTO t VALUES (4, ?)", bytes(3_000_000))
print([a for a, in database.read("SELECT a FROM t ORDER BY a")])
database.close()
"""


def test_a_file_that_may_not_grow_fails_the_batch_and_nothing_else(tmp_path):
    """The system refuses the write itself, as it does when a disk breaks."""
    command = [sys.executable, "-c", GROW, str(tmp_path / "x.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["StoreFailedError", "[1, 4]"]


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(CorruptStoreError, match=r"x\.sqlite: file: file is not a database"):
        Database(path)
    path.unlink()
    Database(path).close()  # the lock was given back


def test_a_folder_that_is_not_there_is_an_error_of_ours(tmp_path):
    path = tmp_path / "none" / "x.sqlite"
    with pytest.raises(StoreFailedError) as caught:
        Database(path)
    assert str(caught.value) == f"{path}: cannot make its lock: No such file or directory"


def test_a_file_system_without_locks_is_an_error_of_its_own(tmp_path, monkeypatch):
    """It is not another process that has the file."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    path = tmp_path / "x.sqlite"
    Database(path).close()
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreFailedError) as caught:
        Database(path)
    assert str(caught.value) == f"{path}: cannot be locked: {os.strerror(errno.ENOLCK)}"
    Reader(path).close()  # nobody can be asked, so nobody is


def test_a_reader_takes_a_table_that_is_gone_and_bad_sql_for_damage(tmp_path):
    path = tmp_path / "x.sqlite"
    Database(path).close()
    with closing(Reader(path)) as reader:
        for sql in ("SELECT * FROM nowhere", "SELECT FROM FROM"):
            with pytest.raises(CorruptStoreError):
                reader.read(sql)


def test_a_reader_cannot_write(database, tmp_path):
    with database.batch():
        _insert(database, 1)
    database.close()
    with closing(Reader(tmp_path / "x.sqlite")) as reader:
        assert _values(reader) == [1]
        with pytest.raises(StoreFailedError, match="readonly"):
            reader.read("DELETE FROM t")


def test_a_folder_in_the_place_of_the_file_is_an_error_of_ours(tmp_path):
    (tmp_path / "x.sqlite").mkdir()
    with pytest.raises(StoreFailedError, match="unable to open"):
        Database(tmp_path / "x.sqlite")


def test_a_fault_in_our_own_sql_is_not_hidden(database):
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        database.read("SELECT FROM FROM")


def test_a_table_that_is_gone_is_a_damaged_schema(database):
    with pytest.raises(CorruptStoreError, match="no such table: nowhere"):
        database.read("SELECT * FROM nowhere")


def test_rows_come_one_by_one(database):
    with database.batch():
        database.write_many("INSERT INTO t VALUES (?, ?)", [(n, b"") for n in range(3)])
    assert list(database.each("SELECT a FROM t ORDER BY a")) == [(0,), (1,), (2,)]
    assert database.row("SELECT a FROM t WHERE a = ?", 9) is None


def test_a_damaged_page_is_a_corrupt_store(tmp_path):
    path = tmp_path / "x.sqlite"
    with closing(Database(path)) as database, database.batch():
        database.write("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
        database.write_many("INSERT INTO t VALUES (?, ?)", [(n, bytes(500)) for n in range(99)])
    raw = bytearray(path.read_bytes())
    raw[2 * 8192 : 3 * 8192] = b"\xff" * 8192
    path.write_bytes(raw)
    with (
        closing(Database(path)) as database,
        pytest.raises(CorruptStoreError, match="malformed"),
    ):
        database.read("SELECT * FROM t")


def test_a_copy_is_what_is_committed_whatever_batch_is_running(database, tmp_path):
    with database.batch():
        _insert(database, 1)
    with database.batch():
        _insert(database, 2)
        database.copy_to(tmp_path / "copy")
    with closing(Database(tmp_path / "copy")) as copy:
        assert _values(copy) == [1]
    assert _values(database) == [1, 2]


def test_a_copy_that_cannot_be_written_is_an_error_of_ours(database, tmp_path):
    with pytest.raises(StoreFailedError, match="unable to open"):
        database.copy_to(tmp_path / "nowhere" / "copy")


def test_an_interrupt_behind_the_begin_of_a_batch_leaves_none_open(database, monkeypatch):
    begin = database._execute

    def interrupted(sql, values=()):
        begin(sql, values)
        if sql.startswith("BEGIN"):
            raise KeyboardInterrupt

    monkeypatch.setattr(database, "_execute", interrupted)
    with pytest.raises(KeyboardInterrupt), database.batch():
        pass
    monkeypatch.undo()
    with database.batch():
        pass


def test_no_room_for_the_index_of_the_log_is_a_full_disk(database):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert isinstance(database._translated(error), StoreFullError)
