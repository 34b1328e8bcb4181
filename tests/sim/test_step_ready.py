import pytest

from node.sim.step_ready import StepNotReadyError, whole_seconds


@pytest.mark.parametrize(("us", "seconds"), [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)])
def test_durations_are_rounded_up_to_seconds(us: int, seconds: int) -> None:
    assert whole_seconds(us) == seconds


def test_a_step_that_cannot_begin_says_why() -> None:
    error = StepNotReadyError("read-1", "step visit, which it refers to, did not end well")
    assert str(error).startswith("read-1 cannot begin: step visit")
