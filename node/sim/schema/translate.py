"""pydantic's errors to faults with a position.

``loc`` names keys and indices, and also the tag of a discriminated union, which is no place in
the file: what the tree does not hold is skipped.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from node.sim.schema.expectations import PREDICATE_MODELS
from node.sim.schema.faults import Loc, Place, shown, suggestion
from node.sim.schema.injection import FAULT_MODELS
from node.sim.schema.scenario import Scenario
from node.sim.schema.steps import STEP_MODELS
from node.sim.schema.tree import Listing, Node, Table, Tree

_PLAIN_WANTS: Final = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
}
_QUOTED: Final = re.compile(r"'([^']*)'")
_TAGGED: Final[dict[str | int, dict[str, type[BaseModel]]]] = {
    "steps": {**STEP_MODELS},
    "faults": {**FAULT_MODELS},
}
"""Lists whose items say by ``do`` which model they are of."""


def add_faults(tree: Tree, error: ValidationError) -> None:
    """Add what the models found; nothing is said twice about a value that is refused anyway."""
    for found in error.errors(include_url=False):
        kind = found["type"]
        loc = _without_tag(found["loc"])
        path, place = locate(tree.root, loc)
        if any(path[: len(known)] == known for known in tree.refused):
            continue
        if kind == "missing":
            _missing(tree, path, str(loc[-1]))
        elif kind == "union_tag_not_found":
            _missing(tree, path, "do")
        else:
            wants, got, hint = _sentence(found)
            if kind == "union_tag_invalid":
                path, place = locate(tree.root, (*path, _tag_key(tree.root, path)))
            tree.faults.add(place, path, wants=wants, got=got, hint=hint)


def _without_tag(loc: Loc) -> Loc:
    """Leave out the tag behind ``steps, 3``: a stray key of that name would swallow the rest."""
    return (*loc[:2], *loc[3:]) if loc and loc[0] in _TAGGED else loc


def _tag_key(root: Node, path: Loc) -> str:
    """Give the key that holds the unknown name: ``do`` of a step, the name of a predicate."""
    node = _at(root, path)
    if isinstance(node, Table) and "do" not in node.members:
        return next(iter(node.members))
    return "do"


def locate(root: Node, loc: Sequence[str | int]) -> tuple[Loc, Place]:
    """Give the path and the position of ``loc``: of the key, or of the item of a list.

    Parts that the tree does not hold are left out of the path.
    """
    node: Node = root
    place = _first(root)
    path: list[str | int] = []
    for part in loc:
        if isinstance(node, Table) and isinstance(part, str) and part in node.members:
            member = node.members[part]
            node, place = member.value, member.place
        elif isinstance(node, Listing) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            place = node.place
        else:
            continue
        path.append(part)
    return tuple(path), place


def _first(node: Node) -> Place:
    """Give the position of a mapping's first key, else of the value itself."""
    if isinstance(node, Table) and node.members:
        return next(iter(node.members.values())).place
    return node.place


def _at(root: Node, path: Loc) -> Node:
    node = root
    for part in path:
        if isinstance(node, Table):
            assert isinstance(part, str)
            node = node.members[part].value
        elif isinstance(node, Listing):
            assert isinstance(part, int)
            node = node.items[part]
    return node


def _missing(tree: Tree, path: Loc, key: str) -> None:
    if path not in tree.partial:
        place = _first(_at(tree.root, path))
        tree.faults.add(place, (*path, key), wants="this key", got="nothing")


def _sentence(found: ErrorDetails) -> tuple[str, str, str]:
    """Give wants, got and hint."""
    kind: str = found["type"]
    value: object = found["input"]
    context: dict[str, Any] = found.get("ctx", {})
    hint = ""
    if kind == "wants":
        bare = type(value) in (int, float)
        return context["wants"], shown(value), context["number_hint"] if bare else ""
    if kind == "extra_forbidden":
        name = str(found["loc"][-1])
        return "", f'unknown key "{name}"', suggestion(name, _keys(found["loc"]), "keys here:")
    if kind == "literal_error":
        known = _QUOTED.findall(context["expected"]) or [context["expected"]]
        if isinstance(value, str):
            hint = suggestion(value, known, "") if len(known) > 1 else ""
            hint = hint if hint.startswith("did") else ""
        return (f"one of {', '.join(known)}" if len(known) > 1 else known[0]), shown(value), hint
    if kind == "union_tag_invalid":
        noun = {"steps": "workflow", "faults": "fault"}.get(str(found["loc"][0]), "predicate")
        names = list(_TAGGED.get(found["loc"][0], PREDICATE_MODELS))
        return "", f'unknown {noun} "{context["tag"]}"', suggestion(context["tag"], names)
    if kind == "string_type" and isinstance(value, bool | int | float):
        hint = "write it in quotes"
    if kind in ("too_long", "too_short"):
        bound = context.get("max_length", context.get("min_length"))
        word = "most" if kind == "too_long" else "least"
        return f"at {word} {bound}", str(context["actual_length"]), ""
    return _PLAIN_WANTS.get(kind, found["msg"]), shown(value), hint


def _keys(loc: Loc) -> list[str]:
    """Give the keys that the mapping of ``loc[:-1]`` may have."""
    model: type[BaseModel] = Scenario
    inner = loc[:-1]
    if loc[0] in _TAGGED and len(inner) >= 3:  # steps, index, tag
        model, inner = _TAGGED[loc[0]][str(loc[2])], inner[3:]
    for part in inner:
        if isinstance(part, int):
            continue
        if loc[0] == "expect" and part in PREDICATE_MODELS:
            model = PREDICATE_MODELS[part]
        else:
            model = _inner(model, part) or model
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return keys[1:] if model in PREDICATE_MODELS.values() else keys  # their name is the key


def _inner(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Give the model behind a key of ``model``, looking through optionals and containers."""
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            return _model_in(field.annotation)
    return None


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_model_in(part) for part in get_args(annotation)]
    return next((model for model in found if model is not None), None)
