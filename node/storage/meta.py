"""What a store says about itself: named values, each with a checksum."""

from typing import Final
from zlib import crc32

from node.base.errors import CorruptStoreError
from node.storage.database import Database

SCHEMA: Final = "schema"
CHAIN_ID: Final = "chain_id"
GENESIS_HASH: Final = "genesis_hash"
PROFILE: Final = "profile"
MODE: Final = "mode"
"""``archive`` or ``pruned N``."""
HEAD: Final = "head"
FINALIZED: Final = "finalized"
KEPT_FROM: Final = "kept_from"
"""Number of the oldest block whose state is kept, apart from the genesis."""
SWEEPING: Final = "sweeping"
"""1 from the beginning of a sweep to its end; 0 or missing: no old state takes room."""
NODE_INDEXED: Final = "node_indexed"
"""Last chunk whose nodes all stand in ``node_index``."""
KEYS: Final = frozenset(
    (
        SCHEMA,
        CHAIN_ID,
        GENESIS_HASH,
        PROFILE,
        MODE,
        HEAD,
        FINALIZED,
        KEPT_FROM,
        SWEEPING,
        NODE_INDEXED,
    )
)


def checksum(key: str, value: bytes) -> int:
    """Give what stands beside a value: nothing else would show that a byte of it changed."""
    return crc32(key.encode() + b"\0" + value)


class Meta:
    """The named values of one file; numbers are decimal text."""

    def __init__(self, database: Database, keys: frozenset[str] = KEYS) -> None:
        self._database = database
        self._keys = keys

    def check_names(self) -> None:
        """See that nothing stands under a name that was another one.

        raises        CorruptStoreError: nobody knows a name, so the value of another is missing.
        """
        for (key,) in self._database.read("SELECT key FROM meta"):
            if key not in self._keys:
                raise CorruptStoreError("meta", str(key), "nobody knows this name")

    def get(self, key: str) -> bytes | None:
        """Give a value, or None.

        raises        CorruptStoreError: it does not fit its checksum.
        """
        row = self._database.row("SELECT value, crc FROM meta WHERE key = ?", key)
        if row is None:
            return None
        value, crc = row
        if not isinstance(value, bytes) or crc != checksum(key, value):
            raise CorruptStoreError("meta", key, "the value does not fit its checksum")
        return value

    def number(self, key: str) -> int | None:
        """Give a number, or None; errors as ``get``."""
        value = self.get(key)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError as error:
            raise CorruptStoreError("meta", key, "the value is no number") from error

    def set(self, key: str, value: bytes | int | str) -> None:
        """Keep a value; part of the running batch."""
        assert key in self._keys
        raw = value if isinstance(value, bytes) else str(value).encode()
        self._database.write(
            "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", key, raw, checksum(key, raw)
        )
