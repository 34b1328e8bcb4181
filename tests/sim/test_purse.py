import pytest

from node.sim import purse
from node.sim.purse import BudgetSpentError, Purse, resident_bytes
from node.sim.schema.settings import Budget
from tests.sim.small import prepared

HOUR_US = 3_600_000_000


class Clock:
    now = 0

    def now_us(self):
        return Clock.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(Clock, "now", 0)
    monkeypatch.setattr(purse, "WallClock", Clock)


def test_what_is_within_the_budget_is_fine():
    spending = Purse(Budget.model_validate({"wall": "10s"}))
    Clock.now = 10_000_000
    spending.check(HOUR_US)


def test_more_time_than_the_budget_has_is_told():
    spending = Purse(Budget.model_validate({"wall": "10s"}))
    Clock.now = 10_000_001
    with pytest.raises(BudgetSpentError, match=r"run.budget.wall of 10s is spent at 1h of virtual"):
        spending.check(HOUR_US)


def test_more_memory_than_the_budget_has_is_told(monkeypatch):
    monkeypatch.setattr(purse, "resident_bytes", lambda: 2**20 + 1)
    with pytest.raises(BudgetSpentError, match=r"run.budget.memory of 1MiB is spent"):
        Purse(Budget.model_validate({"memory": "1MiB"})).check(0)


def test_a_process_has_something_in_memory():
    assert resident_bytes() == 0 or resident_bytes() > 2**20


def test_a_run_that_spends_its_budget_is_undecided(monkeypatch):
    monkeypatch.setattr(purse, "resident_bytes", lambda: 2**40)
    run = prepared(expect="  - {always: heads_agree}", until="10s")
    run.play(Purse(run.scenario.run.budget))
    results = run.results({})
    assert results.verdict == "unknown"
    assert "run.budget.memory of 2048MiB is spent" in (results.cause or "")
