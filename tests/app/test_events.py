"""The border between a node and its driver: plain values, nothing behind them."""

from dataclasses import FrozenInstanceError, is_dataclass
from typing import get_args

import pytest

from node.app.events import Effect, Event, Noted, Outcome, SetTimer, TimerFired, Work

VALUES = (*get_args(Event), *get_args(Effect), Outcome)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_a_value_has_no_room_for_anything_else(kind):
    assert is_dataclass(kind)
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_a_value_does_not_change(kind):
    assert kind.__dataclass_params__.frozen


def test_values_are_equal_by_what_they_say():
    assert SetTimer(("engine", "block", 7, 0), 5) == SetTimer(("engine", "block", 7, 0), 5)
    assert SetTimer(("engine", "block", 7, 0), 5) != SetTimer(("engine", "block", 7, 0), 6)


def test_the_key_of_a_timer_comes_back_as_it_was_set():
    key = ("engine", "block", 7, 0)
    assert TimerFired(SetTimer(key, 5).timer).timer == key


def test_the_key_of_a_timer_is_a_key():
    assert {SetTimer(("store", "fetch", "a"), 5).timer: 1}[("store", "fetch", "a")] == 1


def test_a_value_refuses_to_be_changed():
    note = Noted("area.said", {})
    with pytest.raises(FrozenInstanceError):
        note.name = "area.unsaid"


def test_work_begins_at_nothing():
    assert (Work().signatures, Work().gas) == (0, 0)


def test_no_kind_is_both_event_and_effect():
    assert set(get_args(Event)) & set(get_args(Effect)) == set()
