"""Trees of blocks become files again; the reader believes no size that it has not checked.

The blocks come from a ``get`` that has verified them against their CIDs.  Every rule that section
4 of content-store.md lists for files is applied to every node that is visited.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, TypeAlias

from node.base.limits import (
    BLOCK_BYTES_MAX,
    DAG_DEPTH_MAX,
    DAG_LINKS_COUNT_MAX,
    DAG_WALK_ENTRIES_MAX,
    READ_BYTES_MAX,
)
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.dagpb import read_bytes, read_varint
from node.ipfs_lite.errors import BadNodeError, BadUnixFsError, ReadBudgetError

Get: TypeAlias = Callable[[Cid], bytes]
"""Gives the verified bytes of a block; raises what the store raises for a missing one."""

RAW_TYPE: Final = 0
FILE_TYPE: Final = 2
_TYPE_NAMES: Final = {1: "a directory", 3: "metadata", 4: "a symlink", 5: "a sharded directory"}


@dataclass(frozen=True, slots=True)
class UnixFsData:
    """The Data message of a node; mode and mtime are checked and dropped."""

    kind: int
    data: bytes
    file_bytes: int | None
    block_bytes: tuple[int, ...]
    """File bytes below each link, in the order of the links."""


def read_file(get: Get, root: Cid, *, bytes_max: int = READ_BYTES_MAX) -> Iterator[bytes]:
    """Give a whole file in pieces; every node of the tree is visited and checked.

    raises        ReadBudgetError: more than ``bytes_max`` bytes (before the first piece), deeper
                  than DAG_DEPTH_MAX, more than DAG_WALK_ENTRIES_MAX nodes.
                  BadUnixFsError, BadNodeError: a rule of the format; and what ``get`` raises.
    """
    walk = _Walk(get)
    top = walk.load(root, 0)
    if top.size > bytes_max:
        raise ReadBudgetError(cids.to_text(root), f"{top.size} bytes, at most {bytes_max}")
    yield from walk.pieces(top, 0, 0, top.size, 0)


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
    walk = _Walk(get)
    top = walk.load(root, 0)
    end = min(offset + length, top.size)
    if end - offset > bytes_max:
        raise ReadBudgetError(cids.to_text(root), f"{end - offset} bytes, at most {bytes_max}")
    if offset < end:
        yield from walk.pieces(top, 0, offset, end, 0)


def file_bytes(get: Get, root: Cid) -> int:
    """Give the length of a file; the root alone tells it, its children are not visited."""
    return _Walk(get).load(root, 0).size


@dataclass(frozen=True, slots=True)
class _Part:
    """One node or leaf: its own bytes come first, its children behind them."""

    data: bytes
    links: tuple[Cid, ...]
    ends: tuple[int, ...]
    """Where the own data ends, then where each child ends, from the node's begin."""
    size: int


class _Walk:
    def __init__(self, get: Get) -> None:
        self._get = get
        self._visited = 0

    def load(self, cid: Cid, depth: int) -> _Part:
        self._visited += 1
        if self._visited > DAG_WALK_ENTRIES_MAX:
            raise ReadBudgetError(cids.to_text(cid), f"more than {DAG_WALK_ENTRIES_MAX} nodes")
        if depth > DAG_DEPTH_MAX:
            raise ReadBudgetError(cids.to_text(cid), f"deeper than {DAG_DEPTH_MAX} levels")
        parts = cids.decode(cid)
        block = parts.digest if parts.hash_code == cids.IDENTITY else self._get(cid)
        if len(block) > BLOCK_BYTES_MAX:
            raise BadUnixFsError(cids.to_text(cid), f"a block of {len(block)} bytes")
        if parts.codec == cids.RAW:
            return _Part(block, (), (len(block),), len(block))
        if parts.codec != cids.DAG_PB:
            raise BadUnixFsError(cids.to_text(cid), f"codec 0x{parts.codec:02x}")
        return _file_part(cid, block)

    def pieces(self, part: _Part, at: int, start: int, end: int, depth: int) -> Iterator[bytes]:
        """Give the bytes of [start, end) of the file; ``part`` begins at offset ``at``."""
        own = part.data[max(start - at, 0) : max(end - at, 0)]
        if own:
            yield own
        whole = start <= at and at + part.size <= end
        # children of size zero are visited too when all of the node is read: they are checked
        first = 0 if whole else max(bisect_right(part.ends, start - at) - 1, 0)
        for index in range(first, len(part.links)):
            begin = at + part.ends[index]
            if begin >= end and not whole:
                return
            child = self.load(part.links[index], depth + 1)
            wants = part.ends[index + 1] - part.ends[index]
            if child.size != wants:
                raise BadUnixFsError(
                    cids.to_text(part.links[index]),
                    f"{child.size} bytes, its parent says {wants}",
                )
            yield from self.pieces(child, begin, start, end, depth + 1)


def _file_part(cid: Cid, block: bytes) -> _Part:
    def bad(what: str) -> BadUnixFsError:
        return BadUnixFsError(cids.to_text(cid), what)

    node = dagpb.decode(block)
    if node.data is None:
        raise bad("no data field")
    try:
        message = decode_data(node.data)
    except BadNodeError as error:
        raise bad(error.what) from error
    if message.kind not in (RAW_TYPE, FILE_TYPE):
        raise bad(_TYPE_NAMES.get(message.kind, f"type {message.kind}"))
    if len(node.links) != len(message.block_bytes):
        raise bad(f"{len(node.links)} links and {len(message.block_bytes)} block sizes")
    if message.kind == RAW_TYPE and node.links:
        raise bad("a raw leaf with links")
    if any(link.name for link in node.links):
        raise bad("a chunk with a name")
    ends = tuple(accumulate(message.block_bytes, initial=len(message.data)))
    if (message.file_bytes or 0) != ends[-1]:
        raise bad(f"file size {message.file_bytes}, its parts make {ends[-1]}")
    return _Part(message.data, tuple(link.cid for link in node.links), ends, ends[-1])


def decode_data(raw: bytes) -> UnixFsData:
    """Read a UnixFS Data message; repeated block sizes are unpacked, as every writer has them.

    raises        BadNodeError: no type, a field twice, an unknown field, a wrong wire type.
    """
    numbers: dict[int, int] = {}
    data: bytes | None = None
    sizes: list[int] = []
    has_mtime = False
    at = 0
    while at < len(raw):
        tag, at = read_varint(raw, at)
        match tag:
            case 0x08 | 0x18 | 0x28 | 0x30 | 0x38:  # type, filesize, hashType, fanout, mode
                if tag in numbers:
                    raise BadNodeError(f"UnixFS field {tag >> 3} twice")
                numbers[tag], at = read_varint(raw, at)
            case 0x12 if data is None:
                data, at = read_bytes(raw, at)
            case 0x20:
                size, at = read_varint(raw, at)
                sizes.append(size)
                if len(sizes) > DAG_LINKS_COUNT_MAX:
                    raise BadNodeError(f"more than {DAG_LINKS_COUNT_MAX} block sizes")
            case 0x42 if not has_mtime:
                stamp, at = read_bytes(raw, at)
                _check_mtime(stamp)
                has_mtime = True
            case _:
                raise BadNodeError(f"UnixFS field tag 0x{tag:02x} is unknown or comes twice")
    if 0x08 not in numbers:
        raise BadNodeError("UnixFS data without a type")
    return UnixFsData(numbers[0x08], data or b"", numbers.get(0x18), tuple(sizes))


def _check_mtime(stamp: bytes) -> None:
    at = 0
    if stamp[:1] == b"\x08":
        _, at = read_varint(stamp, 1)
    if stamp[at : at + 1] == b"\x15" and len(stamp) - at == 5:
        nanoseconds = int.from_bytes(stamp[at + 1 :], "little")
        if not 1 <= nanoseconds <= 999_999_999:
            raise BadNodeError(f"{nanoseconds} nanoseconds, wants 1 to 999999999")
        at = len(stamp)
    if at != len(stamp) or not stamp:
        raise BadNodeError("a modification time that is none")
