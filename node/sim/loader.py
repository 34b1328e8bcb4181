"""A scenario file becomes a scenario, or all of its faults at once (simulation.md section 8).

Order of work: text to tree (``schema.tree``), short forms to long forms (``schema.expand``),
models (``schema.scenario``), then names and contradictions between parts.  All of them report;
only a scenario without any fault comes out.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from node.base.errors import UsageError
from node.sim.faults.chaos import Setting, expand_chaos
from node.sim.lives import LivesError, expand_lives
from node.sim.schema.conditions import value_at
from node.sim.schema.consistency import check_consistency
from node.sim.schema.expand import expand, step_ids
from node.sim.schema.faults import Fault, ScenarioFileError
from node.sim.schema.injection import AnyFault
from node.sim.schema.lives import Lives
from node.sim.schema.references import check_references
from node.sim.schema.scenario import Scenario
from node.sim.schema.translate import add_faults, locate
from node.sim.schema.tree import Table, Tree, parse


def load(text: str, filename: str) -> Scenario:
    """Read a scenario from the text of its file; ``filename`` is only for messages.

    raises        ScenarioFileError: with every fault of the file.
    """
    return _build(parse(text, filename), {})


def resolve(scenario: Scenario, overrides: Mapping[str, object]) -> Scenario:
    """Give the scenario with other values, such as ``{"run.seed": 8, "run.until": "5m"}``.

    Values are what the file would hold: durations as text with a unit.

    raises        UsageError: no such key, or a value that is not right for it.
                  ScenarioFileError: a fault elsewhere in the file that the new value causes.
    """
    return _build(parse(scenario.tree.text, scenario.tree.faults.file), overrides)


def _build(tree: Tree, overrides: Mapping[str, object]) -> Scenario:
    if not isinstance(tree.root, Table):
        raise ScenarioFileError(tree.faults.all())
    for path, value in overrides.items():
        if not tree.put(path, value):
            raise UsageError(f"{path}: no such key in a scenario")
    data: Any = tree.data()
    expand(data)
    steps = data.get("steps")
    ids = step_ids(steps) if isinstance(steps, tuple) else ()
    scenario: Scenario | None = None
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        add_faults(tree, error)
    check_references(tree, data, ids)
    check_consistency(tree, data, ids)
    faults = tree.faults.all()
    for path in overrides:
        _refuse_override(path, faults)
    if faults or scenario is None:
        raise ScenarioFileError(faults)
    return _finish(scenario, tree, ids)


def _refuse_override(path: str, faults: tuple[Fault, ...]) -> None:
    """Tell a fault of an overridden value without a position: it stands in no file."""
    for fault in faults:
        if fault.path == path or path.startswith(f"{fault.path}."):
            what = f"wants {fault.wants}, got {fault.got}" if fault.wants else fault.got
            raise UsageError(f"{fault.path}: {what}" + (f"; {fault.hint}" if fault.hint else ""))


def _with_ids(faults: tuple[AnyFault, ...], tree: Tree) -> tuple[AnyFault, ...]:
    """Give every fault an id and its line."""
    names = step_ids([{"id": one.id or None, "do": one.do} for one in faults])
    named = tuple(
        one.model_copy(update={"id": name}) for one, name in zip(faults, names, strict=True)
    )
    for index, fault in enumerate(named):
        fault.place_at(locate(tree.root, ("faults", index))[1].line)
    return named


def _finish(scenario: Scenario, tree: Tree, ids: tuple[str, ...]) -> Scenario:
    steps = tuple(
        step.model_copy(update={"id": name}) for step, name in zip(scenario.steps, ids, strict=True)
    )
    faults = _with_ids(scenario.faults, tree)
    finished = scenario.model_copy(update={"steps": steps, "faults": faults})
    if scenario.chaos is not None:
        setting = Setting(scenario.run.seed, scenario.chain.consensus, scenario.network.validators)
        faults = (*faults, *expand_chaos(setting, scenario.chaos))
        finished = finished.model_copy(update={"faults": faults, "chaos": None})
    for index, step in enumerate(steps):
        step.place_at(locate(tree.root, ("steps", index))[1].line)
    if scenario.lives is not None:
        finished = _with_lives(finished, scenario.lives, tree)
    for index, expectation in enumerate(finished.expect):
        expectation.place_at(locate(tree.root, ("expect", index))[1].line)
        _check_conditions(tree, finished, expectation.when, index)
    if wrong := tree.faults.all():
        raise ScenarioFileError(wrong)
    finished.attach(tree)
    return finished


def _with_lives(scenario: Scenario, lives: Lives, tree: Tree) -> Scenario:
    """Give the scenario with the steps of its lives behind those of the file."""
    _, place = locate(tree.root, ("lives",))
    lives.place_at(place.line)
    try:
        drawn = expand_lives(scenario, lives)
    except LivesError as error:
        tree.faults.add(place, ("lives",), wants=error.wants, got=error.got)
        return scenario
    return scenario.with_lives(drawn)


def _check_conditions(
    tree: Tree, scenario: Scenario, when: Mapping[str, object], index: int
) -> None:
    """Add a fault for each condition about a key that there is not."""
    for path in when:
        try:
            value_at(scenario, path)
        except KeyError as error:
            loc = ("expect", index, "when", path)
            got = f"{path}, where {error.args[0]} is no key"
            tree.faults.add(locate(tree.root, loc)[1], loc, wants="the path of a key", got=got)
