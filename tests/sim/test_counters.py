from node.sim.counters import Counters


def test_the_deepest_reorganisation_is_that_of_any_node() -> None:
    counters = Counters()
    assert counters.deepest_reorg == 0
    counters.reorg_depths.update({"h0": 2, "h1": 5})
    assert counters.deepest_reorg == 5
