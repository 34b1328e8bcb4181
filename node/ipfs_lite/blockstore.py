"""Where a node keeps blocks: the protocol of every store, and one in memory.

A store is keyed by multihash: the same bytes under raw, dag-pb, v0 or v1 are one block.  Bytes are
hashed on the way in and on every way out (content-store.md, section 8: HashOnRead is on).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Protocol

from node.base.limits import BLOCK_BYTES_MAX, STORE_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.cid import is_block_of, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    CorruptBlockError,
    NotFoundError,
    StoreFullError,
)


class BlockClass(Enum):
    """What a block may be shown to.  There is no default: the writer has to say it."""

    SEALED = "sealed"
    """Ciphertext or a share: a CID of guessable plaintext would answer guesses."""
    PUBLIC = "public"
    """Open to every validator."""


class BlockStore(Protocol):
    """A durable or a passing set of verified blocks."""

    def put(self, cid: Cid, data: bytes, klass: BlockClass) -> None:
        """Keep a block; a present good one is left as it is, a bad one is replaced.

        A block once sealed stays sealed, whatever a later put says.

        raises        BlockMismatchError: ``data`` has another hash.  BlockTooLargeError: above
                      BLOCK_BYTES_MAX.  StoreFullError: no room.  BadCidError, HashNotAllowedError.
        """
        ...

    def get(self, cid: Cid) -> bytes:
        """Give the bytes, after hashing them.

        raises        NotFoundError: absent.  CorruptBlockError: the bytes changed; the block is
                      marked bad and counts as absent until a put heals it.
        """
        ...

    def has(self, cid: Cid) -> bool:
        """Say whether a good block is here; the bytes are not hashed for this."""
        ...

    def size(self, cid: Cid) -> int | None:
        """Give the length of a good block, None for an absent or bad one."""
        ...

    def class_of(self, cid: Cid) -> BlockClass:
        """Give what the writer said.  raises NotFoundError."""
        ...

    def delete(self, cid: Cid) -> bool:
        """Forget a block; say whether it was there, good or bad."""
        ...

    def count(self) -> int:
        """Give the number of blocks, bad ones included."""
        ...

    def multihashes(self) -> Iterator[bytes]:
        """Give every key in ascending order, bad ones included."""
        ...

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt, in ascending order."""
        ...


@dataclass(slots=True)
class _Row:
    data: bytes
    klass: BlockClass
    is_bad: bool = False


class MemoryStore:
    """A store that lives as long as its process: simulations and tests."""

    def __init__(self, bytes_max: int = STORE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._rows: dict[bytes, _Row] = {}

    def put(self, cid: Cid, data: bytes, klass: BlockClass) -> None:
        """Keep a block; see ``BlockStore.put``."""
        if len(data) > BLOCK_BYTES_MAX:
            raise BlockTooLargeError(to_text(cid), len(data), BLOCK_BYTES_MAX)
        if not is_block_of(cid, data):
            raise BlockMismatchError(to_text(cid))
        key = multihash_of(cid)
        row = self._rows.get(key)
        old_bytes = len(row.data) if row else 0
        free = self._bytes_max - self._bytes + old_bytes
        if len(data) > free:
            raise StoreFullError(to_text(cid), len(data), free)
        if row is not None and row.klass is BlockClass.SEALED:
            klass = BlockClass.SEALED
        self._rows[key] = _Row(data, klass)
        self._bytes += len(data) - old_bytes

    def get(self, cid: Cid) -> bytes:
        """Give verified bytes; see ``BlockStore.get``."""
        key = multihash_of(cid)
        row = self._rows.get(key)
        if row is None:
            raise NotFoundError(to_text(cid))
        if row.is_bad or sha256(row.data).digest() != key[2:]:
            row.is_bad = True
            raise CorruptBlockError(to_text(cid))
        return row.data

    def has(self, cid: Cid) -> bool:
        """Say whether a good block is here."""
        return self.size(cid) is not None

    def size(self, cid: Cid) -> int | None:
        """Give the length of a good block."""
        row = self._rows.get(multihash_of(cid))
        return None if row is None or row.is_bad else len(row.data)

    def class_of(self, cid: Cid) -> BlockClass:
        """Give what the writer said."""
        row = self._rows.get(multihash_of(cid))
        if row is None:
            raise NotFoundError(to_text(cid))
        return row.klass

    def delete(self, cid: Cid) -> bool:
        """Forget a block."""
        row = self._rows.pop(multihash_of(cid), None)
        if row is None:
            return False
        self._bytes -= len(row.data)
        return True

    def count(self) -> int:
        """Give the number of blocks."""
        return len(self._rows)

    def multihashes(self) -> Iterator[bytes]:
        """Give every key in ascending order."""
        return iter(sorted(self._rows))

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt."""
        return tuple(sorted(key for key, row in self._rows.items() if row.is_bad))
