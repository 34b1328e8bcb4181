"""Disks for block stores: real folders, some of which fail when they are told to."""

from node.base.rng import TreeEntropy
from node.ipfs_lite.blocks import Batch, Block, BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.hybrid import HybridStore, StoreOptions
from node.ipfs_lite.hybrid_schema import FILE_NAME, PAGE_BYTES
from node.storage.database import Database
from node.storage.errors import StoreFailedError, StoreFullError
from node.storage.files import DiskFiles

KEY = bytes(range(32))
SMALL, LARGE = b"small", b"large" * 100
INLINE_BYTES_MAX = 100
PLAIN = StoreOptions(inline_bytes_max=INLINE_BYTES_MAX)
SEALED = StoreOptions(
    inline_bytes_max=INLINE_BYTES_MAX, key=KEY, entropy=TreeEntropy(1, "block keys")
)


class FailingFiles(DiskFiles):
    """Fails the operations whose names are in ``failing``, and tells all that happen."""

    def __init__(self, root):
        super().__init__(root)
        self.failing = {}
        self.log = []

    def _meet(self, operation):
        self.log.append(operation)
        if operation in self.failing:
            raise self.failing[operation]

    def write(self, handle, data):
        self._meet("write")
        super().write(handle, data)

    def fsync(self, handle):
        self._meet("fsync")
        super().fsync(handle)

    def rename(self, old, new):
        self._meet("rename")
        super().rename(old, new)

    def fsync_dir(self, name):
        self._meet("fsync_dir")
        super().fsync_dir(name)

    def unlink(self, name):
        self._meet("unlink")
        return super().unlink(name)

    def mark(self, event):
        self._meet(event)


FULL, BROKEN = StoreFullError("disk"), StoreFailedError("disk", "Input/output error")


def opened(folder, options=PLAIN):
    """Give an open store on a folder whose disk can fail: ``store.disk``."""
    folder.mkdir(exist_ok=True)
    disk = FailingFiles(folder / "blocks")
    store = HybridStore(disk, index(folder), options)
    store.disk = disk
    return store


def index(folder):
    """Give the index of a closed store."""
    return Database(folder / FILE_NAME, page_bytes=PAGE_BYTES, is_erasing=True)


def crash(store):
    """Stop a store as SIGKILL does: nothing is written any more."""
    store._database.close()


def batch_of(*contents, klass=BlockClass.PUBLIC, **more):
    """Give a batch of raw blocks."""
    return Batch(tuple(Block(make_cid(data), data) for data in contents), klass, **more)


def block_files(folder):
    """Give the files of blocks in a folder."""
    return sorted(path for path in folder.rglob("*") if ".data" in path.name)


def spoil(folder, store, cid):
    """Flip a bit of a block on the disk, wherever it lies; the store stays open."""
    name = store._parts.name_of(cid[2:])
    path = folder / "blocks" / name
    if path.exists():
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(bytes(data))
        return
    (data,) = store._database.row("SELECT data FROM blocks WHERE mh = ?", cid[2:])
    changed = data[:-1] + bytes((data[-1] ^ 1,))
    with store._database.batch():
        store._database.write("UPDATE blocks SET data = ? WHERE mh = ?", changed, cid[2:])
