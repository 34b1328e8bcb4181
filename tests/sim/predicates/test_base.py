import pytest

from node.sim.predicates.base import State


def test_a_state_cannot_be_changed_after_it_was_judged():
    with pytest.raises(AttributeError):
        State(holds=True, why="so").holds = False
