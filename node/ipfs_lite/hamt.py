"""Directories as tries over hashed names: one shard is one block (content-store.md, sections 4, 5).

The bits of a hash are taken from the top, and the bitfield is a big-endian number without leading
zero bytes: the specification's text says otherwise, every real block does this (T3).
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from node.base.limits import HAMT_BUCKETS_COUNT_MAX, HAMT_LEVELS_COUNT_MAX
from node.ipfs_lite import dagpb
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import HamtTooDeepError
from node.ipfs_lite.murmur3 import murmur3_x64_64
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_data import MURMUR3_X64_64, SHARD_TYPE, encode_shard
from node.ipfs_lite.unixfs_walk import UnixFsNode
from node.ipfs_lite.unixfs_write import Added, Sink, put_node

_HASH_BITS: Final = 64
_FANOUT: Final = 256
_FANOUT_BITS: Final = 8
_FANOUT_MIN: Final = 8


class Named(NamedTuple):
    """An entry of a directory that is written."""

    name: str
    added: Added


class Bucket(NamedTuple):
    """One link of a shard; without a name it leads to a shard one level down."""

    slot: int
    name: str | None
    link: Link


class Shard(NamedTuple):
    """One block of a sharded directory."""

    node: UnixFsNode
    bits: int
    """How many bits of the hash one level takes; the fanout is 2**bits."""
    buckets: tuple[Bucket, ...]


def write_shards(entries: Iterable[Named], sink: Sink | None, profile: Profile) -> Added:
    """Write a directory as shards, give the top one.  Names are distinct.

    raises        HamtTooDeepError: two names with one hash.  BlockTooLargeError.
    """
    hashed = sorted(
        ((murmur3_x64_64(entry.name.encode()), entry) for entry in entries), key=itemgetter(0)
    )
    return _write_shard(hashed, 0, sink, profile)


def _write_shard(
    hashed: Sequence[tuple[int, Named]], level: int, sink: Sink | None, profile: Profile
) -> Added:
    if level == HAMT_LEVELS_COUNT_MAX:
        raise HamtTooDeepError(hashed[0][1].name)
    shift = _HASH_BITS - _FANOUT_BITS * (level + 1)
    bitfield = content = below = 0
    links: list[Link] = []
    # sorted by hash, so what shares a bucket stands together, and buckets come in order
    for index, group in groupby(hashed, key=lambda pair: pair[0] >> shift & _FANOUT - 1):
        members = list(group)
        name, added = members[0][1]
        if len(members) > 1:
            name, added = "", _write_shard(members, level + 1, sink, profile)
        bitfield |= 1 << index
        links.append(Link(added.cid, f"{index:02X}{name}", added.dag_bytes))
        content += added.file_bytes
        below += added.dag_bytes
    message = encode_shard(_minimal(bitfield), _FANOUT)
    block = dagpb.encode(dagpb.Node(tuple(links), message))
    return Added(put_node(block, sink, profile), content, len(block) + below)


def open_shard(node: UnixFsNode) -> Shard:
    """Read one shard.

    raises        BadUnixFsError: not a shard, another hash, a fanout that is no power of two from
                  8 to HAMT_BUCKETS_COUNT_MAX, a bitfield that does not name exactly its links, or
                  links that do not stand in the order of their buckets.
    """
    message = node.message
    fanout = message.fanout or 0
    if message.kind != SHARD_TYPE:
        raise node.bad("no shard where its directory has one")
    if message.hash_type != MURMUR3_X64_64:
        raise node.bad(f"names hashed by {message.hash_type}, wants 34 (murmur3-x64-64)")
    if not _FANOUT_MIN <= fanout <= HAMT_BUCKETS_COUNT_MAX or fanout & fanout - 1:
        wants = f"a power of two from {_FANOUT_MIN} to {HAMT_BUCKETS_COUNT_MAX}"
        raise node.bad(f"fanout {fanout}, wants {wants}")
    digits = len(f"{fanout - 1:X}")
    bitfield, before = 0, -1
    buckets: list[Bucket] = []
    for link in node.links:
        label = link.name or ""
        index = _index(label[:digits], digits)
        if index is None or index >= fanout:
            raise node.bad(f"link {label!r} does not start with a bucket of {digits} digits")
        if index <= before:
            raise node.bad(f"bucket {index} stands behind bucket {before}")
        before = index
        bitfield |= 1 << index
        buckets.append(Bucket(index, label[digits:] or None, link))
    if message.data != _minimal(bitfield):
        raise node.bad("a bitfield that does not name its links")
    return Shard(node, fanout.bit_length() - 1, tuple(buckets))


def check_place(shard: Shard, prefix: int, level: int, name: str) -> None:
    """Refuse a name that its hash does not lead to bucket ``prefix``, counted over all levels.

    raises        BadUnixFsError.
    """
    taken = shard.bits * (level + 1)
    if murmur3_x64_64(name.encode()) >> _HASH_BITS - taken != prefix:
        raise shard.node.bad(f"name {name!r} in the wrong bucket")


def check_below(shard: Shard, below: Shard, level: int) -> None:
    """Refuse a shard at ``level`` under one of another fanout, or where the hash has ended.

    raises        BadUnixFsError.
    """
    if below.bits != shard.bits:
        raise below.node.bad(f"fanout {2**below.bits} below a shard of {2**shard.bits}")
    if below.bits * (level + 1) > _HASH_BITS:
        raise below.node.bad(f"a shard at level {level}, where the hash has no bits left")


def find_bucket(shard: Shard, level: int, hashed: int) -> Bucket | None:
    """Give the bucket that a hash leads to."""
    index = hashed >> _HASH_BITS - shard.bits * (level + 1) & 2**shard.bits - 1
    return next((bucket for bucket in shard.buckets if bucket.slot == index), None)


def _minimal(bitfield: int) -> bytes:
    return bitfield.to_bytes((bitfield.bit_length() + 7) // 8)


def _index(text: str, digits: int) -> int | None:
    """Read upper-case hex of exactly so many digits."""
    if len(text) != digits or any(digit not in "0123456789ABCDEF" for digit in text):
        return None
    return int(text, 16)
