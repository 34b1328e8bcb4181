"""What a block points to, whatever it is called.

A store is keyed by multihash and the codec stands in the CID, so one block can be a raw leaf for
one writer and a node for another.  Its links are therefore a matter of its bytes: a codec that was
remembered with the block could be the wrong one, and what a pin must hold would be lost.
"""

from typing import Final

from node.base.types import Cid
from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, IDENTITY, decode
from node.ipfs_lite.errors import BadCidError, BadNodeError, HashNotAllowedError

LINKING: Final = (DAG_PB, DAG_CBOR)
"""Codecs whose blocks have links."""
_DAG_PB_TAGS: Final = (0x0A, 0x12)
"""First byte of every dag-pb node that is not empty: data, or a link."""


def codec_of(cid: bytes) -> int:
    """Give the codec of a CID; errors as ``cid.decode``."""
    return decode(cid).codec


def is_linking(cid: bytes) -> bool:
    """Say whether a CID names a node, so that what lies below belongs to it; a raw one does not."""
    return codec_of(cid) in LINKING


def links_in(data: bytes) -> tuple[Cid, ...]:
    """Give the links that bytes have when they are read as a node, each once, in their order.

    Bytes that are no node have none.  Identity links hold their own data and are left out.
    """
    if not data or data[0] not in _DAG_PB_TAGS:
        return ()
    try:
        links = dict.fromkeys(link.cid for link in dagpb.decode(data).links)
        return tuple(link for link in links if decode(link).hash_code != IDENTITY)
    except (BadNodeError, BadCidError, HashNotAllowedError):
        return ()
