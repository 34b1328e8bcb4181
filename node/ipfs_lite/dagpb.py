"""dag-pb nodes: a list of links and a byte string, in one strict serialisation.

The judge for decoding is ``@ipld/dag-pb``; this reader is stricter in three points: varints are
minimal, Tsize fits 64 bits, names are UTF-8 (content-store.md, section 3).
"""

from typing import Final, NamedTuple

from node.base.errors import PeerError
from node.base.limits import DAG_LINKS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.cid import encode_uvarint
from node.ipfs_lite.errors import BadNodeError

U64_MAX: Final = 2**64 - 1
_VARINT_BYTES_MAX: Final = 10


class Link(NamedTuple):
    """One child.  An absent name or Tsize (None) differs from an empty or zero one on the wire."""

    cid: Cid
    name: str | None
    tsize: int | None
    """Bytes of the whole graph below, as its writer says: a hint, never a basis of a decision."""


class Node(NamedTuple):
    """A dag-pb node; ``data`` None is absent, which differs from empty."""

    links: tuple[Link, ...]
    data: bytes | None


def encode(node: Node) -> bytes:
    """Give the bytes: every link first, then the data."""
    parts: list[bytes] = []
    for link in node.links:
        body = _encode_link(link)
        parts += (b"\x12", encode_uvarint(len(body)), body)
    if node.data is not None:
        parts += (b"\x0a", encode_uvarint(len(node.data)), node.data)
    return b"".join(parts)


def decode(data: bytes) -> Node:
    """Read the node that fills ``data``; links before or after the data, not on both sides.

    raises        BadNodeError: anything that section 3 refuses, or more than
                  DAG_LINKS_COUNT_MAX links.
    """
    links: list[Link] = []
    payload: bytes | None = None
    links_are_over = False
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        body, at = read_bytes(data, at)
        if tag == 0x0A:
            if payload is not None:
                raise BadNodeError("two data fields")
            payload = body
            links_are_over = bool(links)
        elif tag == 0x12:
            if links_are_over:
                raise BadNodeError("links on both sides of the data")
            if len(links) == DAG_LINKS_COUNT_MAX:
                raise BadNodeError(f"more than {DAG_LINKS_COUNT_MAX} links")
            links.append(_decode_link(body))
        else:
            raise BadNodeError(f"field tag 0x{tag:02x}, wants 0x12 (link) or 0x0a (data)")
    return Node(tuple(links), payload)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a minimal protobuf varint below 2^64; give it and the offset behind it."""
    value = 0
    for index in range(_VARINT_BYTES_MAX):
        if at + index >= len(data):
            raise BadNodeError("truncated varint")
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if byte == 0 and index > 0:
                raise BadNodeError("varint that is not minimal")
            if value > U64_MAX:
                raise BadNodeError("varint above 2^64 - 1")
            return value, at + index + 1
    raise BadNodeError(f"varint longer than {_VARINT_BYTES_MAX} bytes")


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a length and as many bytes; give them and the offset behind them."""
    length, at = read_varint(data, at)
    if length > len(data) - at:
        raise BadNodeError(f"{len(data) - at} bytes left where {length} belong")
    return data[at : at + length], at + length


def _encode_link(link: Link) -> bytes:
    parts = [b"\x0a", encode_uvarint(len(link.cid)), link.cid]
    if link.name is not None:
        name = link.name.encode()
        parts += (b"\x12", encode_uvarint(len(name)), name)
    if link.tsize is not None:
        parts += (b"\x18", encode_uvarint(link.tsize))
    return b"".join(parts)


def _decode_link(body: bytes) -> Link:
    """Read Hash, Name, Tsize in this order, each at most once, Hash always."""
    if body[:1] != b"\x0a":
        raise BadNodeError("a link that does not start with its hash")
    raw, at = read_bytes(body, 1)
    try:
        cids.decode(raw)
    except PeerError as error:
        raise BadNodeError(f"the hash of a link: {error}") from error
    name: str | None = None
    tsize: int | None = None
    if body[at : at + 1] == b"\x12":
        encoded, at = read_bytes(body, at + 1)
        try:
            name = encoded.decode()
        except UnicodeDecodeError as error:
            raise BadNodeError("the name of a link is not UTF-8") from error
    if body[at : at + 1] == b"\x18":
        tsize, at = read_varint(body, at + 1)
    if at != len(body):
        raise BadNodeError(f"a link with 0x{body[at]:02x} where it should end")
    return Link(Cid(raw), name, tsize)
