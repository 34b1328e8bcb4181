"""How a dealt share reaches its custodian: sealed to the key in HospitalRegistry for one deal.

The custodian holds what it opens against the manifest, so a dealer cannot hand over another
share than the one that the manifest lists (``Custodian.hold``).
"""

from typing import Final

from node.base.ports import Entropy
from node.privacy.sealing import open_sealed, seal
from node.sss.shares import Container

_LABEL: Final = b"wardnet/custody/v1\x00"


def seal_share(share: Container, custodian_key: bytes, entropy: Entropy) -> bytes:
    """Seal a custodian's container.

    raises        SealingKeyError.
    """
    return seal(custodian_key, _LABEL + share.deal_id, share.encode(), entropy)


def open_share(private_key: bytes, deal_id: bytes, sealed: bytes) -> bytes:
    """Give the encoded container that was sealed to a custodian for a deal.

    raises        SealedBoxError: another key, another deal, or changed bytes.
    """
    return open_sealed(private_key, _LABEL + deal_id, sealed)
