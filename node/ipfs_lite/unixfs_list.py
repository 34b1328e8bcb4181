"""Directories and symlinks are read: all entries, or the one of a name.

Blocks come as for files, verified; every rule that section 4 of content-store.md lists for
directories is applied to every block that is visited, and Tsize is handed on as a hint.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.hamt import Shard, check_below, check_place, find_bucket, open_shard
from node.ipfs_lite.murmur3 import murmur3_x64_64
from node.ipfs_lite.unixfs_data import (
    DIRECTORY_TYPE,
    FILE_TYPE,
    RAW_TYPE,
    SHARD_TYPE,
    SYMLINK_TYPE,
    TYPE_NAMES,
)
from node.ipfs_lite.unixfs_walk import Get, UnixFsNode, Walk


class Kind(Enum):
    """What a CID leads to."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"


_KINDS = {
    RAW_TYPE: Kind.FILE,
    FILE_TYPE: Kind.FILE,
    DIRECTORY_TYPE: Kind.DIRECTORY,
    SHARD_TYPE: Kind.DIRECTORY,
    SYMLINK_TYPE: Kind.SYMLINK,
}


class Entry(NamedTuple):
    """One entry of a directory."""

    name: str
    cid: Cid
    tsize: int
    """Bytes of the blocks below, as the writer says; 0 where he says nothing."""


def read_directory(get: Get, root: Cid) -> Iterator[Entry]:
    """Give the entries of a directory: a plain one's as they stand, a sharded one's by hash.

    raises        BadUnixFsError, BadNodeError: no directory, or one that breaks a rule.
                  ReadBudgetError: more than DAG_WALK_ENTRIES_MAX entries and shards.
                  And what ``get`` raises.
    """
    walk = Walk(get)
    for entry in entries(walk, walk.load(root, 0)):
        walk.count(entry.cid)
        yield entry


def kind_of(get: Get, cid: Cid) -> Kind:
    """Say what a CID leads to; a raw leaf is a file and is not fetched for this.

    raises        BadUnixFsError, BadNodeError: nothing of UnixFS.  And what ``get`` raises.
    """
    if cids.decode(cid).codec == cids.RAW:
        return Kind.FILE
    return kind_of_node(Walk(get).load(cid, 0))


def symlink_target(get: Get, cid: Cid) -> bytes:
    """Give what a symlink points to, unchecked; errors as ``kind_of``."""
    return target_of_node(Walk(get).load(cid, 0))


def kind_of_node(node: UnixFsNode) -> Kind:
    """Say what a node is.  raises BadUnixFsError."""
    kind = _KINDS.get(node.message.kind)
    if kind is None:
        raise node.bad(_type_name(node))
    return kind


def target_of_node(node: UnixFsNode) -> bytes:
    """Give the target of a symlink.  raises BadUnixFsError."""
    if node.message.kind != SYMLINK_TYPE:
        raise node.bad(f"{_type_name(node)}, wants a symlink")
    if node.links:
        raise node.bad("a symlink with links")
    return node.message.data


def entries(walk: Walk, node: UnixFsNode) -> Iterator[Entry]:
    """Give the entries of a directory as part of a longer walk; errors as ``read_directory``.

    An entry counts for that walk when it is loaded, not here.
    """
    if node.message.kind == SHARD_TYPE:
        return _shard_entries(walk, open_shard(node), 0, 0)
    return (_entry(link.name or "", link) for link in _plain_links(node))


def find_entry(walk: Walk, node: UnixFsNode, name: str) -> Entry | None:
    """Give the entry of a name, or None; of a sharded directory only the shards to it are read.

    raises        as ``read_directory``, for the blocks visited.
    """
    if node.message.kind != SHARD_TYPE:
        found = next((link for link in _plain_links(node) if (link.name or "") == name), None)
        return None if found is None else _entry(name, found)
    shard, level, prefix = open_shard(node), 0, 0
    hashed = murmur3_x64_64(name.encode())
    while (bucket := find_bucket(shard, level, hashed)) is not None:
        prefix = prefix << shard.bits | bucket.slot
        if bucket.name is not None:
            check_place(shard, prefix, level, bucket.name)
            return _entry(name, bucket.link) if bucket.name == name else None
        level += 1
        shard = _below(walk, shard, bucket.link.cid, level)
    return None


def _plain_links(node: UnixFsNode) -> tuple[Link, ...]:
    if node.message.kind != DIRECTORY_TYPE:
        raise node.bad(f"{_type_name(node)}, wants a directory")
    if len({link.name or "" for link in node.links}) != len(node.links):
        raise node.bad("a name twice")
    return node.links


def _shard_entries(walk: Walk, shard: Shard, prefix: int, level: int) -> Iterator[Entry]:
    for slot, name, link in shard.buckets:
        place = prefix << shard.bits | slot
        if name is None:
            below = _below(walk, shard, link.cid, level + 1)
            yield from _shard_entries(walk, below, place, level + 1)
        else:
            check_place(shard, place, level, name)
            yield _entry(name, link)


def _below(walk: Walk, shard: Shard, cid: Cid, level: int) -> Shard:
    below = open_shard(walk.load(cid, level))
    check_below(shard, below, level)
    return below


def _entry(name: str, link: Link) -> Entry:
    return Entry(name, link.cid, link.tsize or 0)


def _type_name(node: UnixFsNode) -> str:
    return TYPE_NAMES.get(node.message.kind, f"type {node.message.kind}")
