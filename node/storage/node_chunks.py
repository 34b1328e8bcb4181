"""Chunks of trie nodes: (hash 32, length 2, rlp)* in at most 8,000 bytes.

Nodes are appended in the order of their blocks, so a block touches few pages; keyed by their hash
they would scatter over as many pages as there are nodes (ledger.md section 9).
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from zlib import crc32

from node.base.errors import CodecError
from node.base.limits import CHUNK_BYTES_MAX, NODE_BYTES_MAX
from node.base.types import Hash32

_HEAD_BYTES: Final = 34


class Entry(NamedTuple):
    """A node and where it begins in its chunk."""

    offset: int
    key: Hash32
    raw: bytes


def pack(nodes: Iterable[tuple[Hash32, bytes]]) -> Iterator[tuple[bytes, list[tuple[Hash32, int]]]]:
    """Give chunks, each with its keys and their offsets, in the order of the nodes.

    A node that is longer than a chunk gets one of its own.
    raises        CodecError: a node is longer than its length can say.
    """
    parts: list[bytes] = []
    places: list[tuple[Hash32, int]] = []
    size = 0
    for key, raw in nodes:
        if len(raw) > NODE_BYTES_MAX:
            raise CodecError("trie node", f"{len(raw)} bytes, at most {NODE_BYTES_MAX}")
        if parts and size + _HEAD_BYTES + len(raw) > CHUNK_BYTES_MAX:
            yield b"".join(parts), places
            parts, places, size = [], [], 0
        places.append((key, size))
        parts += (key, len(raw).to_bytes(2), raw)
        size += _HEAD_BYTES + len(raw)
    if parts:
        yield b"".join(parts), places


def entries(data: bytes) -> Iterator[Entry]:
    """Give the nodes of a chunk.

    raises        CodecError: the last one is cut off.
    """
    at = 0
    while at < len(data):
        end = at + _HEAD_BYTES + int.from_bytes(data[at + 32 : at + _HEAD_BYTES])
        if end > len(data) or at + _HEAD_BYTES > len(data):
            raise CodecError("chunk", f"the entry at byte {at} is cut off")
        yield Entry(at, Hash32(data[at : at + 32]), data[at + _HEAD_BYTES : end])
        at = end


def entry_at(data: bytes, offset: int, key: Hash32) -> bytes:
    """Give the node with a key from where the index says that it stands.

    raises        CodecError: another one stands there, or it is cut off.
    """
    begin = offset + _HEAD_BYTES
    end = begin + int.from_bytes(data[begin - 2 : begin])
    if data[offset : begin - 2] != key or not begin <= end <= len(data):
        raise CodecError("chunk", f"the entry at byte {offset} is another one or cut off")
    return data[begin:end]


def chunk_checksum(number: int, data: bytes) -> int:
    """Give what stands beside a chunk: it covers the bytes and the chunk's own number."""
    return crc32(data, crc32(number.to_bytes(8, signed=True)))
