"""The tables of a chain in SQLite (ledger.md section 9)."""

from collections.abc import Sequence
from typing import Final

from node.base import rlp
from node.base.errors import CodecError, CorruptStoreError
from node.base.header import Header
from node.base.limits import BLOCKS_CACHED_COUNT_MAX, HEADERS_CACHED_COUNT_MAX
from node.base.types import Address, Hash32
from node.storage.block_rows import (
    BLOCK_COLUMNS,
    encode_body,
    encode_receipts,
    hex_of,
    read_block,
    read_header,
)
from node.storage.branches import fading
from node.storage.chain_data import Place, StateAt, StoredBlock
from node.storage.database import Database
from node.storage.log_table import LogTable
from node.storage.meta import FINALIZED, HEAD, Meta, checksum
from node.storage.recent import Recent

_BLOCK_TABLES: Final = ("header", "body", "receipts", "certificate")
_NUMBER_MAX: Final = 2**63 - 1
"""The largest integer of SQLite."""


class SqliteChainData:
    """``ChainData`` on disk; what was used last is kept decoded."""

    def __init__(self, database: Database, meta: Meta) -> None:
        self._database = database
        self._meta = meta
        self._logs = LogTable(database)
        self._blocks: Recent[Hash32, StoredBlock] = Recent(BLOCKS_CACHED_COUNT_MAX)
        self._headers: Recent[Hash32, Header] = Recent(HEADERS_CACHED_COUNT_MAX)
        self._head: Hash32 | None = None
        self._branches_from = 0
        self.reload()
        database.on_rollback(self.reload)

    def reload(self) -> None:
        """Forget what is remembered: after a batch that failed it may not be in the file."""
        self._blocks.clear()
        self._headers.clear()
        head = self._meta.get(HEAD)
        self._head = None if head is None else Hash32(head)
        row = self._database.row(
            "SELECT min(number) FROM"
            " (SELECT number FROM header GROUP BY number HAVING count(*) > 1)"
        )
        assert row is not None
        self._branches_from = 0 if row[0] is None else row[0]

    def head(self) -> Hash32 | None:
        """Give the hash of the head; None: nothing is stored yet."""
        return self._head

    def header(self, block_hash: Hash32) -> Header | None:
        """Give the header of a block of any branch, or None.

        raises        CorruptStoreError: its row is not the header with this hash.
        """
        header = self._headers.get(block_hash)
        if header is None:
            row = self._database.row("SELECT rlp FROM header WHERE hash = ?", block_hash)
            if row is None:
                return None
            header = read_header(block_hash, row[0])
            self._headers.put(block_hash, header)
        return header

    def stored(self, block_hash: Hash32) -> StoredBlock | None:
        """Give a block of any branch, or None.

        raises        CorruptStoreError: a part of it is missing or does not decode.
        """
        stored = self._blocks.get(block_hash)
        if stored is None:
            row = self._database.row(
                f"SELECT {BLOCK_COLUMNS} WHERE hash = ?",
                block_hash,
            )
            if row is None:
                return None
            stored = read_block(block_hash, row)
            self._blocks.put(block_hash, stored)
        return stored

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        if number > _NUMBER_MAX:  # whoever asks may ask for any
            return None
        row = self._database.row("SELECT hash FROM canonical WHERE number = ?", number)
        return None if row is None else Hash32(row[0])

    def hashes_at(self, number: int) -> Sequence[Hash32]:
        """Give the blocks with a number, of all branches, ascending by hash."""
        if number > _NUMBER_MAX:
            return []
        rows = self._database.read("SELECT hash FROM header WHERE number = ? ORDER BY hash", number)
        return [Hash32(found) for (found,) in rows]

    def states_from(self, number: int) -> Sequence[StateAt]:
        """Give the states of all blocks from ``number`` on, of all branches, in order."""
        rows = self._database.read(
            "SELECT number, hash, state_root FROM header WHERE number >= ? ORDER BY number, hash",
            number,
        )
        return [StateAt(at, Hash32(found), Hash32(root)) for at, found, root in rows]

    def place(self, transaction_hash: Hash32) -> Place | None:
        """Give where a transaction of the chain stands, or None."""
        row = self._database.row(
            "SELECT hash, number, position FROM tx JOIN canonical USING (number) WHERE tx_hash = ?",
            transaction_hash,
        )
        if row is None:
            return None
        return Place(Hash32(row[0]), row[1], row[2])

    def blocks_with_logs(
        self, addresses: Sequence[Address], topics: Sequence[Hash32], first: int, last: int
    ) -> Sequence[int]:
        """Give the chain's blocks ``first`` .. ``last`` that hold a wanted log, ascending."""
        return self._logs.blocks(addresses, topics, first, last)

    def finalized(self) -> int:
        """Give the number of the newest block that the chain will never lose; 0 at first."""
        return self._meta.number(FINALIZED) or 0

    def put(self, stored: StoredBlock) -> None:
        """Keep a block of any branch; one that is there stays as it is."""
        header = stored.block.header
        assert stored.hash == header.hash(), "a block is kept under the hash of its header"
        if self.header(stored.hash) is not None:
            return
        raw = header.encode()
        write = self._database.write
        with self._database.batch():
            write(
                "INSERT INTO header VALUES (?, ?, ?, ?, ?, ?)",
                stored.hash,
                header.number,
                header.parent_hash,
                rlp.encode_int(stored.total_difficulty),
                header.state_root,
                raw,
            )
            write("INSERT INTO body VALUES (?, ?)", stored.hash, encode_body(stored.block, raw))
            receipts = encode_receipts(stored.receipts)
            write("INSERT INTO receipts VALUES (?, ?)", stored.hash, receipts)
            if stored.certificate is not None:
                crc = checksum(stored.hash.hex(), stored.certificate)
                write(
                    "INSERT INTO certificate VALUES (?, ?, ?)", stored.hash, stored.certificate, crc
                )
            self._branches_from = min(self._branches_from, header.number)
            self._blocks.put(stored.hash, stored)
            self._headers.put(stored.hash, header)

    def move_head(self, removed: Sequence[Hash32], added: Sequence[Hash32]) -> None:
        """Take blocks off the chain, newest first, and put others on, oldest first: one batch.

        The blocks of ``added`` must be stored, and the first must stand on what is left.
        """
        head = self._head
        with self._database.batch():
            for block_hash in removed:
                gone = self._known(block_hash)
                number = gone.block.header.number
                self._database.write("DELETE FROM canonical WHERE number = ?", number)
                self._database.write_many(
                    "DELETE FROM tx WHERE tx_hash = ?", [(tx,) for tx in gone.transaction_hashes]
                )
                self._logs.remove(number)
                self._branches_from = min(self._branches_from, number)
                head = gone.block.header.parent_hash
            for block_hash in added:
                self._add(self._known(block_hash))
                head = block_hash
            if head is not None:
                self._meta.set(HEAD, head)
            self._head = head

    def _add(self, stored: StoredBlock) -> None:
        number = stored.block.header.number
        self._database.write("INSERT INTO canonical VALUES (?, ?)", number, stored.hash)
        self._database.write_many(
            "INSERT OR REPLACE INTO tx VALUES (?, ?, ?)",
            [(tx, number, position) for position, tx in enumerate(stored.transaction_hashes)],
        )
        try:
            keys = stored.keys_of_logs()
        except CodecError as error:
            raise CorruptStoreError("receipts", hex_of(stored.hash), str(error)) from error
        self._logs.add(number, keys)

    def set_finalized(self, number: int) -> None:
        """Remember what was decided for good."""
        with self._database.batch():
            self._meta.set(FINALIZED, number)

    def prune_branches(self, below: int) -> Sequence[Hash32]:
        """Forget the branches that end below a number; give what was forgotten, newest first."""
        forgotten, branches_from = fading(self, self._branches_from, below)
        if forgotten:
            self.forget(forgotten)
        self._branches_from = branches_from
        return forgotten

    def forget(self, hashes: Sequence[Hash32]) -> None:
        """Drop blocks that are not on the chain."""
        with self._database.batch():
            for table in _BLOCK_TABLES:
                self._database.write_many(
                    f"DELETE FROM {table} WHERE hash = ?",  # noqa: S608 - a name of ours
                    [(block_hash,) for block_hash in hashes],
                )
            for block_hash in hashes:
                self._blocks.drop(block_hash)
                self._headers.drop(block_hash)

    def _known(self, block_hash: Hash32) -> StoredBlock:
        stored = self.stored(block_hash)
        if stored is None:
            raise CorruptStoreError("header", hex_of(block_hash), "missing, and the chain names it")
        return stored
