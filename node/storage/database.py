"""One SQLite file: locked, durable, its errors translated; the only importer of ``sqlite3``.

A ``Database`` is the writer; a ``Reader`` looks at a file that nobody writes.
WAL with ``synchronous=FULL``: what was committed survives SIGKILL and, as far as the disk is
honest, a power cut (ledger.md section 9).
"""

import contextlib
import fcntl
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from node.base.errors import CorruptStoreError, StorageError
from node.storage.errors import (
    BatchLostError,
    StoreFailedError,
    StoreFullError,
    StoreLockedError,
)

Value: TypeAlias = "int | bytes | str | None"
Row: TypeAlias = tuple[Any, ...]
"""The tables are STRICT: whoever asks knows what comes."""

CHAIN_PAGE_BYTES: Final = 8192
"""A chunk of 8,000 bytes fits a page; SQLite's 4,096 would cut it in two."""
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -65536",
    "temp_store = MEMORY",
    "busy_timeout = 5000",
)
_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)
_SCHEMA_FAULTS: Final = ("no such table", "no such column", "unsupported file format")
"""What SQLite says of SQL that was right when the file was made."""
_SCHEMA: Final = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
)
"""Without what SQLite's own ANALYZE leaves."""


class Reader:
    """A file that is read as it lies there: nothing is written, and no medium is too read-only.

    Whoever has the file open keeps others from inspecting it, as long as the lock file that it made
    can be read.
    """

    _is_ours = False
    """The SQL may be at fault, not only the file."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        raises        StoreLockedError: another process writes it; StoreFailedError: it cannot be
                      opened.  What is in it is looked at later.
        """
        self.path = path
        self._lock = _shared_lock(path)
        self.log = path.with_name(f"{path.name}-wal")
        self.is_log_left_out = False
        """There is a log, and it cannot be read, for that takes a file more."""
        uri, pragmas = f"{path.absolute().as_uri()}?mode=ro", ("query_only = 1",)
        # without a log the file is all there is; asked to look for one, SQLite would make one
        if self.log.is_file() and self.log.stat().st_size:
            self._connect(uri, pragmas)
            try:
                self.row("PRAGMA schema_version")
            except StoreFailedError:
                self.is_log_left_out = True
                self._connection.close()
            except CorruptStoreError:
                return
            else:
                return
        self._connect(f"{uri}&immutable=1", pragmas)

    def _connect(self, uri: str, pragmas: Iterable[str]) -> None:
        try:
            self._connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            self._unlock()
            raise self._translated(error) from error
        self._connection.text_factory = _text
        try:
            for pragma in pragmas:
                self.read(f"PRAGMA {pragma}")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and give its lock back; a second time does nothing."""
        self._connection.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def row(self, sql: str, *values: Value) -> Row | None:
        """Give the first row of an answer, or None."""
        cursor = self._execute(sql, values)
        try:
            found: Row | None = cursor.fetchone()
        except _ERRORS as error:
            raise self._translated(error) from error
        return found

    def read(self, sql: str, *values: Value) -> list[Row]:
        """Give all rows of an answer."""
        cursor = self._execute(sql, values)
        try:
            return cursor.fetchall()
        except _ERRORS as error:
            raise self._translated(error) from error

    def each(self, sql: str, *values: Value) -> Iterator[Row]:
        """Give the rows of a long answer one by one; the store must not change meanwhile."""
        cursor = self._execute(sql, values)
        while True:
            try:
                found: Row | None = cursor.fetchone()
            except _ERRORS as error:
                raise self._translated(error) from error
            if found is None:
                return
            yield found

    def schema(self) -> frozenset[Row]:
        """Give type, name, table and SQL of all tables and indices."""
        return frozenset(self.read(_SCHEMA))

    def _execute(self, sql: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except _ERRORS as error:
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.Error | UnicodeDecodeError) -> StorageError:
        """Give our error for one of SQLite's; a fault in our own SQL is raised as it is."""
        if isinstance(error, UnicodeDecodeError):  # a damaged name stands in SQLite's message
            return CorruptStoreError(str(self.path), "file", "its schema is damaged")
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(
            error, sqlite3.ProgrammingError | sqlite3.IntegrityError | sqlite3.NotSupportedError
        ):
            raise error
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_IOERR_SHMSIZE:  # no room for the index of the log
            return StoreFullError(str(self.path))
        match code & 0xFF:  # the low byte is the primary code
            case sqlite3.SQLITE_FULL:
                return StoreFullError(str(self.path))
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return StoreLockedError(str(self.path))
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_TOOBIG:
                return CorruptStoreError(str(self.path), "file", str(error))
            case sqlite3.SQLITE_ERROR:
                if self._is_ours and not str(error).startswith(_SCHEMA_FAULTS):
                    raise error
                return CorruptStoreError(str(self.path), "file", str(error))
            case _:
                return StoreFailedError(str(self.path), str(error))


class Database(Reader):
    """The one writer of a file.  Used by one thread at a time, whichever that is."""

    _is_ours = True

    def __init__(
        self, path: Path, *, page_bytes: int = CHAIN_PAGE_BYTES, is_erasing: bool = False
    ) -> None:
        """Open or make a file.

        ``page_bytes``  of a new file.
        ``is_erasing``  overwrite what is deleted (``secure_delete``).
        raises        StoreLockedError: another process has it; CorruptStoreError: it is no
                      SQLite file; StoreFailedError: it cannot be opened.
        """
        self.path = path
        self._depth = 0
        self._is_lost = False
        self._undo: list[Callable[[], None]] = []
        self._lock = _lock(path)
        self._connect(
            f"{path.absolute().as_uri()}?mode=rwc",
            (f"page_size = {page_bytes}", *_PRAGMAS, f"secure_delete = {int(is_erasing)}"),
        )

    def close(self) -> None:
        """Close the file and give its lock back; a second time does nothing."""
        assert self._depth == 0, "a batch is still open"
        super().close()

    def on_rollback(self, undo: Callable[[], None]) -> None:
        """Call ``undo`` after each batch that failed: what is cached may not be there."""
        self._undo.append(undo)

    @contextmanager
    def batch(self) -> Generator[None]:
        """Make all writes inside durable together; a batch inside a batch joins it.

        raises        StoreFullError, StoreFailedError: nothing was kept; BatchLostError: an inner
                      batch failed before, and the outer one went on as if nothing were.
        """
        if self._depth:
            self._depth += 1
            done = False
            try:
                yield
                done = True
            finally:
                self._depth -= 1
                self._is_lost |= not done
            return
        self._depth = 1
        done = False
        try:
            self._execute(
                "BEGIN IMMEDIATE"
            )  # inside: an interrupt behind it must not leave it open
            yield
            if self._is_lost:
                raise BatchLostError(str(self.path))
            self._execute("COMMIT")
            done = True
        finally:
            self._depth = 0
            self._is_lost = False
            if not done:
                self._rollback()

    def _rollback(self) -> None:
        if self._connection.in_transaction:  # SQLite itself undoes a batch that met a full disk
            with contextlib.suppress(StorageError):  # the error that brought us here is the news
                self._execute("ROLLBACK")
        for undo in self._undo:
            undo()

    def truncate_log(self) -> bool:
        """Move the log into the file and cut it to nothing; say whether that was possible.

        Not while somebody else reads: then deleted bytes are still in the log.
        """
        row = self.row("PRAGMA wal_checkpoint(TRUNCATE)")
        return row == (0, 0, 0)

    def copy_to(self, path: Path) -> None:
        """Write what is committed into a new file, whatever batch is running here.

        raises        StoreFullError, StoreFailedError.
        """
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with (
                contextlib.closing(sqlite3.connect(uri, uri=True)) as committed,
                contextlib.closing(sqlite3.connect(path)) as copy,
            ):
                committed.backup(copy)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def write(self, sql: str, *values: Value) -> int:
        """Run one statement of the running batch; give how many rows it changed."""
        self._check_batch()
        return self._execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row."""
        self._check_batch()
        try:
            self._connection.executemany(sql, rows)
        except _ERRORS as error:
            raise self._translated(error) from error

    def _check_batch(self) -> None:
        assert self._depth, "writes belong into a batch"
        if self._is_lost or not self._connection.in_transaction:
            self._is_lost = True  # or the rest would be written one by one, outside of any batch
            raise BatchLostError(str(self.path))


def _lock(path: Path) -> IO[bytes]:
    """Lock the file that stands beside the database.

    Not the database itself: closing a second descriptor of it would drop SQLite's own locks.
    """
    try:
        file = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise StoreFailedError(str(path), f"cannot make its lock: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StoreLockedError(str(path)) from error
    except OSError as error:
        file.close()
        raise StoreFailedError(str(path), f"cannot be locked: {error.strerror}") from error
    return file


def _shared_lock(path: Path) -> IO[bytes] | None:
    """Lock the file that the last writer left, if it can be read: nothing is made here."""
    try:
        file = path.with_name(f"{path.name}.lock").open("rb")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StoreLockedError(str(path)) from error
    except OSError:  # a file system without locks
        file.close()
        return None
    return file


def _text(raw: bytes) -> str:
    """Read a text, a damaged one too."""
    return raw.decode(errors="backslashreplace")


def schema_of(statements: Iterable[str]) -> frozenset[Row]:
    """Give what ``schema`` says of a file that these statements made."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            connection.execute(statement)
        return frozenset(connection.execute(_SCHEMA))
