"""Claims and rules in the index of a durable store (content-store.md, section 12).

Each question is one statement, whether or not the block is here: a difference could be measured
from outside.
"""

from collections.abc import Iterable

from node.base.types import Cid
from node.ipfs_lite import access_rules
from node.ipfs_lite.blocks import AccessRule
from node.storage.database import Database


class AccessRows:
    """Reads and writes who may read what; what is written is part of the running batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, multihashes: Iterable[bytes], root: Cid) -> None:
        """Say that the bytes of blocks arrived in the ingest of a root."""
        self._database.write_many(
            "INSERT OR IGNORE INTO claims VALUES (?, ?)",
            [(multihash, root) for multihash in multihashes],
        )

    def claims_of(self, multihash: bytes) -> tuple[Cid, ...]:
        """Give the roots that claim a block, in the order of their bytes."""
        rows = self._database.read("SELECT root FROM claims WHERE mh = ? ORDER BY root", multihash)
        return tuple(Cid(root) for (root,) in rows)

    def set_rules(self, root: Cid, rules: Iterable[AccessRule]) -> None:
        """Replace who may read what a root claims."""
        self._database.write("DELETE FROM acl WHERE root = ?", root)
        self._database.write_many(
            "INSERT INTO acl VALUES (?, ?, ?, ?, ?)", access_rules.settled(root, rules)
        )

    def rules_for(self, multihash: bytes, subject: bytes) -> tuple[AccessRule, ...]:
        """Give the rules of a subject over all roots that claim a block, in ascending order."""
        rows = self._database.read(
            "SELECT root, subject, source, not_before, not_after FROM claims JOIN acl USING (root)"
            " WHERE mh = ? AND subject = ? ORDER BY root, source, not_before",
            *(multihash, subject),
        )
        return tuple(AccessRule(Cid(root), *rest) for root, *rest in rows)

    def forget(self, root: Cid) -> None:
        """Take out what a root claims and who may read it."""
        self._database.write("DELETE FROM claims WHERE root = ?", root)
        self._database.write("DELETE FROM acl WHERE root = ?", root)
