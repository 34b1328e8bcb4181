"""Where a node keeps blocks: the protocols of every store.

A store is keyed by multihash: the same bytes under raw, dag-pb, v0 or v1 are one block.  Bytes are
hashed on the way in and on every way out (content-store.md, section 8: HashOnRead is on).
"""

from collections.abc import Iterator
from typing import Protocol

from node.base.types import Cid
from node.ipfs_lite.blocks import (
    AccessRule,
    Batch,
    BlockClass,
    Erased,
    EraseOrder,
    Pin,
    Problem,
)


class BlockReader(Protocol):
    """A set of verified blocks, to look at."""

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

    def count(self) -> int:
        """Give the number of blocks, bad ones included."""
        ...

    def multihashes(self) -> Iterator[bytes]:
        """Give every key in ascending order, bad ones included."""
        ...

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt, in ascending order."""
        ...


class BlockKeeper(BlockReader, Protocol):
    """A set of blocks that can be added to and taken from."""

    def put(self, cid: Cid, data: bytes, klass: BlockClass) -> None:
        """Keep one block: ``commit`` with nothing else; it may be collected at once."""
        ...

    def delete(self, cid: Cid) -> bool:
        """Take a block out by force, whatever holds it; say whether it was there, good or bad."""
        ...


class BlockStore(BlockKeeper, Protocol):
    """Blocks, what holds them, and who may read them; durable or passing."""

    def commit(self, batch: Batch) -> None:
        """Make a batch durable, all of it or nothing: when this returns, it is acknowledged.

        A present good block is not written again, and still gets guard, claim and pin; a bad one
        is replaced.  A block once sealed stays sealed, whatever a later batch says.  A recursive
        pin replaces a direct one; repeating a pin is idempotent and keeps ``created_s``.

        raises        BlockMismatchError: bytes with another hash.  BlockTooLargeError: above
                      BLOCK_BYTES_MAX.  TombstonedError: erased by order.  IncompleteError: a
                      recursive pin of a graph with missing or bad blocks.  PinConflictError: a
                      direct pin where a recursive one is, or a bad name.  StoreFullError: no room.
                      ReadOnlyError: the disk failed before.  BadCidError, HashNotAllowedError.
        """
        ...

    def remove(self, cid: Cid, *, now_s: int) -> bool:
        """Take a block out if nothing holds it; say whether it was there.  raises PinnedError."""
        ...

    def unpin(self, cid: Cid) -> Pin:
        """Take a pin off and give it.  raises PinConflictError: there is none."""
        ...

    def pin_of(self, cid: Cid) -> Pin | None:
        """Give the pin of exactly this CID."""
        ...

    def pins(self) -> Iterator[Pin]:
        """Give all pins in the order of their CIDs' bytes."""
        ...

    def why_live(self, cid: Cid, *, now_s: int) -> str | None:
        """Say in words what keeps a present block (PinnedError.reason), None for garbage."""
        ...

    def collect(self, *, now_s: int) -> Iterator[bytes]:
        """Delete what nothing holds; give each multihash once it is gone for good.

        At most GC_BATCH_BLOCKS_COUNT_MAX blocks in one transaction, which reads again what holds
        them; the store may be used between two results.
        """
        ...

    def verify(self) -> Iterator[Problem]:
        """Hash every block and compare files with rows; bad ones are marked."""
        ...

    def erase(self, order: EraseOrder) -> Erased:
        """Destroy a graph so that its bytes are in no file of the store any more (section 10).

        When this returns, the log of the index is truncated too.  Blocks get a tombstone.

        raises        RetentionError: too early; nothing was done.  StorageError: the disk failed;
                      what is queued goes on when the store is opened again.
        """
        ...

    def is_tombstoned(self, multihash: bytes) -> bool:
        """Say whether a block was erased by order."""
        ...

    def set_rules(self, root: Cid, rules: tuple[AccessRule, ...]) -> None:
        """Replace who may read what a root claims."""
        ...

    def rules_for(self, multihash: bytes, subject: bytes) -> tuple[AccessRule, ...]:
        """Give the rules of a subject over all roots that claim a block, in a stable order.

        One question to the index, whether or not the block is here.
        """
        ...

    def claims_of(self, multihash: bytes) -> tuple[Cid, ...]:
        """Give the roots that claim a block, in the order of their bytes."""
        ...

    def close(self) -> None:
        """End the use of the store; a second time does nothing."""
        ...
