"""Plays the shipped incidents: each once per engine, whoever asks."""

from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

import pytest

from node.app.events import Noted
from node.consensus_poa.interface import Engine
from node.sim.facts import BlockStored, Fact, HeadAt
from node.sim.loader import load, resolve
from node.sim.results import ExpectationResult, Results
from node.sim.runner import _Run, read_scenario
from node.sim.schema.scenario import Scenario
from node.sim.schema.settings import ENGINES
from node.sim.study_files import read_studies

FOLDER = Path(__file__).parents[3] / "scenarios" / "incidents"


@dataclass
class Played:
    """A run that is over."""

    run: _Run
    results: Results
    heads: list[tuple[float, str, int]] = field(default_factory=list)
    """Second, node and number of each head."""
    stored: dict[bytes, BlockStored] = field(default_factory=dict)
    """Every block that any node stored, once."""

    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Node, name and data of all that nodes noted, also what a history leaves out."""

    @property
    def expected(self) -> str:
        """The verdict that the file wants under this engine."""
        return self.run.scenario.verdicts[self.run.scenario.chain.consensus]

    @property
    def failed(self) -> dict[str, str]:
        """The expectations that do not hold: mode and predicate, and why."""
        return {
            f"{one.terms.mode} {one.terms.name}": one.why
            for one in self.run.findings
            if one.holds is not True
        }

    @property
    def failing(self) -> list[str]:
        """The predicates of the expectations that do not hold."""
        found = (one for one in self.results.expectations if one.holds is not True)
        return sorted(one.name for one in found)

    def why(self, name: str) -> str:
        return self.expectation(name).why

    def expectation(self, name: str) -> ExpectationResult:
        return next(one for one in self.results.expectations if one.name == name)

    def effects(self, fault: str) -> int:
        return next(one.effects for one in self.results.faults if one.id == fault)

    def height(self, node: str) -> int:
        return self.run.world.nodes[node].ledger.head.number

    def notes(self, name: str) -> list[dict[str, Any]]:
        return [one for one in self.run.world.history.as_dicts() if one["f"] == name]

    def sealers(self, number: int) -> dict[str, set[str]]:
        """Name who made blocks of a number, and which nodes ever stored each."""
        world = self.run.world
        names = {address: node for node, address in world.addresses.items()}
        found: dict[str, set[str]] = {}
        for core in world.nodes.values():
            for block_hash, stored in world.stored_at.items():
                header = core.ledger.header(block_hash)
                if header is not None and header.number == number:
                    found[names[self.engine("h0").signer_of(header)]] = set(stored)
        return found

    def engine(self, node: str) -> Engine:
        return self.run.world.bends.engine(node)

    def header(self, node: str, number: int) -> Any:
        return self.run.world.nodes[node].ledger.header_by_number(number)

    def sealer(self, node: str, number: int) -> str:
        """Name who made the block of a number in a node's chain."""
        return self.name_of(self.engine(node).signer_of(self.header(node, number)))

    def members(self, node: str) -> set[str]:
        """Name the validators after a node's head."""
        head = self.run.world.nodes[node].ledger.head_hash
        return {self.name_of(one) for one in self.engine(node).validators_after_block(head)}

    def name_of(self, address: bytes | None) -> str:
        nodes = self.run.world.nodes
        return next(name for name, core in nodes.items() if core.address == address)

    def grown_after(self, seconds: float) -> float:
        """Give the second at which a head first grew after a moment; infinity: none did."""
        before = max(number for at, _, number in self.heads if at <= seconds)
        later = (at for at, _, number in self.heads if at > seconds and number > before)
        return next(later, inf)


def play(scenario: Scenario, file: Path) -> Played:
    run = _Run(scenario, read_studies(scenario, file), lambda _event: None)
    heads: list[tuple[float, str, int]] = []
    stored: dict[bytes, BlockStored] = {}
    told: list[tuple[str, str, dict[str, Any]]] = []
    noted = run.world.noted

    def tell(node: str, one: Noted) -> None:
        told.append((node, one.name, one.data))
        noted(node, one)

    def note(fact: Fact) -> None:
        match fact:
            case HeadAt(node, _, number):
                heads.append((run.world.kernel.now / 1_000_000, node, number))
            case BlockStored(_, block_hash):
                stored.setdefault(block_hash, fact)
            case _:
                pass

    run.world.listeners.append(note)
    run.world.noted = tell
    run.play()
    return Played(run, run.results({}), heads, stored, told)


@cache
def incident(name: str, engine: str) -> Played:
    """Play a shipped incident under an engine."""
    file = FOLDER / f"{name}.yaml"
    return play(read_scenario(file, {"engine": engine}), file)


def changed(name: str, engine: str, *places: tuple[str, str]) -> Played:
    """Play a shipped incident with its text changed: pairs of what stands there and what shall."""
    file = FOLDER / f"{name}.yaml"
    text = file.read_text("utf-8")
    for old, new in places:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return play(resolve(load(text, str(file)), {"chain.consensus": engine}), file)


def cases(outcomes: dict[str, dict[str, list[str]]], *, quick: set[str]) -> list[Any]:
    """Give each incident under each engine, with the predicates that fail there."""
    return [
        pytest.param(
            name,
            engine,
            failing.get(engine, []),
            id=f"{name}-{engine}",
            marks=[] if name in quick else [pytest.mark.slow],
        )
        for name, failing in outcomes.items()
        for engine in ENGINES
    ]
