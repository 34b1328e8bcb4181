"""When people come: how many, at which hours, and in whole numbers."""

from datetime import UTC, datetime

import pytest

from node.base.rng import TreeEntropy
from node.sim.lives_calendar import Calendar, exponential_ppm

DAY_US = 86_400_000_000
MONDAY_US = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1_000_000


def calendar(days=364, zone_s=0, begin_us=0):
    return Calendar(begin_us, days * DAY_US, epoch_us=MONDAY_US, zone_s=zone_s)


def year(zone_s=0, rate=200_000, seed=1):
    draws = TreeEntropy(seed, "test")
    return list(calendar(zone_s=zone_s).arrivals(draws, rate, 0))


def local(t_us, zone_s=0):
    return datetime.fromtimestamp((MONDAY_US + t_us) // 1_000_000 + zone_s, UTC)


def test_exponential_draws_have_mean_one_and_the_tail_of_the_exponential():
    draws = TreeEntropy(1, "exponential")
    found = [exponential_ppm(draws) for _ in range(4_000)]
    assert sum(found) / len(found) == pytest.approx(1_000_000, rel=0.06)
    assert sum(one > 2_000_000 for one in found) / len(found) == pytest.approx(0.135, rel=0.2)


def test_a_year_has_as_many_arrivals_as_the_rate_says():
    counts = [len(year(seed=seed)) for seed in range(10)]
    assert sum(counts) / len(counts) == pytest.approx(200 * 364 / 365, rel=0.08)


def test_arrivals_are_in_order_and_within_the_span():
    found = year()
    assert found == sorted(found)
    assert found[-1] < 364 * DAY_US


def test_a_rate_of_nothing_brings_nobody():
    assert year(rate=0) == []


def test_nobody_comes_before_the_beginning():
    found = list(calendar().arrivals(TreeEntropy(1, "x"), 2_000_000, 100 * DAY_US))
    assert found
    assert found[0] >= 100 * DAY_US


@pytest.mark.parametrize("zone_s", [0, 19_800, -5 * 3_600])
def test_most_come_on_weekdays_in_the_local_day(zone_s):
    moments = [local(one, zone_s) for one in year(zone_s, rate=2_000_000)]
    weekday = [one for one in moments if one.weekday() < 5]
    assert len(weekday) / len(moments) > 0.8
    by_day = [one for one in weekday if 8 <= one.hour < 18]
    assert len(by_day) / len(weekday) > 0.8
    nights = [one for one in moments if one.hour < 5]
    assert 0 < len(nights) / len(moments) < 0.05


def test_a_moment_is_drawn_between_two_moments():
    draws = TreeEntropy(3, "somewhere")
    found = [calendar().somewhere(draws, DAY_US, 3 * DAY_US) for _ in range(200)]
    assert DAY_US <= min(found) < max(found) < 3 * DAY_US


def test_a_moment_between_two_equal_ones_is_that_moment():
    assert calendar().somewhere(TreeEntropy(3, "x"), 9 * DAY_US, 9 * DAY_US) == 9 * DAY_US


def test_a_span_may_begin_within_an_hour():
    begin_us = 5 * 60_000_000
    found = list(calendar(2, begin_us=begin_us).arrivals(TreeEntropy(1, "x"), 9_000_000, begin_us))
    assert found[0] >= begin_us
