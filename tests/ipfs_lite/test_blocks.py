from node.base.limits import STORE_BATCH_BLOCKS_COUNT_MAX
from node.ipfs_lite.blocks import AccessRule, Batch, BlockClass, Pin, PinMode, PinState
from node.ipfs_lite.cid import make_cid

_CID = make_cid(b"x")


def test_a_batch_is_sealed_unless_its_writer_says_public():
    assert Batch().klass is BlockClass.SEALED
    assert STORE_BATCH_BLOCKS_COUNT_MAX == 128


def test_a_pin_reaches_all_below_it_unless_it_is_direct():
    assert (Pin(_CID).mode, Pin(_CID).state) == (PinMode.RECURSIVE, PinState.PINNED)


def test_a_rule_without_times_counts_always():
    rule = AccessRule(_CID, b"h1", "replica")
    assert rule.not_before_s == 0
    assert rule.not_after_s == 2**63 - 1
