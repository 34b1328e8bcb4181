"""Predicates about disks, as they are told what lies there."""

import pytest

from node.sim.predicates.storage import Copies, StoresSound


def copies(keepers, at_least=0, at_most=9):
    return Copies("visit", lambda _record: keepers, at_least=at_least, at_most=at_most).state()


@pytest.mark.parametrize(
    ("bounds", "holds"),
    [((0, 9), True), ((2, 2), True), ((3, 9), False), ((0, 1), False)],
)
def test_the_number_of_copies_is_held_against_both_bounds(bounds, holds):
    assert copies(("h0", "h3"), *bounds).holds is holds


def test_the_keepers_are_named():
    assert copies(("h0", "h3")).why == "2 running nodes keep visit: h0, h3"
    assert copies(()).why == "0 running nodes keep visit: nobody"


def test_a_record_that_was_not_filed_has_no_number_of_copies():
    assert not copies(None).holds
    assert copies(None).why == "record visit was not filed"


def test_stores_are_sound_until_a_node_is_named():
    assert StoresSound(lambda: ()).state().holds
    state = StoresSound(lambda: ("h1",)).state()
    assert not state.holds
    assert state.why == "public blocks rot at h1"
