"""What the helpers of a masked repair send, sealed: masks to each other, parts to the newcomer.

The label binds a letter to its plan and to both ends, so that none is taken for another one's
(secret-sharing.md section 8).
"""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.base.ports import Entropy
from node.privacy.sealing import open_sealed, seal
from node.sss.drbg import SEED_BYTES, SeedsUsed, Stream
from node.sss.repair import RepairPlan, draw_masks

_MASK_LABEL: Final = b"wardnet/repair-mask/v1\x00"
_PART_LABEL: Final = b"wardnet/repair-part/v1\x00"
_DRAWN_LABEL: Final = b"wardnet/repair-drawn-masks/v1\x00"


def drawn_masks(plan: RepairPlan, helper: int, *, private_key: bytes) -> dict[int, bytes]:
    """Give the masks that a helper makes, by higher partner: the same whenever it is asked.

    They follow from the key that masks are sealed to.  If a helper drew others after a restart,
    the part that another one has given under the old ones would make a wrong share with its new
    part, and nobody would see it.  Another plan has other masks.

    raises        RepairPlanError: it takes no part.
    """
    info = _info(_DRAWN_LABEL, plan, helper, helper)
    seed = HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=info).derive(private_key)
    return draw_masks(plan, helper, Stream(seed, SeedsUsed()))  # a repeated seed is the point


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
