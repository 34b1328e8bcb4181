"""Rows of a file that nobody believes: a value of another type is a finding, not a surprise.

The tables are STRICT, but SQLite looks at types when it writes: a changed byte in the head of a
record makes NULL or a number of what was a hash.
"""

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Final, TypeAlias

from node.storage.block_rows import hex_of
from node.storage.database import Reader, Row, Value
from node.storage.findings import Findings

Types: TypeAlias = "Sequence[type | UnionType]"

_NAMES: Final = {NoneType: "NULL", int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"}


class TypedRows:
    """Asks a file, and gives out the rows whose values have the types that they should."""

    def __init__(self, reader: Reader, findings: Findings) -> None:
        self._reader = reader
        self._findings = findings

    def each(self, table: str, types: Types, sql: str) -> Iterator[Row]:
        """Give the rows that fit, one by one, and count all of them."""
        for row in self._reader.each(sql):
            self._findings.counts[table] += 1
            if self._fits(table, types, row):
                yield row

    def row(self, table: str, types: Types, sql: str, *values: Value) -> Row | None:
        """Give the first row of an answer, or None; also if it does not fit."""
        row = self._reader.row(sql, *values)
        return row if row is not None and self._fits(table, types, row) else None

    def _fits(self, table: str, types: Types, row: Row) -> bool:
        for at, (value, wanted) in enumerate(zip(row, types, strict=True)):
            if not isinstance(value, wanted):
                key = hex_of(row[0]) if isinstance(row[0], bytes) else f"{row[0]}"
                self._findings.add(
                    table, key, f"value {at + 1} of its row is {_NAMES[type(value)]}"
                )
                return False
        return True
