"""Every scenario that the project ships ends as it says: valid."""

from pathlib import Path

import pytest

from node.sim.loader import load
from node.sim.runner import judge_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
APART = {"broken-example", "city"}
"""Wrong on purpose; and one that runs for minutes."""
NAMES = sorted({path.stem for path in SCENARIOS.glob("*.yaml")} - APART)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_is_valid(name: str) -> None:
    file = SCENARIOS / f"{name}.yaml"
    results = judge_scenario(load(file.read_text("utf-8"), str(file)), file).as_dict()
    broken = [each["text"] for each in results["expectations"] if each["holds"] is not True]
    assert (broken, results["verdict"]) == ([], "valid")


def test_scenarios_are_named_as_their_files() -> None:
    for name in NAMES:
        file = SCENARIOS / f"{name}.yaml"
        assert load(file.read_text("utf-8"), str(file)).name == name
