"""Trees of blocks become files again; the reader believes no size that it has not checked.

The blocks come from a ``get`` that has verified them against their CIDs.  Every rule that section
4 of content-store.md lists for files is applied to every node that is visited.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from node.base.limits import READ_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.errors import ReadBudgetError
from node.ipfs_lite.unixfs_data import FILE_TYPE, RAW_TYPE, TYPE_NAMES
from node.ipfs_lite.unixfs_walk import Get, UnixFsNode, Walk


def read_file(get: Get, root: Cid, *, bytes_max: int = READ_BYTES_MAX) -> Iterator[bytes]:
    """Give a whole file in pieces; every node of the tree is visited and checked.

    raises        ReadBudgetError: more than ``bytes_max`` bytes (before the first piece), deeper
                  than DAG_DEPTH_MAX, more than DAG_WALK_ENTRIES_MAX nodes.
                  BadUnixFsError, BadNodeError: a rule of the format; and what ``get`` raises.
    """
    walk = Walk(get)
    _, pieces = open_file(walk, walk.load(root, 0), bytes_max=bytes_max)
    yield from pieces


def read_all(get: Get, root: Cid, *, bytes_max: int = READ_BYTES_MAX) -> bytes:
    """Give a whole file at once; errors as ``read_file``."""
    return b"".join(read_file(get, root, bytes_max=bytes_max))


def read_range(
    get: Get, root: Cid, *, offset: int, length: int, bytes_max: int = READ_BYTES_MAX
) -> Iterator[bytes]:
    """Give the part of a file that overlaps [offset, offset + length), fetching no other block.

    ``offset``, ``length``  not negative; behind the end there is nothing.
    raises                  as ``read_file``, for the blocks visited.
    """
    walk = Walk(get)
    top = _part(walk.load(root, 0))
    end = min(offset + length, top.size)
    if end - offset > bytes_max:
        raise ReadBudgetError(cids.to_text(root), f"{end - offset} bytes, at most {bytes_max}")
    if offset < end:
        yield from _Span(walk, offset, end).pieces(top, 0, 0)


def file_bytes(get: Get, root: Cid) -> int:
    """Give the length of a file; the root alone tells it, its children are not visited."""
    return _part(Walk(get).load(root, 0)).size


def open_file(walk: Walk, node: UnixFsNode, *, bytes_max: int) -> tuple[int, Iterator[bytes]]:
    """Give the length of a file and its pieces, as a part of a longer walk; errors as above."""
    top = _part(node)
    if top.size > bytes_max:
        raise ReadBudgetError(cids.to_text(node.cid), f"{top.size} bytes, at most {bytes_max}")
    return top.size, _Span(walk, 0, top.size).pieces(top, 0, 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """One node or leaf: its own bytes come first, its children behind them."""

    data: bytes
    links: tuple[Cid, ...]
    ends: tuple[int, ...]
    """Where the own data ends, then where each child ends, from the node's begin."""
    size: int


def _part(node: UnixFsNode) -> _Part:
    message = node.message
    if message.kind not in (RAW_TYPE, FILE_TYPE):
        kind = TYPE_NAMES.get(message.kind, f"type {message.kind}")
        raise node.bad(f"{kind}, wants a file")
    if len(node.links) != len(message.block_bytes):
        raise node.bad(f"{len(node.links)} links and {len(message.block_bytes)} block sizes")
    if message.kind == RAW_TYPE and node.links:
        raise node.bad("a raw leaf with links")
    if any(link.name for link in node.links):
        raise node.bad("a chunk with a name")
    ends = tuple(accumulate(message.block_bytes, initial=len(message.data)))
    if (message.file_bytes or 0) != ends[-1]:
        raise node.bad(f"file size {message.file_bytes}, its parts make {ends[-1]}")
    return _Part(message.data, tuple(link.cid for link in node.links), ends, ends[-1])


@dataclass(frozen=True, slots=True)
class _Span:
    """The bytes [start, end) of a file."""

    walk: Walk
    start: int
    end: int

    def pieces(self, part: _Part, at: int, depth: int) -> Iterator[bytes]:
        """Give what of a part lies in the span; the part begins at offset ``at``."""
        own = part.data[max(self.start - at, 0) : max(self.end - at, 0)]
        if own:
            yield own
        whole = self.start <= at and at + part.size <= self.end
        # children of size zero are visited too when all of the node is read: they are checked
        first = 0 if whole else max(bisect_right(part.ends, self.start - at) - 1, 0)
        for index in range(first, len(part.links)):
            begin = at + part.ends[index]
            if begin >= self.end and not whole:
                return
            node = self.walk.load(part.links[index], depth + 1)
            child = _part(node)
            wants = part.ends[index + 1] - part.ends[index]
            if child.size != wants:
                raise node.bad(f"{child.size} bytes, its parent says {wants}")
            yield from self.pieces(child, begin, depth + 1)
