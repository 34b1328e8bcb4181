"""What a block points to, whatever it is called.

A store is keyed by multihash and the codec stands in the CID, so one block can be a raw leaf for
one writer and a node for another.  Its links are therefore a matter of its bytes: a codec that was
remembered with the block could be the wrong one, and what a pin must hold would be lost.
"""

from typing import Final

from node.base.types import Cid
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, decode, make_cid
from node.ipfs_lite.errors import BadCborError, BadCidError, BadNodeError, HashNotAllowedError
from node.ipfs_lite.links import links_of

LINKING: Final = (DAG_PB, DAG_CBOR)
"""Codecs whose blocks have links."""
_DAG_PB_TAGS: Final = (0x0A, 0x12)
"""First byte of every dag-pb node that is not empty: data, or a link.  In CBOR these are numbers,
so no bytes are a node of both kinds."""
_CBOR_TYPES: Final = (4, 5, 6)
"""List, map, tag: what a dag-cbor node with a link begins with."""
_CBOR_LINK: Final = b"\xd8\x2a"
_AS_DAG_PB: Final = make_cid(b"", DAG_PB)
_AS_DAG_CBOR: Final = make_cid(b"", DAG_CBOR)


def codec_of(cid: bytes) -> int:
    """Give the codec of a CID; errors as ``cid.decode``."""
    return decode(cid).codec


def is_linking(cid: bytes) -> bool:
    """Say whether a CID names a node, so that what lies below belongs to it; a raw one does not."""
    return codec_of(cid) in LINKING


def links_in(data: bytes) -> tuple[Cid, ...]:
    """Give the links that bytes have when they are read as a node, each once, in their order.

    Bytes that are no node have none.
    """
    if not data:
        return ()
    if data[0] in _DAG_PB_TAGS:
        name = _AS_DAG_PB
    elif data[0] >> 5 in _CBOR_TYPES and _CBOR_LINK in data:
        name = _AS_DAG_CBOR
    else:
        return ()
    try:
        return tuple(dict.fromkeys(links_of(name, data)))
    except (BadNodeError, BadCborError, BadCidError, HashNotAllowedError):
        return ()
