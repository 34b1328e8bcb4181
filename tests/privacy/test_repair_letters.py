"""Letters of a repair open for their plan and their two ends, and for nothing else."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.privacy.release_errors import SealedBoxError
from node.privacy.repair_letters import drawn_masks, open_mask, open_part, seal_mask, seal_part
from node.privacy.sealing import derive_private_key, public_key_of
from node.sss.repair import RepairPlan
from tests.privacy.ward import Ward

KEY = derive_private_key(b"the receiver's key of 32 bytes..")
ENTROPY = TreeEntropy(1, "repair letters")


@pytest.fixture(scope="module")
def plan():
    header = Ward().manifest.header
    return RepairPlan(header, 0, header.custodians, tuple(range(1, header.needed + 1)))


def test_a_mask_opens_for_its_plan_and_its_pair(plan):
    sealed = seal_mask(plan, 1, 2, b"mask", key=public_key_of(KEY), entropy=ENTROPY)
    assert open_mask(plan, 1, 2, sealed, key=KEY) == b"mask"
    for changed, source, target in (
        (replace(plan, epoch=1), 1, 2),
        (plan, 2, 2),
        (plan, 1, 1),
    ):
        with pytest.raises(SealedBoxError):
            open_mask(changed, source, target, sealed, key=KEY)


def test_a_part_opens_for_its_plan_and_its_helper_and_is_no_mask(plan):
    sealed = seal_part(plan, 1, b"part", key=public_key_of(KEY), entropy=ENTROPY)
    assert open_part(plan, 1, sealed, key=KEY) == b"part"
    with pytest.raises(SealedBoxError):
        open_part(plan, 2, sealed, key=KEY)
    with pytest.raises(SealedBoxError):
        open_mask(plan, 1, plan.target, sealed, key=KEY)


def test_a_helper_draws_the_same_masks_for_one_plan_and_others_for_any_other(plan):
    masks = drawn_masks(plan, 1, private_key=KEY)
    assert masks == drawn_masks(plan, 1, private_key=KEY)
    assert sorted(masks) == [x for x in plan.helpers if x > 1]
    assert all(len(mask) == plan.length for mask in masks.values())
    others = (
        drawn_masks(replace(plan, epoch=1), 1, private_key=KEY),
        drawn_masks(plan, 1, private_key=bytes(reversed(KEY))),
    )
    for other in others:
        assert not set(other.values()) & set(masks.values())
