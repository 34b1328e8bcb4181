"""The loss budget of a deal: formula, enumeration, simulation."""

from itertools import product
from math import isclose, prod

import pytest

from node.base.errors import ConfigError
from node.sss import durability
from node.sss.durability import LossBudget, opening, shut, simulate
from node.sss.errors import SharingPlanError


def _enumerated(budget: LossBudget) -> float:
    """Go through the fates of all holders."""
    chances = (budget.essential_loss, *[budget.share_loss] * (budget.n - 1))
    return sum(
        prod(1 - loss if is_there else loss for is_there, loss in zip(fate, chances, strict=True))
        for fate in product((True, False), repeat=budget.n)
        if fate[0] and sum(fate[1:]) >= budget.t - 1
    )


@pytest.mark.parametrize("essential_loss", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("t", "n"), [(2, 2), (2, 5), (3, 5), (5, 5), (4, 7)])
def test_the_formula_is_the_sum_over_all_fates(t: int, n: int, essential_loss: float) -> None:
    budget = LossBudget(t, n, 0.2, essential_loss)
    assert isclose(opening(budget), _enumerated(budget), abs_tol=1e-15)
    assert isclose(opening(budget) + shut(budget), 1)


def test_small_probabilities_keep_their_digits() -> None:
    assert isclose(shut(LossBudget(3, 5, 1e-6, 0.0)), 4e-18, rel_tol=1e-5)
    assert isclose(opening(LossBudget(3, 3, 1 - 2**-40, 0.0)), 2**-80)


@pytest.mark.parametrize(("t", "n", "loss"), [(2, 2, 0.5), (3, 5, 0.3), (5, 9, 0.6), (9, 9, 0.1)])
def test_the_simulation_agrees(t: int, n: int, loss: float) -> None:
    budget = LossBudget(t, n, loss, 0.05)
    seen = simulate(budget, 20_000, 11)
    assert seen.is_telling
    assert seen.contains(shut(budget))
    assert seen.high - seen.low < 0.03


def test_the_simulation_would_notice_one_share_more() -> None:
    """The trap: a (3,5) deal is 2 of 4 custodians, not 3 of 5."""
    seen = simulate(LossBudget(3, 5, 0.3, 0.0), 20_000, 11)
    assert not seen.contains(shut(LossBudget(4, 6, 0.3, 0.0)))


def test_what_cannot_be_lost_is_not_and_what_must_be_is() -> None:
    assert simulate(LossBudget(5, 5, 0.0, 0.0), 1_000, 1).losses == 0
    assert simulate(LossBudget(2, 5, 1.0, 0.0), 1_000, 1).losses == 1_000
    assert simulate(LossBudget(2, 5, 0.0, 1.0), 1_000, 1).losses == 1_000


def test_the_same_seed_draws_the_same_fates() -> None:
    budget = LossBudget(3, 5, 0.3, 0.0)
    assert simulate(budget, 500, 5) == simulate(budget, 500, 5)
    assert simulate(budget, 500, 5) != simulate(budget, 500, 6)


def test_a_simulation_ends_after_so_many_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "SIMULATED_SHARES_COUNT_MAX", 1_000)
    assert simulate(LossBudget(3, 5, 0.3, 0.0), 10_000, 1).trials == 200


@pytest.mark.parametrize("loss", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(loss: float) -> None:
    with pytest.raises(ConfigError, match="loss: wants a probability"):
        LossBudget(3, 5, loss, 0.0)
    with pytest.raises(ConfigError, match="essential loss"):
        LossBudget(3, 5, 0.0, loss)


def test_a_plan_that_cannot_be_is_refused() -> None:
    with pytest.raises(SharingPlanError):
        LossBudget(6, 5, 0.1, 0.0)


def test_no_trials_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        simulate(LossBudget(3, 5, 0.1, 0.0), 0, 1)
