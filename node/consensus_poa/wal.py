"""Entries of the write-ahead log, as ``AppendWal`` stores and ``Start`` returns them.

Each names chain and author, so that a log of another key or another chain is told from one's own
(consensus.md section 11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.base import codec
from node.base.errors import CodecError, StorageError
from node.base.types import Address, Hash32

_FIELDS: Final = 4


@dataclass(eq=False)
class ForeignLogError(StorageError):
    """The log was written by another key, or on another chain; ``what`` is key or genesis."""

    what: str
    want: bytes
    got: bytes

    def __str__(self) -> str:
        return f"log of another {self.what}: wants 0x{self.want.hex()}, got 0x{self.got.hex()}"


@dataclass(frozen=True, slots=True)
class WalEntry:
    """One entry; ``payload`` is the engine's own."""

    kind: str
    genesis: Hash32
    author: Address
    payload: bytes

    def encode(self) -> bytes:
        """Give the canonical bytes."""
        return codec.pack([self.kind, self.genesis, self.author, self.payload])

    @classmethod
    def decode(cls, data: bytes) -> "WalEntry":
        """Read an entry.

        raises        CodecError: the bytes are no entry.
        """
        match codec.unpack(data):
            case [str(kind), bytes(genesis), bytes(author), bytes(payload)]:
                return cls(kind, Hash32(genesis), Address(author), payload)
            case _:
                raise CodecError(
                    "wal", f"wants a list of {_FIELDS}: kind, genesis, author, payload"
                )

    def check_origin(self, genesis: Hash32, author: Address | None) -> None:
        """Do nothing for an entry of this chain and, if one is given, of this author.

        raises        ForeignLogError: another chain's, or another key's.
        """
        if self.genesis != genesis:
            raise ForeignLogError("genesis", genesis, self.genesis)
        if author is not None and self.author != author:
            raise ForeignLogError("key", author, self.author)


def keep_newest(entries: Sequence[bytes], limits: Mapping[str, int]) -> tuple[bytes, ...]:
    """Give the newest entries of each kind, ``limits[kind]`` of them, in their order.

    Kinds without a limit go.  A node may write this back in place of its log at any time.

    raises        CodecError: an entry cannot be read.
    """
    left = dict(limits)
    kept: list[bytes] = []
    for data in reversed(entries):
        kind = WalEntry.decode(data).kind
        if left.get(kind, 0) > 0:
            left[kind] -= 1
            kept.append(data)
    return tuple(reversed(kept))
