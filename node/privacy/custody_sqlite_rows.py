"""The rows of one deal in a durable custody store, and the one path on which they are destroyed.

``replace``: new key durable, then ONE transaction that seals what stays under it, then the old key
is destroyed and SQLite's log cut.  A crash in between leaves a key that nothing is under; the next
opening destroys it.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from node.base.errors import CorruptStoreError
from node.base.ports import Entropy
from node.privacy.custody_sqlite_keys import RowKey, RowKeys
from node.privacy.custody_store import Holding
from node.storage.database import Database

_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """All that is kept of one deal, in the clear."""

    holding: Holding | None
    lent: Mapping[bytes, bytes]
    steps: Sequence[bytes]
    renewal: bytes | None

    @property
    def objects(self) -> int:
        """Shares and steps."""
        return len(self.lent) + len(self.steps) + int(self.holding is not None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept, not even the digest of a renewal."""
        return self.objects == 0 and self.renewal is None


class DealRows:
    """Reads and writes what is kept of deals."""

    def __init__(self, database: Database, keys: RowKeys, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._entropy = entropy

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give the share with its manifest, None if there is none."""
        row = self._database.row("SELECT sealed FROM holdings WHERE deal = ?", deal_id)
        if row is None:
            return None
        plain = self.key(deal_id).open(place("holdings", deal_id), row[0])
        end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES])
        return Holding(plain[_LENGTH_BYTES:end], plain[end:])

    def lent(self, deal_id: bytes, grant_id: bytes) -> bytes | None:
        """Give a grant share, None if there is none."""
        row = self._database.row(
            "SELECT sealed FROM lent WHERE deal = ? AND grant_id = ?", deal_id, grant_id
        )
        if row is None:
            return None
        return self.key(deal_id).open(place("lent", deal_id, grant_id), row[0])

    def renewal(self, deal_id: bytes) -> bytes | None:
        """Give the digest of the last renewal, None if there was none."""
        row = self._database.row("SELECT digest FROM renewals WHERE deal = ?", deal_id)
        return None if row is None else bytes(row[0])

    def key(self, deal_id: bytes) -> RowKey:
        """Give what the rows of a deal lie under.  raises CorruptStoreError: there is no key."""
        name = self.key_name(deal_id)
        if name is None:
            path = str(self._database.path)
            raise CorruptStoreError(path, "deal_keys", f"{deal_id.hex()} has rows and no key")
        return self._keys.read(name)

    def key_name(self, deal_id: bytes) -> str | None:
        """Give the name of a deal's key, None for a deal without rows."""
        row = self._database.row("SELECT name FROM deal_keys WHERE deal = ?", deal_id)
        return None if row is None else str(row[0])

    def count(self, deal_id: bytes) -> int:
        """Give the number of shares and steps of a deal."""
        row = self._database.row(
            "SELECT (SELECT count(*) FROM holdings WHERE deal = ?1)"
            " + (SELECT count(*) FROM lent WHERE deal = ?1)"
            " + (SELECT count(*) FROM steps WHERE deal = ?1)",
            deal_id,
        )
        return 0 if row is None else int(row[0])

    def kept(self, deal_id: bytes) -> Kept:
        """Read all of a deal; ``position`` of a step is its number."""
        if not self.count(deal_id):
            return Kept(None, {}, (), self.renewal(deal_id))
        key = self.key(deal_id)
        lent = self._database.read(
            "SELECT grant_id, sealed FROM lent WHERE deal = ? ORDER BY grant_id", deal_id
        )
        steps = self._database.read(
            "SELECT position, sealed FROM steps WHERE deal = ? ORDER BY position", deal_id
        )
        return Kept(
            self.holding(deal_id),
            {one: key.open(place("lent", deal_id, one), sealed) for one, sealed in lent},
            [key.open(step_place(deal_id, at), sealed) for at, sealed in steps],
            self.renewal(deal_id),
        )

    @contextmanager
    def adding(self, deal_id: bytes) -> Generator[RowKey]:
        """Open a transaction that adds rows under the deal's key, a new one if it has none."""
        name = self.key_name(deal_id)
        key = self._keys.make() if name is None else self._keys.read(name)
        with self._database.batch():
            if name is None:
                self._database.write("INSERT INTO deal_keys VALUES (?, ?)", deal_id, key.name)
            yield key

    def replace(self, deal_id: bytes, kept: Kept) -> None:
        """Keep this of a deal and nothing else, under a new key; destroy the old one."""
        old = self.key_name(deal_id)
        key = None if kept.is_empty else self._keys.make()
        with self._database.batch():
            for table in ("holdings", "lent", "steps", "renewals", "deal_keys"):
                self._database.write(f"DELETE FROM {table} WHERE deal = ?", deal_id)  # noqa: S608 - the names stand above
            if key is not None:
                self._database.write("INSERT INTO deal_keys VALUES (?, ?)", deal_id, key.name)
                self._write(key, deal_id, kept)
        # after a failed commit nobody knows which of the two keys counts: the next opening does
        self.destroy(old)

    def destroy(self, name: str | None) -> None:
        """Destroy a key, and clear SQLite's log of what lay under it."""
        if name is not None:
            self._keys.destroy(name)
            self._database.truncate_log()

    def _write(self, key: RowKey, deal_id: bytes, kept: Kept) -> None:
        if kept.holding is not None:
            self.write_holding(key, deal_id, kept.holding)
        for grant_id, share in sorted(kept.lent.items()):
            self.write_lent(key, deal_id, grant_id, share)
        for position, step in enumerate(kept.steps):
            self.write_step(key, deal_id, position, step)
        if kept.renewal is not None:
            self._database.write("INSERT INTO renewals VALUES (?, ?)", deal_id, kept.renewal)

    def write_holding(self, key: RowKey, deal_id: bytes, holding: Holding) -> None:
        """Add the share with its manifest to the running batch."""
        plain = len(holding.manifest).to_bytes(_LENGTH_BYTES) + holding.manifest + holding.share
        sealed = key.seal(place("holdings", deal_id), plain, self._entropy)
        self._database.write("INSERT INTO holdings VALUES (?, ?)", deal_id, sealed)

    def write_lent(self, key: RowKey, deal_id: bytes, grant_id: bytes, share: bytes) -> None:
        """Add a grant share to the running batch."""
        sealed = key.seal(place("lent", deal_id, grant_id), share, self._entropy)
        self._database.write("INSERT INTO lent VALUES (?, ?, ?)", deal_id, grant_id, sealed)

    def write_step(self, key: RowKey, deal_id: bytes, position: int, step: bytes) -> None:
        """Add the step of a position to the running batch."""
        sealed = key.seal(step_place(deal_id, position), step, self._entropy)
        self._database.write("INSERT INTO steps VALUES (?, ?, ?)", deal_id, position, sealed)


def place(table: str, *key: bytes) -> bytes:
    """Name the place of a row: sealed bytes open there and nowhere else."""
    return table.encode() + b"\x00" + b"".join(len(part).to_bytes(4) + part for part in key)


def step_place(deal_id: bytes, position: int) -> bytes:
    """Name the place of a step."""
    return place("steps", deal_id, position.to_bytes(8))
