import pytest

from node.base.types import ZERO_HASH
from node.sim.facts import HeadAt
from node.sim.predicates.progress import HeightGrows, Stalled


class Time:
    def __init__(self):
        self.now = 0
        self.woken = []

    def __call__(self):
        return self.now


def told(predicate, time, *heads):
    for at_us, node, number in heads:
        time.now = at_us
        predicate.observe(HeadAt(node, ZERO_HASH, number))
    return predicate.state()


@pytest.mark.parametrize(("is_any", "holds"), [(True, True), (False, False)])
def test_never_asks_for_none_and_the_others_for_each(is_any, holds):
    time = Time()
    grows = HeightGrows(("h0", "h1"), time, from_us=10, is_any=is_any)
    state = told(grows, time, (5, "h0", 3), (5, "h1", 3), (12, "h0", 4), (13, "h2", 9))
    assert state.holds is holds
    assert state.why == "1 of 2 heads grew: h0 from block 3 to 4"


def test_what_grew_before_the_window_did_not_grow_in_it():
    time = Time()
    grows = HeightGrows(("h0",), time, from_us=10, is_any=True)
    assert not told(grows, time, (5, "h0", 3), (12, "h0", 3), (13, "h0", 2)).holds
    assert told(grows, time, (14, "h0", 4)).holds


def stalled(time, nodes=("h0", "h1"), from_us=0):
    return Stalled(nodes, 10_000_000, time, time.woken.append, from_us=from_us)


def test_a_network_without_growth_is_stalled_when_the_time_is_over():
    time = Time()
    predicate = stalled(time)
    assert time.woken == [10_000_000]
    time.now = 9_999_999
    assert not predicate.state().holds
    time.now = 10_000_000
    assert predicate.state().holds
    assert predicate.state().why == "no head grew for 10 s, the highest is block 0"


def test_growth_of_any_of_the_nodes_starts_the_time_again():
    time = Time()
    predicate = stalled(time)
    told(predicate, time, (4_000_000, "h1", 1), (6_000_000, "h2", 9), (7_000_000, "h1", 1))
    assert time.woken == [10_000_000, 14_000_000]
    time.now = 13_999_999
    assert not predicate.state().holds
    time.now = 14_000_000
    assert predicate.state().holds


def test_time_before_the_window_does_not_count():
    time = Time()
    predicate = stalled(time, from_us=30_000_000)
    time.now = 39_000_000
    assert not predicate.state().holds
    told(predicate, time, (20_000_000, "h0", 1))
    time.now = 40_000_000
    assert predicate.state().holds
