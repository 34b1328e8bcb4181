"""Incidents of consensus.md section 10, played under an engine."""

from functools import cache
from pathlib import Path

from node.sim.loader import load, resolve
from node.sim.runner import _Run, read_scenario
from node.sim.schema.scenario import Scenario

FOLDER = Path(__file__).parents[3] / "scenarios" / "incidents"
ENGINES = ("qbft", "clique", "aura", "ibft1")


class Played:
    """A run that has ended, its results, and what the file expects of it."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.run = _Run(scenario, {}, lambda _event: None)
        self.told: list[tuple[str, str, dict]] = []
        """Node, rule and data of what engines traced, also what a history leaves out."""
        noted = self.run.world.noted
        self.run.world.noted = lambda node, note: (
            self.told.append((node, note.name, note.data)),
            noted(node, note),
        )
        self.run.play()
        self.results = self.run.results({})
        self.expected = scenario.verdicts[scenario.chain.consensus]

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

    def sealers(self, number: int) -> dict[str, set[str]]:
        """Give who sealed blocks of a number, and which nodes ever stored each."""
        world = self.run.world
        names = {address: node for node, address in world.addresses.items()}
        found: dict[str, set[str]] = {}
        for core in world.nodes.values():
            for block_hash, stored in world.stored_at.items():
                header = core.ledger.header(block_hash)
                if header is not None and header.number == number:
                    sealer = world.bends.engine("h0").signer_of(header)
                    found[names[sealer]] = set(stored)
        return found

    def height(self, node: str) -> int:
        return self.run.world.nodes[node].ledger.head.number

    def notes(self, name: str) -> list[dict]:
        return [one for one in self.run.world.history.as_dicts() if one["f"] == name]


@cache
def played(name: str, engine: str) -> Played:
    """Give the run of an incident; each is played once for all tests."""
    return Played(read_scenario(FOLDER / f"{name}.yaml", {"engine": engine}))


def changed(name: str, engine: str, *changes: tuple[str, str]) -> Played:
    """Give the run of an incident whose text is another in some places."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return Played(resolve(load(text, f"{name}.yaml"), {"chain.consensus": engine}))
