"""Plays the shipped scenarios of secret sharing, as they are or with a mistake put in."""

from functools import cache
from pathlib import Path

from node.sim.loader import load
from node.sim.results import Results, StepResult
from node.sim.runner import _Run
from node.sim.study_files import read_studies

FOLDER = Path(__file__).parents[3] / "scenarios"


class Played:
    """A run that is over."""

    def __init__(self, text: str, file: Path) -> None:
        scenario = load(text, str(file))
        self.run = _Run(scenario, read_studies(scenario, file), lambda _event: None)
        self.run.play()
        self.results: Results = self.run.results({})

    @property
    def failing(self) -> list[str]:
        return [one.name for one in self.results.expectations if not one.holds]

    def why(self, name: str) -> str:
        return next(one.why for one in self.results.expectations if one.name == name)

    def step(self, name: str) -> StepResult:
        return next(one for one in self.results.steps if one.name == name)

    def metric(self, name: str) -> int:
        return self.results.metrics[name]["max"]


@cache
def shipped(name: str) -> Played:
    file = FOLDER / f"{name}.yaml"
    return Played(file.read_text(), file)


def changed(name: str, *changes: tuple[str, str]) -> Played:
    """Play a scenario in which each text stands for another."""
    file = FOLDER / f"{name}.yaml"
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        text = text.replace(old, new)
    return Played(text, file)


def assert_valid(played: Played) -> None:
    assert {name: played.why(name) for name in played.failing} == {}
    assert (played.results.verdict, played.results.cause) == ("valid", None)
