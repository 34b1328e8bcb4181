"""Which nodes and which links a fault is about: ids, or words that are drawn when it begins."""

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from node.base.limits import VALIDATORS_COUNT_MAX
from node.sim.schema.base import ID_PATTERN, Id, Section, is_id
from node.sim.schema.units import wants

_WORDS: Final = ("all", "validators", "proposer")
_NOT: Final = re.compile(rf"not\(({ID_PATTERN})\)")
_RANDOM: Final = re.compile(r"random\(([1-9][0-9]{0,2})\)")
_NODES: Final = "a node, a list of nodes, all, validators, proposer, not(h0) or random(2)"
_LINKS: Final = "all, nodes whose links it means, or pairs like [[h0, h1], [h0, h2]]"


class Nodes(Section):
    """A selector of nodes, taken apart."""

    kind: Literal["ids", "all", "validators", "proposer", "not", "random"]
    ids: tuple[Id, ...] = ()
    """The nodes of ``ids``; the node that ``not`` leaves out."""
    count: int = 0
    """Of ``random``."""


class Links(Section):
    """A selector of links: both directions of each."""

    nodes: Nodes | None = None
    """All links that have one of these nodes at an end."""
    pairs: tuple[tuple[Id, Id], ...] = ()


def read_nodes(value: object) -> Nodes | None:
    """Read the text or list of a selector; None for anything else."""
    if isinstance(value, tuple):
        ids = tuple(one for one in value if isinstance(one, str) and is_id(one))
        return Nodes(kind="ids", ids=ids) if ids and len(ids) == len(value) else None
    if not isinstance(value, str):
        return None
    if value in _WORDS:
        return Nodes.model_validate({"kind": value})
    if (found := _NOT.fullmatch(value)) is not None:
        return Nodes(kind="not", ids=(found[1],))
    if (found := _RANDOM.fullmatch(value)) is not None:
        count = int(found[1])
        return Nodes(kind="random", count=count) if count <= VALIDATORS_COUNT_MAX else None
    return Nodes(kind="ids", ids=(value,)) if is_id(value) else None


def read_links(value: object) -> Links | None:
    """Read a selector of links; None for anything else."""
    if isinstance(value, tuple) and any(isinstance(one, tuple) for one in value):
        pairs = tuple(
            (one[0], one[1])
            for one in value
            if isinstance(one, tuple) and len(one) == 2 and all(map(is_id, one))
        )
        return Links(pairs=pairs) if len(pairs) == len(value) else None
    nodes = read_nodes(value)
    return None if nodes is None else Links(nodes=nodes)


def _nodes(value: object) -> Nodes:
    found = read_nodes(value)
    if found is None:
        raise wants(_NODES)
    return found


def _named(value: object) -> Nodes:
    found = read_nodes(value)
    if found is None or found.kind != "ids":
        raise wants("a node, or a list of nodes")
    return found


def _links(value: object) -> Links:
    found = read_links(value)
    if found is None:
        raise wants(_LINKS)
    return found


_ID_OR_WORD: Final[dict[str, Any]] = {"type": "string", "description": _NODES}
_ID_LIST: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_PAIR_LIST: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
}

AnyNodes: TypeAlias = Annotated[
    Nodes, BeforeValidator(_nodes), WithJsonSchema({"anyOf": [_ID_OR_WORD, _ID_LIST]})
]
NamedNodes: TypeAlias = Annotated[
    Nodes, BeforeValidator(_named), WithJsonSchema({"anyOf": [_ID_OR_WORD, _ID_LIST]})
]
"""Nodes that are known before the run."""
AnyLinks: TypeAlias = Annotated[
    Links,
    BeforeValidator(_links),
    WithJsonSchema({"anyOf": [_ID_OR_WORD, _ID_LIST, _PAIR_LIST], "description": _LINKS}),
]
ALL: Final = Nodes(kind="all")
ALL_LINKS: Final = Links(nodes=ALL)
