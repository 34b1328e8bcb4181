"""Selectors become nodes and links when a fault begins."""

import pytest

from node.sim.faults.stage import Stage
from node.sim.schema.selectors import read_links, read_nodes
from node.sim.world import World
from tests.sim.faulty import scenario


@pytest.fixture(scope="module")
def world() -> World:
    clone = "do: clone_key, nodes: h0, at: 1s"
    return World(scenario(clone, nodes="o1: {role: observer}"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("h2", ("h2",)),
        (("h2", "h0-clone"), ("h2", "h0-clone")),
        ("all", ("h0", "h1", "h2", "h3", "o1")),
        ("validators", ("h0", "h1", "h2", "h3")),
        ("not(h1)", ("h0", "h2", "h3", "o1")),
    ],
)
def test_a_selector_means_nodes(world, text, names):
    assert Stage(world, "f").nodes(read_nodes(text)) == names


def test_random_nodes_follow_from_seed_and_fault_and_are_drawn_anew(world):
    wanted = read_nodes("random(2)")
    first, again = Stage(world, "f"), Stage(world, "f")
    draws = [first.nodes(wanted) for _ in range(20)]
    assert draws == [again.nodes(wanted) for _ in range(20)]
    assert draws != [Stage(world, "g").nodes(wanted) for _ in range(20)]
    assert len(set(draws)) > 1
    assert all(len(set(names)) == 2 and "h0-clone" not in names for names in draws)


def test_the_proposer_before_the_first_block_is_who_has_the_turn(world):
    signers = world.bends.engine("h0").validators_after_block(world.nodes["h0"].ledger.head_hash)
    name = Stage(world, "f").proposer()
    assert world.nodes[name].address == signers[1]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [("all", 5 * 4 + 2 * 4), ("h1", 10), (("h1", "h2"), 18), ((("h0", "h1"), ("h0", "h2")), 4)],
)
def test_links_are_both_directions_of_those_with_an_end_there(world, wanted, count):
    ends = Stage(world, "f").links(read_links(wanted))
    assert len(ends) == count
    assert {(two, one) for one, two in ends} == set(ends)
