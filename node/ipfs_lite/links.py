"""What a block points to, whatever its codec.

An identity link holds its own data: it is no block, so what *it* points to stands in its place.
"""

from collections.abc import Iterator

from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagcbor, dagpb


def links_of(cid: bytes, data: bytes) -> tuple[Cid, ...]:
    """Give the blocks that a block points to, in link order; repeated ones stay.

    raises        BadNodeError, BadCborError: ``data`` is not what the codec of ``cid`` says.
    """
    return tuple(_expanded(cids.decode(cid).codec, data))


def _expanded(codec: int, data: bytes) -> Iterator[Cid]:
    links: tuple[Cid, ...] = ()
    if codec == cids.DAG_PB:
        links = tuple(link.cid for link in dagpb.decode(data).links)
    elif codec == cids.DAG_CBOR:
        links = dagcbor.links_in(dagcbor.decode(data))
    for link in links:
        parts = cids.decode(link)
        if parts.hash_code == cids.IDENTITY:
            # at most IDENTITY_BYTES_MAX bytes, and shorter on each level: this ends soon
            yield from _expanded(parts.codec, parts.digest)
        else:
            yield link
