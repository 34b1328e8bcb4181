"""Errors about a chain as it is kept, shared or handed over."""

from dataclasses import dataclass

from node.base.errors import PeerError, StorageError
from node.base.types import Hash32


@dataclass(eq=False)
class MemoMismatchError(StorageError):
    """Two executions of one block gave different results: a bug, or a broken machine."""

    block: Hash32
    part: str

    def __str__(self) -> str:
        return f"executing block 0x{self.block.hex()} again gave another {self.part}"


@dataclass(eq=False)
class SnapshotError(PeerError):
    """A snapshot is not whole, not true, or not of this chain."""

    record: int
    """0: the manifest."""
    what: str

    def __str__(self) -> str:
        return f"snapshot record {self.record}: {self.what}"
