import pytest

from node.sim.founding_plan import min_validators


@pytest.mark.parametrize(("count", "minimum"), [(1, 1), (2, 1), (4, 3), (5, 4), (100, 4)])
def test_one_validator_may_always_go_and_four_are_enough(count, minimum):
    assert min_validators(count) == minimum
