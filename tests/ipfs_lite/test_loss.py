from math import comb, exp, inf, isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import ConfigError
from node.ipfs_lite import loss
from node.ipfs_lite.loss import (
    YEAR_S,
    LossPlan,
    failures_of,
    loss_within,
    made_probable,
    mean_years_to_loss,
    simulate,
    unreachable,
)

_DAY_S = 86_400.0
_TWO_PERCENT = failures_of(0.02)


def _plan(needed, copies, *, failures=_TWO_PERCENT, repair_s=_DAY_S, node_up=0.95):
    return LossPlan(needed, copies, failures, repair_s, node_up)


@pytest.mark.parametrize(
    ("needed", "copies", "lost", "away"),
    [
        (1, 2, "2e-06", "2.5e-03"),
        (1, 3, "2e-10", "1.3e-04"),
        (2, 4, "7e-10", "4.8e-04"),
        (4, 8, "5e-17", "1.5e-05"),
    ],
)
def test_the_reference_figures_of_the_specification_come_out(needed, copies, lost, away):
    plan = _plan(needed, copies)
    assert f"{loss_within(plan):.0e}" == lost
    assert isclose(unreachable(plan), float(away), rel_tol=0.05)


def test_one_copy_is_lost_as_often_as_its_node_fails():
    assert isclose(loss_within(_plan(1, 1)), 0.02, rel_tol=1e-12)
    assert isclose(mean_years_to_loss(_plan(1, 1)), 1 / failures_of(0.02), rel_tol=1e-12)


def test_without_repair_in_time_the_binomial_comes_out():
    """Repair takes a million years: a piece is lost within the year, or it is not."""
    failures, copies, needed = 0.7, 5, 2
    fails = 1 - exp(-failures)
    want = sum(
        comb(copies, bad) * fails**bad * (1 - fails) ** (copies - bad)
        for bad in range(copies - needed + 1, copies + 1)
    )
    plan = _plan(needed, copies, failures=failures, repair_s=YEAR_S * 1e6)
    assert isclose(loss_within(plan), want, rel_tol=1e-5)


def test_two_copies_have_the_textbook_mean_time():
    """MTTDL of a mirror: (3 lambda + mu) / (2 lambda^2)."""
    plan = _plan(1, 2, failures=0.5, repair_s=YEAR_S / 8)
    assert isclose(mean_years_to_loss(plan), (3 * 0.5 + 8) / (2 * 0.5**2), rel_tol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(0, 4), st.floats(0.05, 3), st.floats(1, 400))
def test_a_year_is_two_halves_and_loss_only_grows(needed, spare, failures, repair_days):
    plan = _plan(needed, needed + spare, failures=failures, repair_s=repair_days * _DAY_S)
    half, whole, two = (loss_within(plan, years) for years in (0.5, 1.0, 2.0))
    assert 0 < half < whole < two <= 1
    more = _plan(needed, needed + spare + 1, failures=failures, repair_s=repair_days * _DAY_S)
    assert loss_within(more) < whole


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 3), st.integers(1, 3))
def test_rare_loss_is_one_year_out_of_the_mean_time(needed, spare):
    plan = _plan(needed, needed + spare)
    assert isclose(loss_within(plan) * mean_years_to_loss(plan), 1, rel_tol=0.02)


def test_nodes_that_never_fail_lose_nothing():
    plan = _plan(2, 4, failures=failures_of(0))
    assert loss_within(plan) == 0
    assert mean_years_to_loss(plan) == inf
    sampled = simulate(plan, 5, 1)
    assert (sampled.trials, sampled.losses, sampled.is_telling) == (5, 0, False)


@pytest.mark.parametrize("node_up", [0.0, 1.0])
def test_nodes_that_are_always_up_or_never(node_up):
    assert unreachable(_plan(2, 4, node_up=node_up)) == 1 - node_up


@pytest.mark.parametrize(("needed", "copies"), [(1, 1), (1, 2), (1, 3), (2, 4), (4, 8), (3, 3)])
def test_the_simulation_agrees_where_loss_is_not_rare(needed, copies):
    plan = made_probable(_plan(needed, copies))
    sampled = simulate(plan, 3_000, 7)
    assert sampled.is_telling
    assert sampled.contains(loss_within(plan))
    assert sampled.high - sampled.low < 0.1


def test_the_simulation_would_notice_repair_one_at_a_time():
    """The interval is narrow enough to tell this model from its neighbour."""
    plan = _plan(1, 4, failures=8.0, repair_s=YEAR_S / 12)
    sampled = simulate(plan, 3_000, 7)
    assert sampled.contains(loss_within(plan))
    slower = _plan(1, 4, failures=8.0, repair_s=YEAR_S / 8)
    assert not sampled.contains(loss_within(slower))


def test_the_same_seed_plays_the_same_years():
    plan = made_probable(_plan(2, 4))
    assert simulate(plan, 300, 5) == simulate(plan, 300, 5)
    assert simulate(plan, 300, 5) != simulate(plan, 300, 6)


def test_rare_loss_leaves_the_simulation_without_an_answer():
    sampled = simulate(_plan(1, 3), 200, 1)
    assert sampled.losses == 0
    assert not sampled.is_telling
    assert sampled.low == 0
    assert sampled.high > 0.01


def test_a_simulation_ends_after_so_many_failures(monkeypatch):
    monkeypatch.setattr(loss, "SIMULATED_FAILURES_COUNT_MAX", 100)
    assert 1 <= simulate(_plan(3, 3, failures=50.0), 10_000, 1).trials <= 100


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"copies": 0}, "copies"),
        ({"copies": 65}, "1 to 64"),
        ({"needed": 0}, "needed"),
        ({"needed": 4}, "1 to 3"),
        ({"failures_per_year": -1.0}, "failures"),
        ({"failures_per_year": inf}, "failures"),
        ({"failures_per_year": float("nan")}, "failures"),
        ({"repair_s": 0.0}, "repair"),
        ({"node_up": 1.1}, "node up"),
    ],
)
def test_numbers_outside_their_range_are_refused(change, says):
    right = {"needed": 1, "copies": 3, "failures_per_year": 0.1, "repair_s": 1.0, "node_up": 1.0}
    with pytest.raises(ConfigError, match=says):
        LossPlan(**(right | change))


@pytest.mark.parametrize("afr", [1.0, -0.1, float("nan")])
def test_an_impossible_afr_is_refused(afr):
    with pytest.raises(ConfigError, match="AFR"):
        failures_of(afr)


def test_no_trial_is_no_simulation():
    with pytest.raises(ConfigError, match="at least 1"):
        simulate(_plan(1, 2), 0, 1)
