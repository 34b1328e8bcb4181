"""A thousand random schedules of faults for each engine, within what it promises to bear."""

import os
from pathlib import Path

import pytest

from node.sim.sweep import sweep

FILE = Path(__file__).parents[2] / "scenarios" / "random-faults.yaml"
ENGINES = ("qbft", "clique", "aura", "ibft1")


def failures(engine: str, count: int, workers: int) -> dict[int, str]:
    rows = sweep(FILE, range(1, count + 1), options={"engine": engine}, workers=workers)
    assert len(rows) == count
    return {row.seed: f"{row.verdict}: {row.why}" for row in rows if row.verdict != "valid"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_few_schedules_break_nothing(engine: str) -> None:
    assert failures(engine, 3, workers=1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_thousand_schedules_break_nothing(engine: str) -> None:
    assert failures(engine, 1_000, workers=os.cpu_count() or 1) == {}
