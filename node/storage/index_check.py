"""Whether canonical numbers, transaction index and log index are those of the chain of the head."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from node.base.errors import CodecError
from node.storage.block_rows import hex_of
from node.storage.chain_data import StoredBlock
from node.storage.database import Reader, Row
from node.storage.findings import Findings
from node.storage.typed_rows import TypedRows

_Key: TypeAlias = Callable[[Row], str]


class ChainCheck:
    """Takes the blocks of a store by number, and reads the indices beside them."""

    def __init__(self, database: Reader, findings: Findings, head: bytes | None) -> None:
        rows = TypedRows(database, findings)
        self._findings = findings
        self._head = head
        self._next = 0
        self._above: bytes | None = None
        self._canonical = rows.each(
            "canonical", (int, bytes), "SELECT number, hash FROM canonical ORDER BY number"
        )
        self._row: Row | None = next(self._canonical, None)
        self._transactions = _Lockstep(
            "tx",
            rows.each(
                "tx", (int, int, bytes), "SELECT number, position, tx_hash FROM tx ORDER BY 1, 2, 3"
            ),
            lambda row: hex_of(row[2]),
            findings,
        )
        self._logs = _Lockstep(
            "log",
            rows.each(
                "log",
                (int, int, bytes, bytes),
                "SELECT number, log_index, address, topic0 FROM log ORDER BY 1, 2, 3, 4",
            ),
            lambda row: f"block {row[0]} log {row[1]}",
            findings,
        )

    def take(self, stored: StoredBlock) -> bool:
        """Judge a block, which comes after those of lower numbers; say if it is of the chain."""
        number = stored.block.header.number
        while self._row is not None and self._row[0] < number:
            self._pass()
        if self._row is None or self._row != (number, stored.hash):
            return False
        key = f"number {number}"
        self._findings.expect(
            "canonical", key, "the number after the one below", self._next, number
        )
        if number:
            above, parent = self._above or b"", stored.block.header.parent_hash
            self._findings.expect("canonical", key, "the parent", above, parent)
        self._next, self._above = number + 1, stored.hash
        self._row = next(self._canonical, None)
        transactions = enumerate(stored.transaction_hashes)
        self._transactions.compare(number, [(number, at, tx) for at, tx in transactions])
        try:
            logs = enumerate(stored.keys_of_logs())
        except CodecError as error:
            self._findings.add("receipts", hex_of(stored.hash), str(error))
        else:
            self._logs.compare(number, [(number, at, a, t or b"") for at, (a, t) in logs])
        return True

    def finish(self) -> None:
        """Judge what is left when all blocks have been taken."""
        while self._row is not None:
            self._pass()
        self._transactions.compare(None, [])
        self._logs.compare(None, [])
        self._findings.expect("meta", "head", "the head", self._above or b"", self._head or b"")

    def _pass(self) -> None:
        """Note a number whose block cannot be read."""
        assert self._row is not None
        number, block_hash = self._row
        what = f"its block {hex_of(block_hash)} is missing, broken or of another number"
        self._findings.add("canonical", f"number {number}", what)
        self._next, self._above = number + 1, block_hash
        self._row = next(self._canonical, None)


class _Lockstep:
    """Rows of an index in the order of the chain, beside what they should be."""

    def __init__(self, table: str, rows: Iterator[Row], key: _Key, findings: Findings) -> None:
        self._table = table
        self._rows = rows
        self._key = key
        self._findings = findings
        self._row: Row | None = next(rows, None)

    def compare(self, number: int | None, wants: list[Row]) -> None:
        """Compare the rows up to a block with those that it should have; None: to the end."""
        found: set[Row] = set()
        while self._row is not None and (number is None or self._row[0] <= number):
            found.add(self._row)
            self._row = next(self._rows, None)
        for want in sorted(set(wants) - found):
            self._findings.add(self._table, self._key(want), f"missing for block {want[0]}")
        for extra in sorted(found - set(wants)):
            self._findings.add(self._table, self._key(extra), f"block {extra[0]} has no such thing")
