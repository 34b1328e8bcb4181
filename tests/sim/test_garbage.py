import gc

import pytest

from node.sim.garbage import calm_collector


def test_the_collector_looks_seldom_inside_and_as_before_outside():
    before = gc.get_threshold()
    with calm_collector():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_an_error_ends_the_calm_too():
    before = gc.get_threshold()
    with pytest.raises(KeyError), calm_collector():
        raise KeyError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_an_inner_run_leaves_the_outer_ones_frozen_objects():
    with calm_collector():
        frozen = gc.get_freeze_count()
        with calm_collector():
            assert gc.get_freeze_count() == frozen
        assert gc.get_freeze_count() == frozen > 0
