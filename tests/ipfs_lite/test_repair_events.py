import typing
from dataclasses import FrozenInstanceError, fields

import pytest

from node.ipfs_lite import repair_events

_KINDS = (
    *typing.get_args(repair_events.RepairEvent),
    *typing.get_args(repair_events.RepairEffect),
    repair_events.Held,
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
