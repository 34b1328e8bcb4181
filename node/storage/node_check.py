"""Whether all nodes and code of a store are what their keys say, and are found by the index."""

from node.base.errors import CodecError, CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.storage.block_rows import hex_of
from node.storage.database import Reader
from node.storage.findings import Findings
from node.storage.node_chunks import chunk_checksum, entries, entry_at
from node.storage.typed_rows import TypedRows

_PLACED = 'SELECT hash, chunk, "offset", data FROM node_index LEFT JOIN node_chunk ON id = chunk'
_PLACED_TYPES = (bytes, int, int, bytes | None)


class NodeCheck:
    """Judges chunks, index and code; then gives nodes out as a store does."""

    def __init__(self, database: Reader, findings: Findings, indexed: int) -> None:
        """Begin; ``indexed`` is the last chunk whose nodes the index must know."""
        self._database = database
        self._rows = TypedRows(database, findings)
        self._findings = findings
        self._indexed = indexed
        self._unindexed: dict[Hash32, tuple[int, int]] = {}

    def check(self) -> None:
        """Hash each node and code, and hold the index against the chunks, both ways."""
        chunks = "SELECT id, data, crc FROM node_chunk ORDER BY id"
        for number, data, crc in self._rows.each("node_chunk", (int, bytes, int), chunks):
            key = f"id {number}"
            want = chunk_checksum(number, data)
            self._findings.expect("node_chunk", key, "the checksum", want, crc)
            try:
                self._check_chunk(number, data)
            except CodecError as error:
                self._findings.add("node_chunk", key, error.what)
        placed = self._rows.each("node_index", _PLACED_TYPES, f"{_PLACED} ORDER BY hash")
        for node_hash, number, offset, data in placed:
            try:
                if data is None or offset < 0:
                    what = f"points to chunk {number}, byte {offset}: nothing is there"
                    self._findings.add("node_index", hex_of(node_hash), what)
                else:
                    entry_at(data, offset, node_hash)
            except CodecError as error:
                what = f"points to chunk {number}: {error.what}"
                self._findings.add("node_index", hex_of(node_hash), what)
        codes = "SELECT code_hash, code FROM code"
        for code_hash, code in self._rows.each("code", (bytes, bytes), codes):
            if keccak256(code) != code_hash:
                what = f"hashes to {hex_of(keccak256(code))}"
                self._findings.add("code", hex_of(code_hash), what)

    def _check_chunk(self, number: int, data: bytes) -> None:
        for entry in entries(data):
            self._findings.counts["node"] += 1
            got = keccak256(entry.raw)
            if got != entry.key:
                key = f"id {number} node {hex_of(entry.key)}"
                self._findings.add("node_chunk", key, f"hashes to {hex_of(got)}")
            if number > self._indexed:
                self._unindexed[entry.key] = (number, entry.offset)
            elif not self._is_indexed(entry.key):
                what = f"missing, though chunk {number} holds it"
                self._findings.add("node_index", hex_of(entry.key), what)

    def _is_indexed(self, key: Hash32) -> bool:
        return self._database.row("SELECT 1 FROM node_index WHERE hash = ?", key) is not None

    def node(self, key: Hash32) -> bytes | None:
        """Give a node that ``check`` has seen, or None.

        raises        CorruptStoreError: what stands there does not have this hash.
        """
        place = self._unindexed.get(key)
        if place is None:
            row = self._rows.row("node_index", _PLACED_TYPES, f"{_PLACED} WHERE hash = ?", key)
            if row is None or row[3] is None:
                return None
            offset, data = row[2:]
        else:
            sql = "SELECT data FROM node_chunk WHERE id = ?"
            row = self._rows.row("node_chunk", (bytes,), sql, place[0])
            if row is None:  # a damaged page is read in two ways, by its order and by its key
                return None
            offset, data = place[1], row[0]
        try:
            raw = entry_at(data, offset, key)
        except CodecError as error:
            raise CorruptStoreError("node_index", hex_of(key), error.what) from error
        if keccak256(raw) != key:
            raise CorruptStoreError("node_chunk", hex_of(key), "hashes to something else")
        return raw

    def code(self, key: Hash32) -> bytes | None:
        """Give the code with a hash, or None."""
        row = self._rows.row("code", (bytes,), "SELECT code FROM code WHERE code_hash = ?", key)
        return None if row is None else row[0]
