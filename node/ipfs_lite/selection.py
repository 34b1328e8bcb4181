"""Which blocks of a graph are meant: one, those of a file or directory, a range of a file, all.

The order is depth first, links as they stand, so a CAR file can be checked while it comes
(Trustless Gateway specification, ``dag-scope`` and ``entity-bytes``; content-store.md, section 15).
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from node.base.limits import DAG_DEPTH_MAX, DAG_WALK_ENTRIES_MAX, READ_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.errors import BadNodeError, BadUnixFsError, ReadBudgetError
from node.ipfs_lite.hamt import open_shard
from node.ipfs_lite.links import links_of
from node.ipfs_lite.unixfs_data import FILE_TYPE, RAW_TYPE, SHARD_TYPE
from node.ipfs_lite.unixfs_walk import Get, UnixFsNode, Walk

LEVELS_COUNT_MAX: Final = 2 * DAG_DEPTH_MAX
"""Folders inside each other, and then the levels of a file or a sharded folder: whatever can be
added can be selected."""


class Scope(Enum):
    """How far a selection reaches."""

    BLOCK = "block"
    """The root alone."""
    ENTITY = "entity"
    """All of a file; a directory with its shards, not its children; else the root alone."""
    ALL = "all"
    """All that can be reached."""


class ByteRange(NamedTuple):
    """A part of a file; both ends are inside of it, negative numbers count from its end."""

    first: int
    last: int | None = None
    """None: up to the end."""

    def within(self, size: int) -> tuple[int, int] | None:
        """Give what lies in a file of ``size`` bytes as [start, end), None for nothing."""
        start = self.first if self.first >= 0 else max(size + self.first, 0)
        last = size - 1 if self.last is None else self.last
        end = min(last if last >= 0 else size + last, size - 1) + 1
        return (start, end) if start < end else None

    def is_outside(self, size: int) -> bool:
        """Say whether it lies behind the end of a file, or before its begin."""
        return self.first >= size or (self.last is not None and size + self.last < 0)


class Selection(NamedTuple):
    """A part of a graph."""

    root: Cid
    scope: Scope = Scope.ALL
    part: ByteRange | None = None
    """Of a file, in the scope ENTITY: only what is needed to check these bytes."""
    has_repeats: bool = False
    """A block that is met again comes again."""


class _Role(Enum):
    """What a block is visited as; below a root, its parent says what it has to be."""

    BLOCK = auto()
    ENTITY = auto()
    CHUNK = auto()
    SHARD = auto()
    ALL = auto()


class _Need(NamedTuple):
    cid: Cid
    depth: int
    role: _Role
    part: ByteRange | None = None
    """Of a chunk: counted from its own begin; None is the whole."""
    size: int | None = None
    """File bytes of a chunk, as its parent says."""


_ROLES = {Scope.BLOCK: _Role.BLOCK, Scope.ENTITY: _Role.ENTITY, Scope.ALL: _Role.ALL}


def select(get: Get, what: Selection, *, bytes_max: int = READ_BYTES_MAX) -> Iterator[Block]:
    """Give the blocks of a selection, the root first; an identity CID is walked, never given.

    Memory is O(blocks met) for CIDs, and no data.

    raises        ReadBudgetError: more than DAG_WALK_ENTRIES_MAX links, deeper than
                  LEVELS_COUNT_MAX, more than ``bytes_max`` bytes.
                  BadNodeError, BadCborError, BadUnixFsError: a block is not what its place says.
                  And what ``get`` raises.
    """
    stack = [_Need(what.root, 0, _ROLES[what.scope], what.part)]
    given: set[Cid] = set()
    walked: set[tuple[Cid, _Role, ByteRange | None]] = set()
    entries = total = 0
    while stack:
        need = stack.pop()
        entries += 1
        if entries > DAG_WALK_ENTRIES_MAX:
            raise _over(what.root, f"more than {DAG_WALK_ENTRIES_MAX} links")
        parts = cids.decode(need.cid)
        # a node met again may be needed for another part of its file, a leaf has no parts
        key = (need.cid, need.role, need.part if parts.codec == cids.DAG_PB else None)
        if key in walked:
            continue
        is_virtual = parts.hash_code == cids.IDENTITY
        data = parts.digest if is_virtual else get(need.cid)
        if not is_virtual and need.cid not in given:
            total += len(data)
            if total > bytes_max:
                raise _over(what.root, f"more than {bytes_max} bytes")
            yield Block(need.cid, data)
        if not what.has_repeats:
            walked.add(key)
            given.add(need.cid)
        below = _below(need, data)
        if below and need.depth == LEVELS_COUNT_MAX:
            raise _over(what.root, f"deeper than {LEVELS_COUNT_MAX} levels")
        stack += reversed(below)


def file_bytes_of(cid: Cid, data: bytes) -> int | None:
    """Give the length of the file whose root a block is, None for anything else.

    raises        BadUnixFsError, BadNodeError: a file that breaks a rule.
    """
    node = _unixfs(cid, data)
    return None if node is None or not _is_file(node) else _ends(node)[-1]


def _below(need: _Need, data: bytes) -> list[_Need]:
    match need.role:
        case _Role.BLOCK:
            return []
        case _Role.ALL:
            return [_Need(link, need.depth + 1, _Role.ALL) for link in links_of(need.cid, data)]
        case _Role.ENTITY:
            node = _unixfs(need.cid, data)
            if node is None:
                return []
            if _is_file(node):
                return _chunks(need, node)
            return _shards(need, node) if node.message.kind == SHARD_TYPE else []
        case _Role.CHUNK:
            return _chunks(need, _load(need.cid, data))
        case _Role.SHARD:
            return _shards(need, _load(need.cid, data))


def _chunks(need: _Need, node: UnixFsNode) -> list[_Need]:
    if not _is_file(node):
        raise node.bad("no file where its parent has a part of one")
    ends = _ends(node)
    size = ends[-1]
    if need.size not in (None, size):
        raise node.bad(f"{size} bytes, its parent says {need.size}")
    if need.part is None:
        start, end = 0, size
    elif (inside := need.part.within(size)) is not None:
        start, end = inside
    else:
        return []
    is_whole = (start, end) == (0, size)
    found: list[_Need] = []
    for link, (begin, after) in zip(node.links, pairwise(ends), strict=True):
        first, last = max(start, begin) - begin, min(end, after) - begin - 1
        if first > last and not is_whole:  # chunks of size zero belong to the whole file only
            continue
        part = None if is_whole or last - first + 1 == after - begin else ByteRange(first, last)
        found.append(_Need(link.cid, need.depth + 1, _Role.CHUNK, part, after - begin))
    return found


def _shards(need: _Need, node: UnixFsNode) -> list[_Need]:
    return [
        _Need(bucket.link.cid, need.depth + 1, _Role.SHARD)
        for bucket in open_shard(node).buckets
        if bucket.name is None
    ]


def _is_file(node: UnixFsNode) -> bool:
    return node.message.kind in (FILE_TYPE, RAW_TYPE)


def _ends(node: UnixFsNode) -> list[int]:
    """Give where a file node's own bytes end, then where each child ends."""
    sizes = node.message.block_bytes
    if len(node.links) != len(sizes):
        raise node.bad(f"{len(node.links)} links and {len(sizes)} block sizes")
    return list(accumulate(sizes, initial=len(node.message.data)))


def _unixfs(cid: Cid, data: bytes) -> UnixFsNode | None:
    """Read a node; None for what is no UnixFS at all, such as dag-cbor."""
    try:
        return _load(cid, data)
    except (BadNodeError, BadUnixFsError):
        return None


def _load(cid: Cid, data: bytes) -> UnixFsNode:
    got: Callable[[Cid], bytes] = lambda _cid: data  # noqa: E731 - one block, already fetched
    return Walk(got).load(cid, 0)


def _over(root: Cid, what: str) -> ReadBudgetError:
    return ReadBudgetError(to_text(root), what)
