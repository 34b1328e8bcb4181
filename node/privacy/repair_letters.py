"""What the helpers of a masked repair send, sealed: masks to each other, parts to the newcomer.

The label binds a letter to its plan and to both ends, so that none is taken for another one's
(secret-sharing.md section 8).
"""

from typing import Final

from node.base.ports import Entropy
from node.privacy.sealing import open_sealed, seal
from node.sss.repair import RepairPlan

_MASK_LABEL: Final = b"wardnet/repair-mask/v1\x00"
_PART_LABEL: Final = b"wardnet/repair-part/v1\x00"


def seal_mask(
    plan: RepairPlan, source: int, target: int, mask: bytes, *, key: bytes, entropy: Entropy
) -> bytes:
    """Seal the mask of two helpers, from the lower index to the higher.  raises SealingKeyError."""
    return seal(key, _info(_MASK_LABEL, plan, source, target), mask, entropy)


def open_mask(plan: RepairPlan, source: int, target: int, sealed: bytes, *, key: bytes) -> bytes:
    """Open a mask.  raises SealedBoxError."""
    return open_sealed(key, _info(_MASK_LABEL, plan, source, target), sealed)


def seal_part(plan: RepairPlan, source: int, part: bytes, *, key: bytes, entropy: Entropy) -> bytes:
    """Seal a helper's contribution to the newcomer.  raises SealingKeyError."""
    return seal(key, _info(_PART_LABEL, plan, source, plan.target), part, entropy)


def open_part(plan: RepairPlan, source: int, sealed: bytes, *, key: bytes) -> bytes:
    """Open a contribution.  raises SealedBoxError."""
    return open_sealed(key, _info(_PART_LABEL, plan, source, plan.target), sealed)


def _info(label: bytes, plan: RepairPlan, source: int, target: int) -> bytes:
    return b"".join(
        (
            label,
            plan.header.deal_id(),
            plan.epoch.to_bytes(4),
            bytes((plan.target, len(plan.helpers), *plan.helpers, source, target)),
        )
    )
