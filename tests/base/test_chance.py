"""Probabilities by formula, and what trials say about them."""

from math import comb, isclose

import pytest

from node.base.chance import Sampled, fewer_than, interval


def test_the_interval_is_wilsons() -> None:
    low, high = interval(0, 100)
    assert low == 0
    assert isclose(high, 3.290527**2 / (100 + 3.290527**2), rel_tol=1e-9)
    low, high = interval(50, 100)
    assert isclose(low + high, 1.0)


@pytest.mark.parametrize("needed", range(8))
def test_fewer_than_counts_the_outcomes(needed: int) -> None:
    """Seven fair coins have 128 outcomes."""
    outcomes = sum(number.bit_count() < needed for number in range(128))
    assert isclose(fewer_than(needed, 7, 0.5), outcomes / 128)


def test_what_is_certain_always_happens() -> None:
    assert fewer_than(3, 3, 1.0) == 0
    assert fewer_than(1, 3, 0.0) == 1


def test_a_large_group_does_not_overflow() -> None:
    assert isclose(fewer_than(127, 254, 0.5), (1 - comb(254, 127) / 2**254) / 2)


@pytest.mark.parametrize(("losses", "tells"), [(9, False), (10, True), (90, True), (91, False)])
def test_few_of_either_kind_say_nothing(losses: int, tells: bool) -> None:
    assert Sampled(100, losses, *interval(losses, 100)).is_telling is tells
