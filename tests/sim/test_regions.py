import math

import pytest

from node.sim.regions import REGIONS, one_way_us

PLACES = {
    "in_north": (28.61, 77.21),
    "in_west": (19.08, 72.88),
    "in_south": (13.08, 80.27),
    "in_east": (22.57, 88.36),
    "ap_se": (1.35, 103.82),
    "eu": (50.11, 8.68),
    "us_east": (39.04, -77.49),
    "af_south": (-26.20, 28.05),
}


def model_us(a, b):
    (la, lo), (lb, lp) = ((math.radians(x), math.radians(y)) for x, y in (PLACES[a], PLACES[b]))
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin((lp - lo) / 2) ** 2
    return round((1 + 2 * 6371 * math.asin(math.sqrt(h)) * 1.6 / 200) * 1000)


@pytest.mark.parametrize("a", REGIONS)
def test_the_committed_table_is_the_model_in_both_directions(a):
    for b in REGIONS:
        if a != b:
            assert abs(one_way_us(a, b) - model_us(a, b)) <= 1
            assert one_way_us(a, b) == one_way_us(b, a)


@pytest.mark.parametrize(
    ("a", "b", "ms"),
    [("in_north", "in_west", 10.2), ("in_south", "ap_se", 24.2), ("in_north", "eu", 49.9)],
)
def test_the_published_figures_of_the_model_hold(a, b, ms):
    assert round(one_way_us(a, b) / 1000, 1) == ms


def test_nodes_without_a_region_add_no_latency():
    assert one_way_us(None, None) == 0


def test_a_node_without_a_region_stands_in_the_default_one():
    assert one_way_us(None, "in_south") == one_way_us("in_north", "in_south")
    assert one_way_us(None, "in_north") == 1_000


def test_one_region_costs_a_millisecond():
    assert one_way_us("eu", "eu") == 1_000
