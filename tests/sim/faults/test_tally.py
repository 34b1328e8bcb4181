from node.sim.faults.tally import Tally


def test_effects_are_what_was_counted_and_what_meters_show():
    tally, value = Tally("f", "loss"), [10]
    tally.count()
    stop = tally.meter(lambda: value[0])
    value[0] = 14
    assert tally.effects == 5
    stop()
    value[0] = 99
    assert tally.effects == 5


def test_nodes_of_all_activations_stand_once_in_order():
    tally = Tally("f", "crash")
    tally.hit(("h2", "h0"))
    tally.hit(("h0", "h1"))
    assert tuple(tally.nodes) == ("h2", "h0", "h1")
