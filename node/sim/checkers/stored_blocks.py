"""What lies on a disk, judged by hashing it here: no node is asked, and none is told."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, TypeAlias

from node.base.types import Cid
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.links import links_of

Read: TypeAlias = Callable[[bytes], bytes | None]
"""Gives the bytes under a multihash as they lie, None where there are none."""

_SHA2_256: Final = b"\x12\x20"


def is_sound(multihash: bytes, data: bytes) -> bool:
    """Say whether bytes have the hash that their name says."""
    return multihash == _SHA2_256 + sha256(data).digest()


def is_whole(read: Read, root: Cid) -> bool:
    """Say whether a file lies there with all its blocks, each of them sound."""
    left, seen = [root], set[Cid]()
    while left:
        cid = left.pop()
        if cid in seen:
            continue
        seen.add(cid)
        multihash = multihash_of(cid)
        data = read(multihash)
        if data is None or not is_sound(multihash, data):
            return False
        left.extend(links_of(cid, data))
    return True


def rotten(read: Read, multihashes: Iterable[bytes]) -> tuple[bytes, ...]:
    """Give the names under which other bytes lie than they say, in the order given."""
    found = ((one, read(one)) for one in multihashes)
    return tuple(one for one, data in found if data is not None and not is_sound(one, data))
