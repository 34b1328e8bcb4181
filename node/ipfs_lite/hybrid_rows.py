"""The rows of blocks in the index of a durable store."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import RAW
from node.storage.database import Database, Value

CLASS_NUMBERS: Final = {BlockClass.SEALED: 0, BlockClass.PUBLIC: 1}
"""Of two classes the smaller number wins: once sealed stays sealed."""
_CLASSES: Final = {number: klass for klass, number in CLASS_NUMBERS.items()}

_ROWS_READ_COUNT: Final = 16
"""Rows that a walk holds at once: four megabytes of short blocks."""


class Row(NamedTuple):
    """What is known of a block besides its bytes."""

    id: int
    size: int
    codec: int
    is_bad: bool
    klass: BlockClass
    is_file: bool


class Found(NamedTuple):
    """Where a block is."""

    id: int
    multihash: bytes
    size: int
    is_file: bool


class Stored(NamedTuple):
    """A block as it lies there."""

    id: int
    multihash: bytes
    is_bad: bool
    dek: bytes | None
    data: bytes | None
    """None: it is a file."""


class BlockRows:
    """Reads and writes rows; what is written is part of the running batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, multihash: bytes) -> Row | None:
        """Give the row of a block, a bad one too."""
        return self.find_all((multihash,)).get(multihash)

    def found(self, multihash: bytes) -> Found | None:
        """Give where a block is, a bad one too."""
        row = self._database.row(
            "SELECT id, mh, size, data IS NULL FROM blocks WHERE mh = ?", multihash
        )
        return None if row is None else _found(*row)

    def children(self, parent: int) -> list[tuple[int, Found]]:
        """Give the present blocks that a block points to, each with the codec of the link."""
        rows = self._database.read(
            "SELECT links.codec, id, mh, size, data IS NULL FROM links JOIN blocks ON mh = child"
            " WHERE parent = ?",
            parent,
        )
        return [(codec, _found(*row)) for codec, *row in rows]

    def garbage(self, last_id: int, count: int) -> list[Found]:
        """Give the first blocks after ``last_id`` that no pin and no guard keeps."""
        rows = self._database.read(
            "SELECT id, mh, size, data IS NULL FROM blocks WHERE held = 0 AND direct = 0 AND id > ?"
            " AND NOT EXISTS (SELECT 1 FROM guards WHERE guards.mh = blocks.mh)"
            " ORDER BY id LIMIT ?",
            *(last_id, count),
        )
        return [_found(*row) for row in rows]

    def find_all(self, multihashes: Sequence[bytes]) -> dict[bytes, Row]:
        """Give the rows of those blocks that are here; at most some thousands are asked for."""
        marks = ",".join("?" * len(multihashes))
        rows = self._database.read(
            "SELECT mh, id, size, codec, bad, class, data IS NULL FROM blocks "  # noqa: S608 - marks only
            f"WHERE mh IN ({marks})",
            *multihashes,
        )
        return {
            mh: Row(number, size, codec, bool(bad), _CLASSES[klass], bool(is_file))
            for mh, number, size, codec, bad, klass, is_file in rows
        }

    def stored(self, multihash: bytes) -> Stored | None:
        """Give a block as it lies there."""
        row = self._database.row(
            "SELECT id, mh, bad, dek, data FROM blocks WHERE mh = ?", multihash
        )
        return None if row is None else Stored(row[0], row[1], bool(row[2]), row[3], row[4])

    def each_stored(self) -> Iterator[Stored]:
        """Give all blocks in the order of their ids; the store may change meanwhile."""
        last = -1
        while True:
            rows = self._database.read(
                "SELECT id, mh, bad, dek, data FROM blocks WHERE id > ? ORDER BY id LIMIT ?",
                *(last, _ROWS_READ_COUNT),
            )
            for number, mh, bad, dek, data in rows:
                yield Stored(number, mh, bool(bad), dek, data)
                last = number
            if len(rows) < _ROWS_READ_COUNT:
                return

    def each_multihash(self) -> Iterator[bytes]:
        """Give all keys in ascending order; the store must not change meanwhile."""
        for (mh,) in self._database.each("SELECT mh FROM blocks ORDER BY mh"):
            yield mh

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt, in ascending order."""
        rows = self._database.read("SELECT mh FROM blocks WHERE bad = 1 ORDER BY mh")
        return tuple(mh for (mh,) in rows)

    def files(self, *, with_bad: bool) -> list[bytes]:
        """Give the keys of blocks that are files, in ascending order."""
        rows = self._database.read(
            "SELECT mh FROM blocks WHERE data IS NULL AND bad <= ? ORDER BY mh", int(with_bad)
        )
        return [mh for (mh,) in rows]

    def usage(self) -> tuple[int, int]:
        """Give how many blocks there are, and their bytes."""
        row = self._database.row("SELECT blocks, bytes FROM usage")
        return (0, 0) if row is None else (row[0], row[1])

    def count_usage(self) -> tuple[int, int]:
        """Count what ``usage`` remembers: this reads every row."""
        row = self._database.row("SELECT count(*), coalesce(sum(size), 0) FROM blocks")
        return (0, 0) if row is None else (row[0], row[1])

    def next_id(self) -> int:
        """Give the first id that is free above all others."""
        row = self._database.row("SELECT coalesce(max(id), 0) + 1 FROM blocks")
        return 1 if row is None else int(row[0])

    def insert(self, rows: Sequence[Sequence[Value]], size_bytes: int) -> None:
        """Add blocks: id, multihash, size, codec, class number, wrapped data key, data.

        ``size_bytes``  the sum of their sizes.
        """
        self._database.write_many(
            "INSERT INTO blocks (id, mh, size, codec, class, dek, data) VALUES (?,?,?,?,?,?,?)",
            rows,
        )
        self._use(len(rows), size_bytes)

    def heal(self, number: int, dek: bytes | None, data: bytes | None) -> None:
        """Give a bad block its bytes back."""
        self._database.write(
            "UPDATE blocks SET bad = 0, dek = ?, data = ? WHERE id = ?", dek, data, number
        )

    def set_codec(self, number: int, codec: int) -> None:
        """Say how a block is read that was raw bytes until now."""
        self._database.write(
            "UPDATE blocks SET codec = ? WHERE id = ? AND codec = ?", codec, number, RAW
        )

    def set_class(self, number: int, klass: BlockClass) -> None:
        """Say what a block may be shown to."""
        self._database.write(
            "UPDATE blocks SET class = ? WHERE id = ?", CLASS_NUMBERS[klass], number
        )

    def wrapped_keys(self, last: int, count: int) -> list[tuple[int, bytes, bytes]]:
        """Give id, multihash and wrapped data key of the next rows after an id."""
        return self._database.read(
            "SELECT id, mh, coalesce(dek, x'') FROM blocks WHERE id > ? ORDER BY id LIMIT ?",
            *(last, count),
        )

    def set_wrapped_keys(self, keys: Iterable[tuple[bytes, int]]) -> None:
        """Replace wrapped data keys, each before the id of its row."""
        self._database.write_many("UPDATE blocks SET dek = ? WHERE id = ?", keys)

    def mark_bad(self, multihashes: Iterable[bytes]) -> None:
        """Remember that the bytes of blocks are wrong."""
        self._database.write_many(
            "UPDATE blocks SET bad = 1 WHERE mh = ?", ((mh,) for mh in multihashes)
        )

    def delete(self, found: Sequence[Found]) -> None:
        """Take blocks out, with what they point to and who claims them."""
        ids = [(one.id,) for one in found]
        self._database.write_many("DELETE FROM links WHERE parent = ?", ids)
        self._database.write_many(
            "DELETE FROM claims WHERE mh = ?", [(one.multihash,) for one in found]
        )
        self._database.write_many("DELETE FROM blocks WHERE id = ?", ids)
        self._use(-len(found), -sum(one.size for one in found))

    def _use(self, blocks: int, size_bytes: int) -> None:
        self._database.write(
            "UPDATE usage SET blocks = blocks + ?, bytes = bytes + ?", blocks, size_bytes
        )

    def queue_unlinks(self, names: Iterable[str], *, must_overwrite: bool = False) -> None:
        """Let files go once the batch is durable; once to be overwritten, always so."""
        self._database.write_many(
            "INSERT INTO unlink_queue VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET overwrite = max(overwrite, excluded.overwrite)",
            [(name, int(must_overwrite)) for name in names],
        )


def _found(number: int, multihash: bytes, size: int, is_file: int) -> Found:
    return Found(number, multihash, size, bool(is_file))
