"""What the parts of a durable store share: its index, its files, its key, and whether it may write.

Each transaction is announced to the file layer, so that a test of power loss knows what the index
held at any time (content-store.md, section 17).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from node.base.errors import StorageError, WardnetError
from node.ipfs_lite.access_rows import AccessRows
from node.ipfs_lite.errors import ReadOnlyError
from node.ipfs_lite.flatfs import FlatFs, name_of
from node.ipfs_lite.holds import Holds
from node.ipfs_lite.hybrid_options import StoreOptions
from node.ipfs_lite.hybrid_rows import BlockRows, Found, Stored
from node.ipfs_lite.seal import Sealed, Sealer
from node.ipfs_lite.tombstones import Tombstones
from node.storage.database import Database
from node.storage.errors import StoreFailedError
from node.storage.files import Files


class Parts:
    """One open store, from the inside."""

    def __init__(
        self, files: Files, database: Database, options: StoreOptions, sealer: Sealer | None
    ) -> None:
        self.files = files
        self.database = database
        self.options = options
        self.sealer = sealer
        self.flat = FlatFs(files)
        self.rows = BlockRows(database)
        self.holds = Holds(database)
        self.tombstones = Tombstones(database)
        self.access = AccessRows(database)
        self.failure: str | None = None
        """Why nothing is written any more."""
        self.is_untidy = False
        """A batch was torn off by what nobody expects: its files may lie there without rows."""

    def name_of(self, multihash: bytes) -> str:
        """Give the name of a block that is a file."""
        return name_of(multihash, is_sealed=self.sealer is not None)

    def take_out(self, found: Sequence[Found], *, must_overwrite: bool = False) -> None:
        """Delete blocks that hold nothing, as part of the running batch; files are queued."""
        self.rows.delete(found)
        names = [self.name_of(one.multihash) for one in found if one.is_file]
        self.rows.queue_unlinks(names, must_overwrite=must_overwrite)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Refuse to go on once the disk has failed: what it holds is not known any more.

        raises        ReadOnlyError: it failed before.
        """
        if self.failure is not None:
            raise ReadOnlyError(self.failure)
        try:
            yield
        except StoreFailedError as error:
            self.failure = str(error)
            raise
        except WardnetError:
            raise
        except BaseException:
            self.is_untidy = True
            raise

    @contextmanager
    def batch(self) -> Generator[None]:
        """Make all writes to the index inside durable together."""
        self.files.mark("begin")
        with self.database.batch():
            yield
        self.files.mark("committed")

    def content(self, stored: Stored) -> bytes | None:
        """Give the bytes of a block, opened and hashed; None if they are missing or others.

        Without ``hash_on_read`` they are given as they come.
        """
        return self.verified(stored) if self.options.hash_on_read else self.opened(stored)

    def verified(self, stored: Stored) -> bytes | None:
        """Give the bytes of a block if they are right.

        A disk that gives others is asked once more: it may have read the wrong sectors, and a
        block that is marked bad stays so until somebody puts it again.
        """
        for _ in range(2):
            data = self.opened(stored)
            if data is not None and sha256(data).digest() == stored.multihash[2:]:
                return data
        return None

    def opened(self, stored: Stored) -> bytes | None:
        """Give the bytes of a block; None for a missing file, or one that its key does not open."""
        data = stored.data
        if data is None:
            data = self.flat.read(self.name_of(stored.multihash))
        if data is None or self.sealer is None:
            return data
        if stored.dek is None:
            return None
        return self.sealer.open(stored.multihash, Sealed(stored.dek, data))

    def mark_bad(self, multihash: bytes) -> None:
        """Remember that a block is corrupt, if the store can still be written."""
        if self.failure is not None:
            return
        try:
            with self.writing(), self.batch():
                self.rows.mark_bad((multihash,))
        except StorageError:
            # a reader is told of the corrupt block, and a failed disk by the next writer
            return
