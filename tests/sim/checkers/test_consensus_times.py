import pytest

from node.sim.checkers.consensus_times import Times
from tests.sim.checkers.forge import Aura, Clique, stored, told, turned


@pytest.mark.parametrize(("period", "fine"), [(1, True), (2, False)])
def test_a_block_keeps_the_period(period, fine):
    net = Clique(period=period)
    fault = told(Times(net.observed), stored(0, net.block(net.genesis, 1)))
    assert (fault is None) is fine
    assert fine or fault.endswith("its parent allows 2 at the earliest")


@pytest.mark.parametrize(("local_us", "fine"), [(4_000_000, True), (3_999_999, False), (0, True)])
def test_a_block_is_not_of_the_nodes_future(local_us, fine):
    net = Clique()
    block = net.block(net.genesis, 1, timestamp=5)
    fault = told(Times(net.observed), stored(0, block, local_us=local_us))
    assert (fault is None) is fine
    assert fine or fault.endswith("of time 5 when its own clock was 3")


def test_steps_are_the_rhythm_of_aura():
    net = Aura(period=5)
    assert told(Times(net.observed), stored(0, net.block(net.genesis, 1, timestamp=0))) is None


def test_a_byzantine_node_may_take_what_it_likes():
    net = Clique(period=9)
    facts = (turned(0, "byzantine"), stored(0, net.block(net.genesis, 1)))
    assert told(Times(net.observed), *facts) is None
