"""A patient's own baseline: against the statistics module, and what moves it."""

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits_records import BASELINE_READINGS_COUNT_MAX, BASELINE_READINGS_COUNT_MIN
from node.privacy.baseline import Baseline, Deviation, baseline_of, deviations

VALUES = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60)
CALM = [70, 72, 71, 69, 73, 70, 71, 72, 68, 71, 70, 72]


def exact(values: list[int], value: int, k: Fraction) -> bool:
    """Say by fractions whether a value deviates."""
    fractions = [Fraction(one) for one in values]
    middle = median(fractions)
    mad = max(median([abs(one - middle) for one in fractions]), Fraction(1))
    return abs(value - middle) > k * Fraction(14_826, 10_000) * mad


@given(VALUES, st.integers(-(10**9), 10**9), st.integers(1, 100))
def test_integers_decide_as_fractions_do(values: list[int], value: int, k_tenths: int) -> None:
    found = baseline_of(values).deviation(value, k_tenths)
    assert (found is not None) == exact(values, value, Fraction(k_tenths, 10))


@given(VALUES, st.integers(-(10**6), 10**6))
def test_a_shifted_course_deviates_as_much(values: list[int], shift: int) -> None:
    moved = baseline_of([one + shift for one in values])
    plain = baseline_of(values)
    assert moved == Baseline(plain.median_x2 + 2 * shift, plain.mad_x4)


@given(VALUES)
def test_the_median_never_deviates(values: list[int]) -> None:
    baseline = baseline_of(values)
    assert baseline.deviation(baseline.median_x2 // 2) is None


@given(st.permutations(CALM), st.lists(st.integers(-(10**9), 10**9), max_size=5))
def test_a_minority_of_wild_values_does_not_hide_an_outlier(
    calm: list[int], wild: list[int]
) -> None:
    assert baseline_of(calm + wild).deviation(10**6) is Deviation.ABOVE


def test_sides_are_told_apart() -> None:
    assert deviations([180, 20, 71], earlier=CALM) == (
        (0, Deviation.ABOVE),
        (1, Deviation.BELOW),
    )


@pytest.mark.parametrize(("value", "deviates"), [(77, False), (78, True), (63, False), (62, True)])
def test_equal_values_still_leave_room_for_a_units_noise(value: int, *, deviates: bool) -> None:
    """MAD is 0 and counts as 1: 5 * 1.4826 = 7.4 on each side of 70."""
    assert bool(deviations([value], earlier=[70] * 20)) is deviates


def test_without_enough_earlier_values_nothing_deviates() -> None:
    earlier = CALM[: BASELINE_READINGS_COUNT_MIN - 1]
    assert deviations([10**6], earlier=earlier) == ()
    assert deviations([10**6, 10**6], earlier=earlier) == ((1, Deviation.ABOVE),)


def test_only_the_newest_values_count() -> None:
    old = [1_000] * BASELINE_READINGS_COUNT_MAX
    assert deviations([70], earlier=old + [70] * BASELINE_READINGS_COUNT_MAX) == ()
    assert deviations([70], earlier=[70] * BASELINE_READINGS_COUNT_MAX + old) != ()


def test_values_of_one_call_are_earlier_ones_of_the_next() -> None:
    assert deviations([*CALM, 180]) == ((len(CALM), Deviation.ABOVE),)
