import typing
from dataclasses import FrozenInstanceError, fields

import pytest

from node.p2p import events

_KINDS = (
    *typing.get_args(events.GossipEvent),
    *typing.get_args(events.FetchEvent),
    *typing.get_args(events.Effect),
)


@pytest.mark.parametrize("kind", dict.fromkeys(_KINDS))
def test_every_event_and_effect_is_an_immutable_value(kind):
    one, other = (kind(*(0 for _ in fields(kind))) for _ in range(2))
    assert one == other
    for entry in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(one, entry.name, 1)


def test_a_breach_costs_the_whole_score():
    assert events.BREACH_POINTS == 100
