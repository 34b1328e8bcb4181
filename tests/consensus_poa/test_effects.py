import dataclasses
from typing import get_args

import pytest

from node.consensus_poa import effects
from node.consensus_poa.effects import Effect, Trace, trace


def test_every_effect_is_a_frozen_slotted_record() -> None:
    for kind in get_args(Effect):
        assert dataclasses.is_dataclass(kind)
        assert "__slots__" in vars(kind), kind
        assert kind.__dataclass_params__.frozen, kind


def test_the_effects_are_those_of_the_specification() -> None:
    assert {kind.__name__ for kind in get_args(Effect)} == {
        "AppendWal",
        "Multicast",
        "BroadcastBlock",
        "ScheduleTimer",
        "CancelTimer",
        "BuildBlock",
        "ValidateBlock",
        "ImportBlock",
        "SetHead",
        "Finalized",
        "RequestSync",
        "ReportEvidence",
        "Trace",
    }


def test_a_trace_keeps_its_values_in_order() -> None:
    made = trace("Clique.Sealed", number=3, hash=b"\x01")
    assert made == Trace("Clique.Sealed", (("number", 3), ("hash", b"\x01")))
    assert hash(made) == hash(trace("Clique.Sealed", number=3, hash=b"\x01"))


def test_an_effect_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        effects.AppendWal(b"").entry = b"x"  # type: ignore[misc]
