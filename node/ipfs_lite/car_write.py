"""CAR files are written: a header with roots, then blocks one behind the other.

The order and the uniqueness of the blocks are the caller's (``selection``); version 1 is
byte-identical to what ``@ipld/car`` writes for the same blocks (content-store.md, section 7).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from node.base.errors import ConfigError
from node.base.limits import CAR_HEADER_BYTES_MAX, CAR_ROOTS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagcbor
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.cid import encode_uvarint

PRAGMA: Final = b"\x0a\xa1\x67version\x02"
"""The first bytes of version 2, a header of version 1 that only says 2."""
V2_HEADER_BYTES: Final = 40
"""characteristics (16), dataOffset, dataSize, indexOffset (8 each, little-endian)."""
DATA_OFFSET_MIN: Final = len(PRAGMA) + V2_HEADER_BYTES
_PIECE_BYTES: Final = 64 * 2**10
"""Small sections are joined up to here, so that a receiver does not get them one by one."""


def write_car(roots: Iterable[Cid], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Give the bytes of a CARv1 in pieces; blocks of identity CIDs are left out.

    raises        ConfigError: more than CAR_ROOTS_COUNT_MAX roots, or a header longer than
                  CAR_HEADER_BYTES_MAX.  And what ``blocks`` raises, in the middle of the file.
    """
    waiting = [_header(roots)]
    waiting_bytes = len(waiting[0])
    for block in blocks:
        if cids.decode(block.cid).hash_code == cids.IDENTITY:
            continue
        head = encode_uvarint(len(block.cid) + len(block.data)) + block.cid
        waiting.append(head)
        if len(block.data) >= _PIECE_BYTES:  # goes out as it is, without a copy
            yield b"".join(waiting)
            yield block.data
            waiting, waiting_bytes = [], 0
            continue
        waiting.append(block.data)
        waiting_bytes += len(head) + len(block.data)
        if waiting_bytes >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, waiting_bytes = [], 0
    if waiting:
        yield b"".join(waiting)


def write_car_v2(roots: Iterable[Cid], blocks: Callable[[], Iterable[Block]]) -> Iterator[bytes]:
    """Give the bytes of a CARv2 without an index in pieces.

    ``blocks``    starts anew on each call and gives the same each time: the length stands before
                  the data, so a first pass counts it.
    raises        as ``write_car``.
    """
    kept = tuple(roots)
    data_bytes = sum(len(piece) for piece in write_car(kept, blocks()))
    numbers = (DATA_OFFSET_MIN, data_bytes, 0)
    yield PRAGMA + bytes(16) + b"".join(number.to_bytes(8, "little") for number in numbers)
    yield from write_car(kept, blocks())


def _header(roots: Iterable[Cid]) -> bytes:
    links: list[dagcbor.Value] = [dagcbor.CidLink(root) for root in roots]
    if len(links) > CAR_ROOTS_COUNT_MAX:
        raise ConfigError(f"a CAR file with {len(links)} roots, at most {CAR_ROOTS_COUNT_MAX}")
    header = dagcbor.encode({"roots": links, "version": 1})
    if len(header) > CAR_HEADER_BYTES_MAX:
        raise ConfigError(
            f"a CAR file with a header of {len(header)} bytes, at most {CAR_HEADER_BYTES_MAX}"
        )
    return encode_uvarint(len(header)) + header
