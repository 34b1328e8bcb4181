"""The engine's write-ahead log: what it must not forget before it sends."""

from collections.abc import Sequence
from typing import Protocol
from zlib import crc32

from node.base.errors import CorruptStoreError
from node.storage.database import Database


class WriteAheadLog(Protocol):
    """The log of one engine."""

    def append(self, entry: bytes) -> None:
        """Write an entry behind the last one; it is durable when this returns."""
        ...

    def entries(self) -> tuple[bytes, ...]:
        """Give all entries, oldest first.

        raises        CorruptStoreError.
        """
        ...

    def replace(self, entries: Sequence[bytes]) -> None:
        """Keep these entries instead of all that are there."""
        ...


class MemoryEngineLog:
    """A log that ends with the process."""

    def __init__(self) -> None:
        self._entries: list[bytes] = []

    def append(self, entry: bytes) -> None:
        """Write an entry behind the last one."""
        self._entries.append(entry)

    def entries(self) -> tuple[bytes, ...]:
        """Give all entries, oldest first."""
        return tuple(self._entries)

    def replace(self, entries: Sequence[bytes]) -> None:
        """Keep these entries instead of all that are there."""
        self._entries = list(entries)


class EngineLog:
    """Entries in the order in which they were written; each is durable when ``append`` returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: bytes) -> None:
        """Write an entry behind the last one."""
        with self._database.batch():
            self._append(entry)

    def entries(self) -> tuple[bytes, ...]:
        """Give all entries, oldest first.

        raises        CorruptStoreError: one is not what was written: a node that signs must not
                      go on without it.
        """
        rows = self._database.read("SELECT seq, entry, crc FROM engine_wal ORDER BY seq")
        for seq, entry, crc in rows:
            if crc != entry_checksum(seq, entry):
                raise CorruptStoreError("engine_wal", f"seq {seq}", "does not fit its checksum")
        return tuple(entry for _, entry, _ in rows)

    def replace(self, entries: Sequence[bytes]) -> None:
        """Keep these entries instead of all that are there."""
        with self._database.batch():
            self._database.write("DELETE FROM engine_wal")
            for entry in entries:
                self._append(entry)

    def _append(self, entry: bytes) -> None:
        row = self._database.row("SELECT max(seq) FROM engine_wal")
        seq = 1 if row is None or row[0] is None else 1 + row[0]
        crc = entry_checksum(seq, entry)
        self._database.write("INSERT INTO engine_wal VALUES (?, ?, ?)", seq, entry, crc)


def entry_checksum(seq: int, entry: bytes) -> int:
    """Give what stands beside an entry: it covers the bytes and the entry's number."""
    return crc32(entry, crc32(seq.to_bytes(8, signed=True)))
