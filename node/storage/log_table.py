"""The index of logs: which blocks of the chain hold one with an address and a first topic."""

from collections.abc import Sequence

from node.base.limits import LOG_PAIRS_COUNT_MAX, LOG_SCAN_BLOCKS_MAX
from node.base.types import Address, Hash32
from node.storage.database import Database
from node.storage.log_keys import LogKey


class LogTable:
    """Rows (address, topic0, number, log_index); the logs themselves stand in the receipts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, number: int, keys: Sequence[LogKey]) -> None:
        """Index the logs of a block that joins the chain."""
        self._database.write_many(
            "INSERT INTO log VALUES (?, ?, ?, ?)",
            [(address, topic or b"", number, index) for index, (address, topic) in enumerate(keys)],
        )

    def remove(self, number: int) -> None:
        """Take the logs of a block out that leaves the chain."""
        self._database.write("DELETE FROM log WHERE number = ?", number)

    def blocks(
        self, addresses: Sequence[Address], topics: Sequence[Hash32], first: int, last: int
    ) -> list[int]:
        """Give the blocks ``first`` .. ``last`` with a wanted log, ascending."""
        # a unary plus keeps SQLite from searching by a column: few blocks are read by number, many
        # by address, and pairs of address and topic are looked up while they are few
        is_short = last - first < LOG_SCAN_BLOCKS_MAX
        has_many_pairs = len(addresses) * len(topics) > LOG_PAIRS_COUNT_MAX
        by_address = "+address" if is_short else "address"
        by_topic = "+topic0" if is_short or has_many_pairs else "topic0"
        clauses = ["number BETWEEN ? AND ?"]
        for column, values in ((by_address, addresses), (by_topic, topics)):
            if values:
                clauses.append(f"{column} IN ({', '.join('?' * len(values))})")
        where = " AND ".join(clauses)
        rows = self._database.read(
            f"SELECT DISTINCT number FROM log WHERE {where}",  # noqa: S608 - only names and "?"
            first,
            last,
            *addresses,
            *topics,
        )
        return sorted(number for (number,) in rows)
