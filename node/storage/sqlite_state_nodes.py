"""Trie nodes and code in SQLite: appended chunks, and an index that is written now and then."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from node.base.errors import CodecError, CorruptStoreError
from node.base.keccak import keccak256
from node.base.limits import CODES_CACHED_COUNT_MAX, INDEX_FLUSH_BLOCKS_MAX
from node.base.types import Hash32
from node.storage.database import Database
from node.storage.meta import NODE_INDEXED, Meta
from node.storage.node_chunks import chunk_checksum, entries, entry_at, pack
from node.storage.recent import Recent

_INDEX = "INSERT OR REPLACE INTO node_index VALUES (?, ?, ?)"


class SqliteStateNodes:
    """``StateNodes`` on disk.

    Where the nodes of the newest blocks stand is known in memory only: those are the chunks above
    ``node_indexed``, which are read again when the store is opened.
    """

    def __init__(self, database: Database, meta: Meta) -> None:
        self._database = database
        self._meta = meta
        self._pending: dict[Hash32, tuple[int, int]] = {}
        self._codes: Recent[Hash32, bytes] = Recent(CODES_CACHED_COUNT_MAX)
        self._blocks_pending = 0
        self._last_chunk = 0
        self.reload()
        database.on_rollback(self.reload)

    def reload(self) -> None:
        """Find the nodes again that the index on disk does not know.

        One that is not what its key says counts as missing, and comes back with its block: each is
        hashed, which are those of INDEX_FLUSH_BLOCKS_MAX blocks at most.
        """
        self._pending.clear()
        self._codes.clear()
        indexed = self._meta.number(NODE_INDEXED) or 0
        self._last_chunk = indexed
        rows = self._database.each(
            "SELECT id, data FROM node_chunk WHERE id > ? ORDER BY id", indexed
        )
        for number, data in rows:
            self._last_chunk = number
            with suppress(CodecError):  # what stands behind a damaged length is missing too
                for entry in entries(data):
                    if keccak256(entry.raw) == entry.key:
                        self._pending[entry.key] = (number, entry.offset)
        # counted anew: a store that is opened often would never write its index otherwise
        self._blocks_pending = INDEX_FLUSH_BLOCKS_MAX if self._pending else 0

    def node(self, key: Hash32) -> bytes | None:
        """Give the RLP of a trie node, or None.

        raises        CorruptStoreError: what stands where the index points to is another node, or
                      does not hash to its key: nobody above would blame the disk for it.
        """
        place = self._pending.get(key)
        if place is None:
            row = self._database.row(
                'SELECT data, "offset" FROM node_index LEFT JOIN node_chunk ON id = chunk'
                " WHERE hash = ?",
                key,
            )
            if row is None:
                return None
            data, offset = row
        else:
            offset = place[1]
            row = self._database.row("SELECT data FROM node_chunk WHERE id = ?", place[0])
            data = None if row is None else row[0]
        if data is None:
            raise CorruptStoreError("node_index", f"0x{key.hex()}", "its chunk is missing")
        try:
            raw = entry_at(data, offset, key)
        except CodecError as error:
            raise CorruptStoreError("node_index", f"0x{key.hex()}", str(error)) from error
        return _hashed("node_chunk", key, raw)

    def place(self, key: Hash32) -> tuple[int, int] | None:
        """Give the chunk of a node and where it begins in it, or None."""
        found = self._pending.get(key)
        if found is not None:
            return found
        row = self._database.row('SELECT chunk, "offset" FROM node_index WHERE hash = ?', key)
        return None if row is None else (row[0], row[1])

    def code(self, key: Hash32) -> bytes | None:
        """Give the code of a contract, or None.

        raises        CorruptStoreError: what is stored does not hash to its key.
        """
        code = self._codes.get(key)
        if code is None:
            row = self._database.row("SELECT code FROM code WHERE code_hash = ?", key)
            if row is None:
                return None
            code = _hashed("code", key, row[0])
            self._codes.put(key, code)
        return code

    def put(self, nodes: Mapping[Hash32, bytes], code: Mapping[Hash32, bytes]) -> None:
        """Keep the nodes and the code of one block.

        A node that an older block wrote is appended once more: looking for each of them would cost
        more than the few that come again.  What was damaged is whole again.
        raises        CodecError: a node is longer than NODE_BYTES_MAX.
        """
        with self._database.batch():
            pending = self._pending
            self.append(pair for pair in nodes.items() if pair[0] not in pending)
            if code:
                self._database.write_many("INSERT OR REPLACE INTO code VALUES (?, ?)", code.items())
            if nodes:
                self._blocks_pending += 1
                if self._blocks_pending >= INDEX_FLUSH_BLOCKS_MAX:
                    self.flush()

    def own(self, root: Hash32) -> None:
        """Do nothing: nobody else puts anything in here."""

    def append(self, nodes: Iterable[tuple[Hash32, bytes]]) -> None:
        """Write nodes into new chunks; part of the running batch."""
        rows: list[tuple[int, bytes, int]] = []
        for data, places in pack(nodes):
            self._last_chunk += 1
            number = self._last_chunk
            rows.append((number, data, chunk_checksum(number, data)))
            for key, offset in places:
                self._pending[key] = (number, offset)
        self._database.write_many("INSERT INTO node_chunk VALUES (?, ?, ?)", rows)

    def flush(self) -> int:
        """Write the index of all nodes, sorted; give the last chunk.  Part of the running batch."""
        pending = self._pending
        if pending:  # keys alone sort faster than pairs
            self._database.write_many(_INDEX, ((key, *pending[key]) for key in sorted(pending)))
            self._meta.set(NODE_INDEXED, self._last_chunk)
            self._pending.clear()
        self._blocks_pending = 0
        return self._last_chunk


def _hashed(table: str, key: Hash32, raw: bytes) -> bytes:
    got = keccak256(raw)
    if got != key:
        raise CorruptStoreError(table, f"0x{key.hex()}", f"hashes to 0x{got.hex()}")
    return raw
