"""What remains of an erased block: a double hash, which refuses it and does not name it.

The form is that of IPIP-0383, so that the list can be given to others (content-store.md, 10).
"""

from collections.abc import Iterable
from hashlib import sha256

from node.ipfs_lite.cid import to_text
from node.storage.database import Database


def double_hash(multihash: bytes) -> bytes:
    """Give the 32 bytes that stand for a block: sha2-256 over the text of its multihash."""
    return sha256(to_text(multihash).encode()).digest()  # a bare multihash is a CIDv0


def denylist_line(h2: bytes) -> str:
    """Give the line of a denylist for one tombstone (IPIP-0383, double hash)."""
    return "//" + to_text(b"\x12\x20" + h2)


class Tombstones:
    """The tombstones of one index; what is written is part of the running batch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has_any = bool(database.read("SELECT 1 FROM tombstones LIMIT 1"))

    def has(self, multihash: bytes) -> bool:
        """Say whether a block was erased by order."""
        # most stores have none, and the hash of a text costs more than the rest of a small put
        return self._has_any and bool(
            self._database.row("SELECT 1 FROM tombstones WHERE h2 = ?", double_hash(multihash))
        )

    def add(self, multihashes: Iterable[bytes], order_id: bytes, at_s: int) -> None:
        """Forbid blocks; the first order stays."""
        self._has_any = True
        self._database.write_many(
            "INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?)",
            [(double_hash(multihash), order_id, at_s) for multihash in multihashes],
        )

    def of_order(self, order_id: bytes) -> tuple[bytes, ...]:
        """Give the double hashes that an order has forbidden, in ascending order."""
        rows = self._database.read(
            "SELECT h2 FROM tombstones WHERE order_id = ? ORDER BY h2", order_id
        )
        return tuple(h2 for (h2,) in rows)
