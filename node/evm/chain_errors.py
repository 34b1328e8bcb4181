"""Errors about a chain as it is kept, shared or handed over."""

from dataclasses import dataclass
from typing import ClassVar

from node.base.errors import PeerError, StorageError, UnavailableError
from node.base.types import Hash32


@dataclass(eq=False)
class FinalityViolationError(StorageError):
    """A head would drop blocks that were decided for good.

    More than a third of the validators broke the protocol, or the store is another chain's.
    """

    finalized: int
    common: int
    head: Hash32

    def __str__(self) -> str:
        return (
            f"block 0x{self.head.hex()} leaves the chain at {self.common}, "
            f"below {self.finalized}, which is final"
        )


@dataclass(eq=False)
class PrunedStateError(UnavailableError):
    """The state after a block was dropped to save space."""

    number: int
    first: int
    """The oldest block whose state is kept, apart from the genesis."""
    last: int

    def __str__(self) -> str:
        return f"state of block {self.number} is pruned, kept: {self.first}..{self.last}"


@dataclass(eq=False)
class MemoMismatchError(StorageError):
    """Two executions of one block gave different results: a bug, or a broken machine."""

    block: Hash32
    part: str

    def __str__(self) -> str:
        return f"executing block 0x{self.block.hex()} again gave another {self.part}"


@dataclass(eq=False)
class ReplayMismatchError(StorageError):
    """A block run again gives another receipt than the one that is stored.

    The fee recipient that was given is another one's, or the store is at fault.
    """

    block: Hash32
    index: int

    def __str__(self) -> str:
        return (
            f"transaction {self.index} of block 0x{self.block.hex()} gives another receipt than is "
            "stored: another fee recipient, or a corrupt store"
        )


@dataclass(eq=False)
class SnapshotError(PeerError):
    """A snapshot is not whole, not true, or not of this chain."""

    exit_code: ClassVar[int] = 1
    record: int
    """0: the manifest."""
    what: str

    def __str__(self) -> str:
        return f"snapshot record {self.record}: {self.what}"
