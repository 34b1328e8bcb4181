"""Blocks of which only the counts are real: rows of an index without bytes, under ``Holds``."""

from node.ipfs_lite.blocks import Guard, Pin
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.graph import codec_of, links_in
from node.ipfs_lite.holds import Holds
from node.ipfs_lite.hybrid_schema import PAGE_BYTES, STATEMENTS
from node.storage.database import Database


def new_index(path) -> Database:
    """Make an empty index."""
    database = Database(path, page_bytes=PAGE_BYTES, is_erasing=True)
    with database.batch():
        for statement in STATEMENTS:
            database.write(statement)
    return database


class Counted:
    """Every call belongs to the running batch."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.holds = Holds(database)

    def put(self, cid, data, guard: Guard | None = None) -> None:
        key = multihash_of(cid)
        if self.database.row("SELECT 1 FROM blocks WHERE mh = ?", key):
            self.database.write("UPDATE blocks SET bad = 0 WHERE mh = ?", key)
        else:
            self.database.write(
                "INSERT INTO blocks (mh, size, codec, class, data) VALUES (?, ?, ?, 0, ?)",
                *(key, len(data), codec_of(cid), data),
            )
            (number,) = self.database.row("SELECT id FROM blocks WHERE mh = ?", key)
            self.holds.arrived(number, key, links_in(data))
        if guard is not None:
            self.holds.guard(guard.session, (key,), guard.expires_s)

    def delete(self, cid) -> None:
        key = multihash_of(cid)
        row = self.database.row("SELECT id FROM blocks WHERE mh = ?", key)
        if row is not None:
            self.holds.leaving(row[0], key)
            self.database.write("DELETE FROM links WHERE parent = ?", row[0])
            self.database.write("DELETE FROM blocks WHERE id = ?", row[0])

    def corrupt(self, cid) -> None:
        self.database.write("UPDATE blocks SET bad = 1 WHERE mh = ?", multihash_of(cid))

    def pin(self, pin: Pin) -> None:
        self.holds.pin(pin)

    def unpin(self, cid) -> Pin:
        return self.holds.unpin(cid)

    def garbage(self) -> list[bytes]:
        """Give what neither pins nor any guard keeps."""
        rows = self.database.read(
            "SELECT mh FROM blocks WHERE held = 0 AND direct = 0"
            " AND mh NOT IN (SELECT mh FROM guards) ORDER BY mh"
        )
        return [mh for (mh,) in rows]

    def counts(self, cid) -> tuple[int, int]:
        return self.database.row("SELECT held, direct FROM blocks WHERE mh = ?", multihash_of(cid))
