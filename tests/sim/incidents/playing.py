"""Incidents of consensus.md section 10, played under an engine."""

from functools import cache
from pathlib import Path

from node.sim.runner import _Run, read_scenario

FOLDER = Path(__file__).parents[3] / "scenarios" / "incidents"
ENGINES = ("qbft", "clique", "aura", "ibft1")


class Played:
    """A run that has ended, its results, and what the file expects of it."""

    def __init__(self, name: str, engine: str) -> None:
        self.scenario = read_scenario(FOLDER / f"{name}.yaml", {"engine": engine})
        self.run = _Run(self.scenario, {}, lambda _event: None)
        self.run.play()
        self.results = self.run.results({})
        self.expected = self.scenario.verdicts[engine]

    @property
    def failed(self) -> dict[str, str]:
        """Give the expectations that do not hold: mode and predicate, and why."""
        return {
            f"{one.terms.mode} {one.terms.name}": one.why
            for one in self.run.findings
            if one.holds is not True
        }

    def why(self, name: str) -> str:
        return next(one.why for one in self.run.findings if one.terms.name == name)

    def effects(self, fault: str) -> int:
        return next(one.effects for one in self.results.faults if one.id == fault)

    def height(self, node: str) -> int:
        return self.run.world.nodes[node].ledger.head.number

    def notes(self, name: str) -> list[dict]:
        return [one for one in self.run.world.history.as_dicts() if one["f"] == name]


@cache
def played(name: str, engine: str) -> Played:
    """Give the run of an incident; each is played once for all tests."""
    return Played(name, engine)
