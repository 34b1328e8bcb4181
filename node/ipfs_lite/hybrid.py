"""The durable block store: an index in SQLite with short blocks as rows, long ones as files.

What a commit acknowledges survives SIGKILL and a power cut; what is read from the disk is hashed
before anybody sees it (content-store.md, section 8).  The parts stand in ``hybrid_open`` (is this
the right store), ``hybrid_recover`` (after a crash), ``hybrid_write`` (a batch), ``hybrid_rows``
(the table of blocks), ``hybrid_verify``, ``flatfs`` (files), ``seal`` (encryption), ``holds``,
``gc`` and ``erase``.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from node.base.errors import CorruptStoreError
from node.base.ports import Entropy
from node.base.types import Cid
from node.ipfs_lite.blocks import (
    AccessRule,
    Batch,
    Block,
    BlockClass,
    Erased,
    EraseOrder,
    Pin,
    Problem,
)
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.erase import erase
from node.ipfs_lite.errors import (
    CorruptBlockError,
    DamagedIndexError,
    NotFoundError,
    PinnedError,
    StoreKeyError,
)
from node.ipfs_lite.gc import collect
from node.ipfs_lite.holds_check import check_holds
from node.ipfs_lite.hybrid_open import CLEAN, STORE_ID, open_index
from node.ipfs_lite.hybrid_options import AtRest, StoreOptions
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.hybrid_recover import drain, drop_strays, recover
from node.ipfs_lite.hybrid_rekey import rekey
from node.ipfs_lite.hybrid_schema import FILE_NAME, PAGE_BYTES
from node.ipfs_lite.hybrid_verify import verify
from node.ipfs_lite.hybrid_write import commit
from node.ipfs_lite.key_file import KeyFile
from node.storage.database import Database
from node.storage.files import DiskFiles, Files

__all__ = ["FILES_FOLDER", "HybridStore", "StoreOptions", "StoreStat", "open_store", "rotate_key"]

FILES_FOLDER: Final = "blocks"


class StoreStat(NamedTuple):
    """What a store says of itself."""

    store_id: str
    blocks: int
    """Bad ones included."""
    bytes: int
    """Payload of the blocks, before encryption."""
    files: int
    bad: int
    bytes_max: int
    hash_on_read: bool
    at_rest: AtRest
    is_read_only: bool


class HybridStore:
    """A ``BlockStore`` on disk.  Used by one thread at a time."""

    def __init__(self, files: Files, database: Database, options: StoreOptions) -> None:
        """Check, or make, a store and finish what its last use left undone.

        The store closes the database, also when this fails.
        raises        StoreMismatchError, StoreKeyError, CorruptStoreError, StoreFullError,
                      StoreFailedError.
        """
        self._database = database
        try:
            self._meta, sealer = open_index(files, database, options)
            self._parts = Parts(files, database, options, sealer)
            recover(self._parts, self._meta)
        except BaseException:
            database.close()
            raise
        self._is_open = True

    def put(self, cid: Cid, data: bytes, klass: BlockClass) -> None:
        """Keep one block; see ``BlockKeeper.put``."""
        self.commit(Batch(blocks=(Block(cid, data),), klass=klass))

    def commit(self, batch: Batch) -> None:
        """Make a batch durable; see ``BlockStore.commit``."""
        commit(self._parts, batch)

    def get(self, cid: Cid) -> bytes:
        """Give verified bytes; see ``BlockReader.get``."""
        stored = self._parts.rows.stored(multihash_of(cid))
        if stored is None:
            raise NotFoundError(to_text(cid))
        if not stored.is_bad:
            data = self._parts.content(stored)
            if data is not None:
                return data
            self._parts.mark_bad(stored.multihash)
        raise CorruptBlockError(to_text(cid))

    def has(self, cid: Cid) -> bool:
        """Say whether a good block is here."""
        return self.size(cid) is not None

    def size(self, cid: Cid) -> int | None:
        """Give the length of a good block."""
        row = self._parts.rows.find(multihash_of(cid))
        return None if row is None or row.is_bad else row.size

    def class_of(self, cid: Cid) -> BlockClass:
        """Give what the writer said."""
        row = self._parts.rows.find(multihash_of(cid))
        if row is None:
            raise NotFoundError(to_text(cid))
        return row.klass

    def count(self) -> int:
        """Give the number of blocks."""
        return self._parts.rows.usage()[0]

    def multihashes(self) -> Iterator[bytes]:
        """Give every key in ascending order."""
        return self._parts.rows.each_multihash()

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt."""
        return self._parts.rows.bad()

    def delete(self, cid: Cid) -> bool:
        """Take a block out by force; see ``BlockKeeper.delete``."""
        parts, multihash = self._parts, multihash_of(cid)
        found = parts.rows.found(multihash)
        if found is None:
            return False
        with parts.writing():
            with parts.batch():
                parts.holds.leaving(found.id, multihash)
                parts.take_out((found,))
            drain(parts)
        return True

    def remove(self, cid: Cid, *, now_s: int) -> bool:
        """Take a block out if nothing holds it; see ``BlockStore.remove``."""
        reason = self.why_live(cid, now_s=now_s)
        if reason is not None:
            raise PinnedError(to_text(cid), reason)
        return self.delete(cid)

    def unpin(self, cid: Cid) -> Pin:
        """Take a pin off; see ``BlockStore.unpin``."""
        with self._parts.writing(), self._parts.batch():
            return self._parts.holds.unpin(cid)

    def pin_of(self, cid: Cid) -> Pin | None:
        """Give the pin of exactly this CID."""
        return self._parts.holds.pin_of(cid)

    def pins(self) -> Iterator[Pin]:
        """Give all pins in the order of their CIDs."""
        return self._parts.holds.pins()

    def why_live(self, cid: Cid, *, now_s: int) -> str | None:
        """Say what keeps a present block; see ``BlockStore.why_live``."""
        return self._parts.holds.why_live(multihash_of(cid), now_s)

    def collect(self, *, now_s: int) -> Iterator[bytes]:
        """Delete what nothing holds; see ``BlockStore.collect``."""
        return collect(self._parts, now_s=now_s)

    def check_holds(self, *, is_mending: bool = False) -> tuple[Problem, ...]:
        """Work out anew what holds each block, and put wrong counts right if asked to."""
        if not is_mending:
            return check_holds(self._database)
        with self._parts.writing(), self._parts.batch():
            return check_holds(self._database, is_mending=True)

    def erase(self, order: EraseOrder) -> Erased:
        """Destroy a graph; see ``BlockStore.erase``."""
        return erase(self._parts, order)

    def is_tombstoned(self, multihash: bytes) -> bool:
        """Say whether a block was erased by order."""
        return self._parts.tombstones.has(multihash)

    def set_rules(self, root: Cid, rules: tuple[AccessRule, ...]) -> None:
        """Replace who may read what a root claims."""
        with self._parts.writing(), self._parts.batch():
            self._parts.access.set_rules(root, rules)

    def rules_for(self, multihash: bytes, subject: bytes) -> tuple[AccessRule, ...]:
        """Give the rules of a subject over all roots that claim a block."""
        return self._parts.access.rules_for(multihash, subject)

    def claims_of(self, multihash: bytes) -> tuple[Cid, ...]:
        """Give the roots that claim a block."""
        return self._parts.access.claims_of(multihash)

    def verify(self) -> Iterator[Problem]:
        """Hash every block and compare files with rows; bad ones are marked."""
        return verify(self._parts)

    def drop_strays(self) -> None:
        """Delete the files that no block knows."""
        with self._parts.writing():
            drop_strays(self._parts)

    def rekey(self, options: StoreOptions) -> None:
        """Change the key of an encrypted store to the key or passphrase of ``options``.

        ``KeyFile.rotate`` does it where the key is in a file.  raises StoreKeyError.
        """
        rekey(self._parts, self._meta, options)

    def stat(self) -> StoreStat:
        """Say what is here and how it is kept."""
        parts = self._parts
        blocks, size_bytes = parts.rows.usage()
        return StoreStat(
            store_id=(self._meta.get(STORE_ID) or b"").decode(),
            blocks=blocks,
            bytes=size_bytes,
            files=len(parts.rows.files(with_bad=True)),
            bad=len(parts.rows.bad()),
            bytes_max=parts.options.storage_bytes_max,
            hash_on_read=parts.options.hash_on_read,
            at_rest="none" if parts.sealer is None else "aead",
            is_read_only=parts.failure is not None,
        )

    def close(self) -> None:
        """End the use of the store; a second time does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            if self._parts.failure is None and not self._parts.is_untidy:
                with self._parts.batch():
                    self._meta.set(CLEAN, 1)
        finally:
            self._database.close()


def open_store(folder: Path, options: StoreOptions) -> HybridStore:
    """Open the store in a folder, or make it with the folder.

    Without key and passphrase the key file of the folder is used; a new store with ``at_rest``
    aead gets one.
    raises        StoreLockedError: another process has it open.  DamagedIndexError: its index
                  cannot be read.  All that ``HybridStore`` raises.
    """
    home = DiskFiles(folder)
    keys = KeyFile(home)
    if options.key is not None or options.passphrase is not None:
        return _opened(folder, options)
    candidates = keys.candidates()
    is_new = home.size(FILE_NAME) is None
    if not candidates and is_new and options.at_rest == "aead" and options.entropy is not None:
        candidates = (keys.make(options.entropy),)
    if not candidates:
        return _opened(folder, options)
    *others, last = candidates
    for key in others:
        try:
            store = _opened(folder, replace(options, key=key))
        except StoreKeyError:  # the change to the next key was already durable
            continue
        keys.settle(key)
        return store
    store = _opened(folder, replace(options, key=last))
    keys.settle(last)
    return store


def _opened(folder: Path, options: StoreOptions) -> HybridStore:
    try:
        database = Database(folder / FILE_NAME, page_bytes=PAGE_BYTES, is_erasing=True)
        return HybridStore(DiskFiles(folder / FILES_FOLDER), database, options)
    except CorruptStoreError as error:
        raise DamagedIndexError(error.store, error.key, error.what, str(folder)) from error


def rotate_key(folder: Path, store: HybridStore, entropy: Entropy) -> None:
    """Give an open store, whose key is in its key file, a new one."""

    def rekey_to(key: bytes) -> None:
        store.rekey(StoreOptions(key=key, entropy=entropy))

    KeyFile(DiskFiles(folder)).rotate(entropy, rekey_to)
