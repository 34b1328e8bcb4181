import dataclasses
from typing import get_args

from node.consensus_poa.events import Event, TimerId, TimerKind


def test_every_event_is_a_frozen_slotted_record() -> None:
    for kind in get_args(Event):
        assert dataclasses.is_dataclass(kind)
        assert "__slots__" in vars(kind), kind
        assert kind.__dataclass_params__.frozen, kind


def test_the_events_are_those_of_the_specification_and_one_more() -> None:
    assert {kind.__name__ for kind in get_args(Event)} == {
        "Start",
        "NewChainHead",
        "MessageReceived",
        "BlockReceived",
        "TimerExpired",
        "BlockBuilt",
        "BlockValidated",
        "ProposeValidatorVote",
        "DiscardValidatorVote",
        "PauseSealing",
        "ResumeSealing",
        "TransactionsWaiting",
    }


def test_timers_are_told_apart_by_kind_height_and_round() -> None:
    names = {TimerId(kind, height, r) for kind in TimerKind for height in (0, 1) for r in (0, 1)}
    assert len(names) == 20
    assert TimerId(TimerKind.BLOCK, 1) == TimerId(TimerKind.BLOCK, 1, 0)
