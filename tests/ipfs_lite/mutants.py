"""Stores that break the write order, each in one place; the harness has to catch them all."""

from node.storage.memory_files import MemoryFiles
from tests.ipfs_lite.power_loss import QuickDatabase


class NoFileFsync(MemoryFiles):
    """The content of a block is never made durable."""

    def fsync(self, handle):
        if self._open[handle].name == ".temp/1":  # the layout of a new folder
            super().fsync(handle)


class NoFolderFsync(MemoryFiles):
    """The names in a shard folder are never made durable."""

    def fsync_dir(self, name):
        if name == "":
            super().fsync_dir(name)


class NoShardFsync(MemoryFiles):
    """A shard folder is made, and its own name is not made durable."""

    def fsync_dir(self, name):
        if name != "":
            super().fsync_dir(name)


class CommitBeforeRename(MemoryFiles):
    """Files get their names, durably, once their rows are durable."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._later = []

    def rename(self, old, new):
        self._later.append((super().rename, old, new))

    def fsync_dir(self, name):
        self._later.append((super().fsync_dir, name))

    def mark(self, event):
        super().mark(event)
        if event == "committed":
            while self._later:
                operation, *names = self._later.pop(0)
                operation(*names)


class UnlinkBeforeCommit(QuickDatabase):
    """A file goes as soon as it stands on the queue, before that is durable."""

    def write(self, sql, *values):
        self._unlink(sql, [values])
        return super().write(sql, *values)

    def write_many(self, sql, rows):
        rows = list(rows)
        self._unlink(sql, rows)
        super().write_many(sql, rows)

    def _unlink(self, sql, rows):
        if "INTO unlink_queue" in sql:
            for name, *_ in rows:
                self.disk.unlink(name)


class NotErasing(QuickDatabase):
    """Deleted rows stay readable in free pages."""

    def __init__(self, path):
        super().__init__(path)
        self.read("PRAGMA secure_delete = OFF")
