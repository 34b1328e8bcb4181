"""Errors of the store of a node.  All end the command with exit code 3."""

from dataclasses import dataclass

from node.base.errors import CorruptStoreError, StorageError


@dataclass(eq=False)
class StoreLockedError(StorageError):
    """Another process has the store open."""

    file: str

    def __str__(self) -> str:
        return f"{self.file} is open in another process: stop that one first"


@dataclass(eq=False)
class StoreFullError(StorageError):
    """The disk has no room; the running batch was undone, and what was there before is whole."""

    file: str

    def __str__(self) -> str:
        return f"{self.file}: no space is left on the disk; nothing of the last batch is kept"


@dataclass(eq=False)
class StoreMismatchError(StorageError):
    """A store that belongs to another chain, or to a newer program."""

    file: str
    what: str
    want: str
    got: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what} is {self.got}, wants {self.want}"


@dataclass(eq=False)
class StoreFailedError(StorageError):
    """The disk or the file system refused; ``what`` is what SQLite says of it."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(eq=False)
class BatchLostError(StorageError):
    """A part of a batch failed and the rest went on: nothing of the batch is kept."""

    file: str

    def __str__(self) -> str:
        return f"{self.file}: a part of this batch failed, so nothing of it is kept"


@dataclass(eq=False)
class DamagedStoreError(CorruptStoreError):
    """A store cannot be opened, because of what is in it; it lies in ``directory``."""

    directory: str

    @property
    def hint(self) -> str:
        """What tells all that is wrong with it."""
        return f"wardnet chain verify {self.directory}"
