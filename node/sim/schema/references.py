"""Names in a file must name something: nodes, actors, steps.

Works on plain data, so that a wrong name is told together with a wrong type elsewhere.  Which
field names what stands at the field (``refers_to``), not here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from node.sim.schema.actors import ACTOR_KINDS
from node.sim.schema.base import REFERENCE, is_id
from node.sim.schema.expand import all_node_ids, node_ids
from node.sim.schema.expectations import MODES, PREDICATE_MODELS
from node.sim.schema.fault_base import FaultAt
from node.sim.schema.fault_checks import check_fault_names
from node.sim.schema.faults import Loc, shown, suggestion
from node.sim.schema.injection import FAULT_MODELS
from node.sim.schema.step_base import At
from node.sim.schema.steps import STEP_MODELS
from node.sim.schema.translate import locate
from node.sim.schema.tree import Tree

_STEP_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "step": tuple(STEP_MODELS),
    "visit": ("consult",),
    "visits": ("consult",),
    "order": ("order_lab",),
    "request": ("request_access",),
    "grant": ("grant",),
    "complaint": ("complain",),
    "emergency": ("emergency_access",),
    "copy": ("request_copy",),
    "record": (
        "consult",
        "perform_lab",
        "second_opinion",
        "file_readings",
        "claim_insurance",
        "answer_petition",
        "dispute",
    ),
    "slots": ("open_slot",),
    "appointment": ("book_appointment", "move_appointment"),
    "policy": ("bind_policy",),
    "claim": ("claim_insurance",),
    "readings": ("file_readings",),
    "study": ("fund_study",),
    "joined": ("join_study",),
    "petition": ("petition_correction",),
}
_NAMED_KINDS: Final = {
    "node": "a node of network.validators",
    "member": "a node of network.validators or network.nodes",
    "doctor": "a doctor of actors.doctors",
    "patient": "a patient of actors.patients",
    "lab": "a lab of actors.labs",
    "guardian": "a guardian of actors.guardians",
    "device": "a device of actors.devices",
    "insurer": "an insurer of actors.insurers",
    "researcher": "a researcher of actors.researchers",
}
_EXTRA_ROLES: Final = ("candidate", "observer")
_Use: TypeAlias = tuple[str, Loc, str]
"""Kind, place and text of a reference."""


@dataclass(frozen=True, slots=True)
class Names:
    """What there is to refer to; None where the file does not say it rightly."""

    things: Mapping[str, Sequence[str] | None]
    steps: Sequence[str]
    actions: Sequence[str | None]
    """The ``do`` of each step; None where it is unknown."""


def check_references(tree: Tree, data: dict[str, Any], steps: Sequence[str]) -> None:
    """Add a fault for each name that names nothing; ``steps`` are the ids of all steps."""
    names = _names(data, steps)
    _check_unique(tree, data)
    _check_nodes(tree, data, names)
    for kind, (_, model) in ACTOR_KINDS.items():
        for actor, fields in _mapping(data, "actors", kind).items():
            for use in _uses(model, fields, ("actors", kind, actor)):
                _check(tree, names, use, len(steps))
    for index, step in enumerate(_sequence(data, "steps")):
        if not isinstance(step, dict):
            continue
        action = STEP_MODELS.get(str(step.get("do")))
        uses = [] if action is None else list(_uses(action, step, ("steps", index)))
        uses += _uses(At, step.get("at"), ("steps", index, "at"))
        for use in uses:
            _check(tree, names, use, index)
    for index, fault in enumerate(_sequence(data, "faults")):
        if isinstance(fault, dict):
            check_fault_names(tree, data, fault, ("faults", index))
            for use in _fault_uses(fault, ("faults", index)):
                _check(tree, names, use, len(steps))
    for index, expectation in enumerate(_sequence(data, "expect")):
        for use in _predicate_uses(expectation, ("expect", index)):
            _check(tree, names, use, len(steps))


def _names(data: dict[str, Any], steps: Sequence[str]) -> Names:
    things: dict[str, Sequence[str] | None] = {
        "node": node_ids(data),
        "member": all_node_ids(data),
    }
    actors: Any = data.get("actors")
    for kind in ACTOR_KINDS:
        found: Any = actors.get(kind, {}) if isinstance(actors, dict) else None
        things[kind.removesuffix("s")] = tuple(found) if isinstance(found, dict) else None
    actions = tuple(
        do if isinstance(step, dict) and (do := str(step.get("do"))) in STEP_MODELS else None
        for step in _sequence(data, "steps")
    )
    return Names(things, steps, actions)


def _uses(model: type[BaseModel], fields: object, loc: Loc) -> Iterator[_Use]:
    """Give the references in the fields of one mapping, as far as they are texts."""
    if not isinstance(fields, dict):
        return
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        key = field.alias or name
        if not isinstance(extra, dict) or REFERENCE not in extra or key not in fields:
            continue
        kind = str(extra[REFERENCE])
        value: object = fields[key]
        many = value if isinstance(value, tuple) else None
        for index, item in enumerate([value] if many is None else many):
            if isinstance(item, str) and item and (kind, item) != ("visits", "all"):
                yield kind, (*loc, key) if many is None else (*loc, key, index), item


def _fault_uses(fault: dict[str, Any], loc: Loc) -> Iterator[_Use]:
    model = FAULT_MODELS.get(str(fault.get("do")))
    if model is not None:
        yield from _uses(model, fault, loc)
    yield from _uses(FaultAt, fault.get("at"), (*loc, "at"))


def _predicate_uses(expectation: Any, loc: Loc) -> Iterator[_Use]:  # noqa: ANN401 - any YAML
    if not isinstance(expectation, dict):
        return
    for mode in MODES:
        predicate = expectation.get(mode)
        if isinstance(predicate, dict):
            for name, arguments in predicate.items():
                if name in PREDICATE_MODELS:
                    yield from _uses(PREDICATE_MODELS[name], arguments, (*loc, mode, name))


def _check(tree: Tree, names: Names, use: _Use, before: int) -> None:
    """Add a fault unless the reference names a thing of its kind; steps come before ``before``."""
    kind, loc, text = use
    if kind in _STEP_KINDS:
        _check_step(tree, names, use, before)
        return
    known = names.things[kind]
    if known is not None and text not in known:
        _unknown(tree, loc, _NAMED_KINDS[kind], text, known)


def _check_step(tree: Tree, names: Names, use: _Use, before: int) -> None:
    kind, loc, text = use
    wanted = _STEP_KINDS[kind]
    wants = "the id of a step" if kind == "step" else f"the id of a step {' or '.join(wanted)}"
    if text not in names.steps:
        known = [
            name
            for name, action in zip(names.steps[:before], names.actions, strict=False)
            if action is None or action in wanted
        ]
        _unknown(tree, loc, wants, text, known)
        return
    index = names.steps.index(text)
    path, place = locate(tree.root, loc)
    if index >= before:
        where = "this very one" if index == before else f"a later one, steps[{index}]"
        tree.faults.add(place, path, wants="an earlier step", got=f"{shown(text)}, {where}")
    elif names.actions[index] not in (None, *wanted):
        got = f"{shown(text)}, a step {names.actions[index]}"
        tree.faults.add(place, path, wants=wants, got=got)


def _unknown(tree: Tree, loc: Loc, wants: str, text: str, known: Sequence[str]) -> None:
    path, place = locate(tree.root, loc)
    tree.faults.add(place, path, wants=wants, got=shown(text), hint=suggestion(text, known))


def _check_nodes(tree: Tree, data: dict[str, Any], names: Names) -> None:
    validators, known = names.things["node"], all_node_ids(data)
    if validators is None or known is None:
        return
    wants = _NAMED_KINDS["node"]
    for node, settings in _mapping(data, "network", "nodes").items():
        loc: Loc = ("network", "nodes", node)
        if node not in known:
            _unknown(tree, loc, wants + ", or one with role observer", node, known)
        elif node in validators and _section({"": settings}, "").get("role", "") in _EXTRA_ROLES:
            path, place = locate(tree.root, (*loc, "role"))
            got = f"{shown(settings['role'])} of {node}, which network.validators lists"
            tree.faults.add(place, path, wants="validator", got=got)
    for index, link in enumerate(_tuple(_section(data, "network").get("links"))):
        between = link.get("between") if isinstance(link, dict) else None
        for side, group in enumerate(_tuple(between)):
            for item, node in enumerate(group if isinstance(group, tuple) else (group,)):
                if isinstance(node, str) and node not in known:
                    loc = ("network", "links", index, "between", side, item)
                    _unknown(tree, loc, wants + ", or all", node, known)


def _check_unique(tree: Tree, data: dict[str, Any]) -> None:
    """Nodes and actors share one space of names, because histories name them without a kind."""
    first: dict[str, Loc] = {}
    places: list[tuple[str, Loc]] = [
        (name, ("network", "validators", index))
        for index, name in enumerate(_tuple(_section(data, "network").get("validators")))
        if is_id(name)
    ]
    for kind in ACTOR_KINDS:
        places += [(name, ("actors", kind, name)) for name in _mapping(data, "actors", kind)]
    for kind in ("steps", "faults"):
        places += [
            (item["id"], (kind, index, "id"))
            for index, item in enumerate(_sequence(data, kind))
            if isinstance(item, dict) and is_id(item.get("id"))
        ]
    for name, loc in places:
        space = f"{loc[0]} {name}" if loc[0] in ("steps", "faults") else name
        before = first.setdefault(space, loc)
        if before != loc:
            path, place = locate(tree.root, loc)
            _, earlier = locate(tree.root, before)
            got = f"{shown(name)} again (first at {earlier.line}:{earlier.column})"
            tree.faults.add(place, path, wants="an id of its own", got=got)


def _mapping(data: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    return _section(_section(data, section), key)


def _section(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _sequence(data: dict[str, Any], key: str) -> tuple[Any, ...]:
    return _tuple(data.get(key))


def _tuple(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any YAML
    return value if isinstance(value, tuple) else ()
