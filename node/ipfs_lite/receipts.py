"""What a node signs when an erasure is done (content-store.md, section 10, step 7).

Blocks are named by their double hash, so that a receipt says what is gone only to somebody who
knew it.
"""

from dataclasses import dataclass
from typing import Final

from node.base import rlp
from node.base.keccak import keccak256
from node.base.ports import Signer
from node.base.types import Address, Hash32
from node.ipfs_lite.blocks import Erased
from node.ipfs_lite.tombstones import double_hash

_DOMAIN: Final = b"wardnet/erase/1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One validator's word that an order is carried out in its store."""

    order_id: bytes
    validator: Address
    signature: bytes
    """65 bytes over keccak-256 of ``receipt_bytes``."""


def receipt_bytes(chain_id: int, erased: Erased, head: Hash32) -> bytes:
    """Give what is signed: RLP of domain, chain, order, tombstones, what was kept, head.

    The same erasure gives the same bytes, whatever attempt ended it.
    """
    kept = sorted((double_hash(one.multihash), one.reason.encode()) for one in erased.kept)
    return rlp.encode(
        [
            _DOMAIN,
            rlp.encode_int(chain_id),
            erased.order_id,
            sorted(erased.tombstones),
            [list(one) for one in kept],
            head,
        ]
    )


def sign_receipt(signer: Signer, chain_id: int, erased: Erased, head: Hash32) -> Receipt:
    """Sign an erasure that ``erase`` has acknowledged; ``head``: the finalised head's hash."""
    digest = keccak256(receipt_bytes(chain_id, erased, head))
    return Receipt(erased.order_id, signer.address, signer.sign(digest))
