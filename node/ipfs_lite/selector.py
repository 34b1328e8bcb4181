"""Which blocks a fetch is after: some, a whole graph, a range of a file, what a path leads to.

A selector is a rule without memory: from a block and the place where it stands it tells the next
ones.  So a fetch goes on as blocks arrive, in any order, and reads no block twice.  A node that is
malformed leads nowhere: who reads it afterwards says why.
"""

from bisect import bisect_right
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple, Protocol, cast

from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.dagpb import Node, decode
from node.ipfs_lite.errors import BadCborError, BadNodeError
from node.ipfs_lite.links import links_of
from node.ipfs_lite.murmur3 import murmur3_x64_64
from node.ipfs_lite.unixfs_data import DIRECTORY_TYPE, SHARD_TYPE, UnixFsData, decode_data

_HASH_BITS: Final = 64


class Step(NamedTuple):
    """A block, and what the selector has to know about where it stands."""

    cid: Cid
    place: Hashable


class Selector(Protocol):
    """A rule that names blocks; two equal ones name the same."""

    def first(self) -> tuple[Step, ...]:
        """Give where to begin."""
        ...

    def after(self, step: Step, data: bytes) -> tuple[Step, ...]:
        """Give what follows from a block, in the order of its links."""
        ...


@dataclass(frozen=True, slots=True)
class Blocks:
    """These blocks and no others."""

    cids: tuple[Cid, ...]

    def first(self) -> tuple[Step, ...]:
        """Give all of them."""
        return tuple(Step(cid, None) for cid in self.cids)

    def after(self, _step: Step, _data: bytes) -> tuple[Step, ...]:
        """Follow no link."""
        return ()


@dataclass(frozen=True, slots=True)
class Graph:
    """All that can be reached from these roots."""

    roots: tuple[Cid, ...]

    def first(self) -> tuple[Step, ...]:
        """Give the roots."""
        return tuple(Step(cid, None) for cid in self.roots)

    def after(self, step: Step, data: bytes) -> tuple[Step, ...]:
        """Follow every link."""
        return _all_links(step.cid, data, None)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """What a reader of [offset, offset + length) of a UnixFS file visits.

    The place of a node is where it begins in the file.
    """

    root: Cid
    offset: int
    length: int

    def first(self) -> tuple[Step, ...]:
        """Give the root."""
        return (Step(self.root, 0),)

    def after(self, step: Step, data: bytes) -> tuple[Step, ...]:
        """Follow the links to parts that overlap the range."""
        opened = _opened(step.cid, data)
        if opened is None:
            return ()
        node, file = opened
        if len(file.block_bytes) != len(node.links):
            return ()
        assert isinstance(step.place, int)
        ends = list(accumulate(file.block_bytes, initial=step.place + len(file.data)))
        first = max(bisect_right(ends, self.offset) - 1, 0)
        found: list[Step] = []
        for index in range(first, len(node.links)):
            if ends[index] >= self.offset + self.length:
                break
            if not _is_inside(node.links[index].cid):
                found.append(Step(node.links[index].cid, ends[index]))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Path:
    """The directories on a path, and the whole graph at its end.

    ``names``   entries to go down by, without ``.`` and ``..``.

    The place of a node is how many names are behind it, and how many shards since the last one.
    """

    root: Cid
    names: tuple[str, ...]

    def first(self) -> tuple[Step, ...]:
        """Give the root."""
        return (Step(self.root, (0, 0)),)

    def after(self, step: Step, data: bytes) -> tuple[Step, ...]:
        """Follow the next name; behind the last one follow every link."""
        assert isinstance(step.place, tuple)
        done, level = cast("tuple[int, int]", step.place)  # what first() and after() put there
        if done == len(self.names):
            return _all_links(step.cid, data, step.place)
        opened = _opened(step.cid, data)
        if opened is None:
            return ()
        node, directory = opened
        name, bucket = self.names[done], None
        if directory.kind == SHARD_TYPE:
            bucket = _bucket_of(name, level, directory.fanout or 0)
            name = f"{bucket}{name}"
        elif directory.kind != DIRECTORY_TYPE:
            return ()
        steps: list[Step] = []
        for link in node.links:
            if _is_inside(link.cid):
                continue
            if link.name == name:
                steps.append(Step(link.cid, (done + 1, 0)))
            elif link.name == bucket:
                steps.append(Step(link.cid, (done, level + 1)))
        return tuple(steps)


def _opened(cid: Cid, data: bytes) -> tuple[Node, UnixFsData] | None:
    if cids.decode(cid).codec != cids.DAG_PB:
        return None
    try:
        node = decode(data)
        return (node, decode_data(node.data)) if node.data is not None else None
    except BadNodeError:
        return None


def _all_links(cid: Cid, data: bytes, place: Hashable) -> tuple[Step, ...]:
    try:
        return tuple(Step(link, place) for link in links_of(cid, data))
    except (BadNodeError, BadCborError):
        return ()


def _is_inside(cid: Cid) -> bool:
    """Say whether a link holds its block itself."""
    return cids.decode(cid).hash_code == cids.IDENTITY


def _bucket_of(name: str, level: int, fanout: int) -> str:
    """Give the label of the bucket that holds a name, empty where there can be none."""
    bits = fanout.bit_length() - 1
    shift = _HASH_BITS - bits * (level + 1)
    if bits <= 0 or shift < 0:
        return ""
    slot = murmur3_x64_64(name.encode()) >> shift & (1 << bits) - 1
    return f"{slot:0{len(f'{fanout - 1:X}')}X}"
