import pytest

from node.ipfs_lite.blocks import Pin, PinMode, PinState
from node.ipfs_lite.cid import DAG_PB, RAW, make_cid, make_cid_v0
from node.ipfs_lite.errors import PinConflictError
from node.ipfs_lite.pins import holds, is_deep, settled

_CID = make_cid(b"", DAG_PB)
_DIRECT = PinMode.DIRECT


@pytest.mark.parametrize(
    ("pin", "wanted"),
    [
        (Pin(_CID), True),
        (Pin(make_cid_v0(b"")), True),
        (Pin(make_cid(b"", RAW)), False),
        (Pin(_CID, _DIRECT), False),
    ],
)
def test_a_recursive_pin_of_a_node_is_deep(pin, wanted):
    assert is_deep(pin) is wanted


def test_only_a_pinned_pin_holds():
    assert [state for state in PinState if holds(Pin(_CID, state=state))] == [PinState.PINNED]


def test_a_repeated_pin_takes_the_new_name_and_keeps_its_time():
    new = settled(Pin(_CID, name="old", created_s=1), Pin(_CID, name="new", created_s=2))
    assert (new.name, new.created_s) == ("new", 1)


def test_a_recursive_pin_in_place_of_a_direct_one_has_its_own_time():
    assert settled(Pin(_CID, _DIRECT, created_s=1), Pin(_CID, created_s=2)).created_s == 2


@pytest.mark.parametrize("state", list(PinState))
def test_a_direct_pin_never_replaces_a_recursive_one(state):
    with pytest.raises(PinConflictError, match="recursively"):
        settled(Pin(_CID, state=state), Pin(_CID, _DIRECT))
