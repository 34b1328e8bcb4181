from node.base.limits import HOSPITAL_BLOCK_GAS_MAX
from node.base.limits_records import INSTITUTION_BLOCK_GAS_MAX


def test_an_institution_may_do_less_than_a_hospital() -> None:
    assert 0 < INSTITUTION_BLOCK_GAS_MAX <= HOSPITAL_BLOCK_GAS_MAX
