import math
from itertools import pairwise

from node.sim.quantiles import EXPONENTIAL


def test_the_committed_table_is_the_exponential_distribution():
    wants = [round(-math.log(1 - i / 1024) * 1_000_000) for i in range(1024)]
    wants.append(round(math.log(4096) * 1_000_000))
    assert len(EXPONENTIAL) == 1025
    assert all(abs(have - want) <= 1 for have, want in zip(EXPONENTIAL, wants, strict=True))


def test_the_mean_of_the_interpolated_table_is_close_to_one():
    middles = [(a + b) / 2 for a, b in pairwise(EXPONENTIAL)]
    assert abs(sum(middles) / 1024 / 1_000_000 - 1) < 0.005
