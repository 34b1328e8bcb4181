"""Steps of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.types import Address
from node.consensus_poa.aura.steps import Steps, primary


def test_steps_of_one_length_count_from_the_epoch() -> None:
    steps = Steps([(0, 5)])
    assert [steps.at(seconds) for seconds in (0, 4, 5, 9, 10)] == [0, 0, 1, 1, 2]
    assert [steps.start_s(step) for step in (0, 1, 7)] == [0, 5, 35]


@pytest.mark.parametrize(
    ("change_at", "first_boundary"), [(10, 10), (11, 15), (14, 15), (15, 15), (1, 5)]
)
def test_a_change_waits_for_the_next_boundary_of_the_old_length(
    change_at: int, first_boundary: int
) -> None:
    steps = Steps([(0, 5), (change_at, 7)])
    step = steps.at(first_boundary)
    assert step == first_boundary // 5
    assert steps.at(first_boundary + 6) == step
    assert steps.at(first_boundary + 7) == step + 1


def test_of_two_changes_at_one_boundary_the_later_holds() -> None:
    steps = Steps([(0, 5), (6, 7), (8, 3)])
    assert steps.start_s(3) - steps.start_s(2) == 3
    assert steps.at(10) == 2


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 100)), max_size=4, unique=True),
    st.integers(1, 100),
    st.integers(0, 2 * 10**6),
)
def test_every_second_lies_in_its_step(
    changes: list[tuple[int, int]], first: int, seconds: int
) -> None:
    table = dict(changes)
    steps = Steps([(0, first), *sorted(table.items())])
    step = steps.at(seconds)
    assert steps.start_s(step) <= seconds < steps.start_s(step + 1)
    assert steps.at(steps.start_s(step)) == step


def test_primaries_follow_each_other() -> None:
    validators = [Address(bytes([index]) * 20) for index in range(3)]
    assert [validators.index(primary(validators, step)) for step in range(5)] == [0, 1, 2, 0, 1]
