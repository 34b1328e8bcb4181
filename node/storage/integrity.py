"""Looking at all rows of a store and believing none (ledger.md section 9).

This file judges what a store can judge by itself: bytes, checksums, hashes, links, indices.  Roots
and states are ``node.evm.verify``'s.  Nothing is changed, and no damage stops the inspection.
"""

from collections.abc import Iterator
from pathlib import Path

from node.base.errors import CorruptStoreError
from node.base.types import Hash32
from node.storage.block_rows import BLOCK_COLUMNS, hex_of, read_block
from node.storage.chain_data import StoredBlock
from node.storage.database import Reader, Row
from node.storage.engine_log import entry_checksum
from node.storage.findings import Findings
from node.storage.index_check import ChainCheck
from node.storage.meta import (
    CHAIN_ID,
    FINALIZED,
    GENESIS_HASH,
    HEAD,
    KEPT_FROM,
    KEYS,
    MODE,
    NODE_INDEXED,
    PROFILE,
    SCHEMA,
    SWEEPING,
    checksum,
)
from node.storage.migrations import SCHEMA_VERSION, newest_schema
from node.storage.node_check import NodeCheck
from node.storage.sqlite_store import FILE_NAME, StoreIdentity
from node.storage.typed_rows import TypedRows

_PARTS = ("body", "receipts", "certificate")


class Inspection:
    """One look at a store that nobody has open."""

    def __init__(self, directory: Path) -> None:
        """Open the file as it is.

        raises        StoreLockedError; StoreFailedError: there is no file, or none may read it.
        """
        self._database = Reader(directory / FILE_NAME)
        self.findings = Findings()
        self._rows = TypedRows(self._database, self.findings)
        self.meta: dict[str, bytes] = {}
        """Values that fit their checksums; filled by ``check_meta``."""

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def check_file(self) -> bool:
        """Let SQLite look at its pages; say whether the tables are there to be looked at."""
        name = str(self._database.path)
        if self._database.is_log_left_out:
            what = "newer pages, which cannot be read where nothing can be written: copy the folder"
            self.findings.add("file", str(self._database.log), what)
        try:
            for (message,) in self._database.each("PRAGMA integrity_check"):
                if message != "ok":
                    self.findings.add("file", name, str(message))
            schema = self._database.schema()
        except CorruptStoreError as error:
            self.findings.add("file", name, error.what)
            return True  # what can be read is still looked at
        wants = newest_schema()
        if not any(row[:2] == ("table", "node_chunk") for row in schema):
            self.findings.add("file", name, "holds no store of this program")
            return False
        for kind, named, _, sql in sorted(schema ^ wants, key=repr):
            what = "is missing" if (kind, named, _, sql) in wants else "is not as it was made"
            self.findings.add("file", name, f"the {kind} {named} {what}")
        return True

    def check_meta(self, identity: StoreIdentity) -> None:
        """Compare each value with its checksum and with what the store should be."""
        values = self._rows.each("meta", (str, bytes, int), "SELECT key, value, crc FROM meta")
        for key, value, crc in values:
            if key not in KEYS:
                self.findings.add("meta", key, "nobody knows this name")
            elif crc != checksum(key, value):
                self.findings.add("meta", key, "the value does not fit its checksum")
            else:
                self.meta[key] = value
        wants = {
            SCHEMA: str(SCHEMA_VERSION),
            CHAIN_ID: str(identity.chain_id),
            GENESIS_HASH: identity.genesis_hash.hex(),
            PROFILE: identity.profile,
        }
        for key, want in wants.items():
            got = self.meta.get(key, b"missing").decode(errors="replace")
            self.findings.expect("meta", key, "the value", want, got)
        for key in (HEAD, MODE):
            if key not in self.meta:
                self.findings.add("meta", key, "missing")
        for key in (FINALIZED, KEPT_FROM, SWEEPING, NODE_INDEXED):
            value = self.meta.get(key, b"0")
            if not value.isdigit():
                self.findings.add("meta", key, f"{value!r} is no number")

    def blocks(self) -> Iterator[tuple[StoredBlock, bool]]:
        """Give the blocks that can be read, by number, and whether each is of the chain.

        On the way rows, links, canonical numbers and the indices of the chain are judged.
        """
        findings = self.findings
        chain = ChainCheck(self._database, findings, self.meta.get(HEAD))
        rows = self._rows.each(
            "header",
            (bytes, int, bytes, bytes, bytes),
            "SELECT hash, number, parent, total_difficulty, state_root FROM header"
            " ORDER BY number, hash",
        )
        for row in rows:
            block_hash = Hash32(row[0])
            key = hex_of(block_hash)
            parts = self._database.row(f"SELECT {BLOCK_COLUMNS} WHERE hash = ?", block_hash)
            try:
                stored = None if parts is None else read_block(block_hash, parts)
            except CorruptStoreError as error:
                findings.add(error.store, key, error.what)
                stored = None
            if stored is not None:
                self._check_header(key, row, stored)
                is_canonical = chain.take(stored)
                yield stored, is_canonical
        chain.finish()
        for table in _PARTS:
            sql = f"SELECT hash FROM {table} WHERE hash NOT IN (SELECT hash FROM header)"  # noqa: S608 - names of ours
            for (key,) in self._database.each(sql):
                name = hex_of(key) if isinstance(key, bytes) else str(key)
                findings.add(table, name, "belongs to no header")

    def _check_header(self, key: str, row: Row, stored: StoredBlock) -> None:
        _, number, parent, total_difficulty, state_root = row
        header = stored.block.header
        expect = self.findings.expect
        expect("header", key, "the number", header.number, number)
        expect("header", key, "the parent", header.parent_hash, parent)
        expect("header", key, "the state root", header.state_root, state_root)
        transactions = len(stored.block.transactions)
        expect("receipts", key, "their count", transactions, len(stored.receipts))
        difficulty = int.from_bytes(total_difficulty)
        if header.number == 0:
            expect("header", key, "the total difficulty", header.difficulty, difficulty)
            return
        above = self._rows.row(
            "header",
            (int, bytes),
            "SELECT number, total_difficulty FROM header WHERE hash = ?",
            header.parent_hash,
        )
        if above is None:
            self.findings.add("header", key, f"the parent {hex_of(header.parent_hash)} is missing")
            return
        expect("header", key, "the number after its parent's", above[0] + 1, header.number)
        want = int.from_bytes(above[1]) + header.difficulty
        expect("header", key, "the total difficulty", want, difficulty)

    def check_engine_log(self) -> None:
        """Compare each entry with its checksum."""
        sql = "SELECT seq, entry, crc FROM engine_wal"
        for seq, entry, crc in self._rows.each("engine_wal", (int, bytes, int), sql):
            want = entry_checksum(seq, entry)
            self.findings.expect("engine_wal", f"seq {seq}", "the checksum", want, crc)

    def nodes(self) -> NodeCheck:
        """Give what judges and reads nodes and code; ``check_meta`` comes first."""
        value = self.meta.get(NODE_INDEXED, b"0")
        indexed = int(value) if value.isdigit() else 0
        return NodeCheck(self._database, self.findings, indexed)

    def kept_from(self) -> int:
        """Give the number of the oldest block whose state is kept."""
        value = self.meta.get(KEPT_FROM, b"0")
        return int(value) if value.isdigit() else 0
