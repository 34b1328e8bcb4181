import typing
from dataclasses import FrozenInstanceError, fields

import pytest

from node.ipfs_lite import events

_KINDS = (
    *typing.get_args(events.WantEvent),
    *typing.get_args(events.FetchEvent),
    *typing.get_args(events.Effect),
    events.WantEntry,
)


@pytest.mark.parametrize("kind", dict.fromkeys(_KINDS))
def test_every_event_and_effect_is_an_immutable_value(kind):
    one, other = (kind(*(0 for _ in fields(kind))) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert not hasattr(one, "__dict__")
    for entry in fields(kind):
        with pytest.raises(FrozenInstanceError):
            setattr(one, entry.name, 1)


def test_the_flags_are_the_bits_of_the_wire():
    assert [int(flag) for flag in events.WantFlag] == [1, 2, 4]
