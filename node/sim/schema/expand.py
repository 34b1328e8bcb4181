"""Short forms to long forms, on plain data and before the models see it.

A number of validators becomes their ids, a number of actors becomes a mapping with one hospital
each in turn, ``all`` in a link becomes every node.  What has the wrong shape stays as it is: the
models say so, with a position.
"""

from collections.abc import Sequence
from typing import Any, Final

from node.base.limits import SCENARIO_ACTORS_COUNT_MAX, VALIDATORS_COUNT_MAX
from node.sim.schema.actors import ACTOR_KINDS, REGULATORS_DEFAULT
from node.sim.schema.base import is_id
from node.sim.schema.network import VALIDATORS_DEFAULT, numbered

_ALL: Final = "all"
_EXTRA_ROLES: Final = ("candidate", "observer")


def expand(data: dict[str, Any]) -> None:
    """Rewrite ``data`` in place."""
    network = data.setdefault("network", {})
    nodes: tuple[str, ...] | None = None
    if isinstance(network, dict):
        count = network.setdefault("validators", VALIDATORS_DEFAULT)
        if type(count) is int and 1 <= count <= VALIDATORS_COUNT_MAX:
            network["validators"] = numbered("h", count, first=0)
        nodes = node_ids(data)
        _link_groups(network, all_node_ids(data))
    _expected_nodes(data.get("expect"), nodes)
    actors = data.setdefault("actors", {})
    if isinstance(actors, dict):
        actors.setdefault("regulators", REGULATORS_DEFAULT)
        for kind, (prefix, model) in ACTOR_KINDS.items():
            count = actors.get(kind)
            if type(count) is int and 0 <= count <= SCENARIO_ACTORS_COUNT_MAX:
                placed = "hospital" in model.model_fields
                actors[kind] = _spread(prefix, count, nodes if placed else None)


def node_ids(data: dict[str, Any]) -> tuple[str, ...] | None:
    """Give the ids of the nodes of expanded data; None when the file does not say them rightly."""
    network = data.get("network")
    found = network.get("validators") if isinstance(network, dict) else None
    if isinstance(found, tuple) and found and all(map(is_id, found)):
        return found
    return None


def all_node_ids(data: dict[str, Any]) -> tuple[str, ...] | None:
    """Give the ids of validators, then of the other nodes; None as ``node_ids``."""
    validators = node_ids(data)
    if validators is None:
        return None
    settings = data["network"].get("nodes")
    listed = settings.items() if isinstance(settings, dict) else ()
    extras = [
        name
        for name, one in listed
        if name not in validators and isinstance(one, dict) and one.get("role") in _EXTRA_ROLES
    ]
    return (*validators, *extras)


def step_ids(steps: Sequence[Any]) -> tuple[str, ...]:
    """Give every step (or fault) an id: its own, else ``<do>-<k>``, the k-th of its kind.

    k goes up where somebody else has that name.  A step that is no mapping, or whose ``do`` is
    no text, gets the name ``step-<k>``.
    """
    taken = {own for step in steps if (own := _own_id(step)) is not None}
    counts: dict[str, int] = {}
    names: list[str] = []
    for step in steps:
        do = step.get("do") if isinstance(step, dict) else None
        kind = do if isinstance(do, str) else "step"
        counts[kind] = counts.get(kind, 0) + 1
        name = _own_id(step) or f"{kind}-{counts[kind]}"
        while name in taken and _own_id(step) is None:
            counts[kind] += 1
            name = f"{kind}-{counts[kind]}"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _own_id(step: object) -> str | None:
    own: object = step.get("id") if isinstance(step, dict) else None
    return own if isinstance(own, str) and is_id(own) else None


def _spread(prefix: str, count: int, nodes: tuple[str, ...] | None) -> dict[str, dict[str, str]]:
    ids = numbered(prefix, count, first=1)
    if nodes is None:
        return {name: {} for name in ids}
    return {name: {"hospital": nodes[k % len(nodes)]} for k, name in enumerate(ids)}


def _expected_nodes(expect: object, nodes: tuple[str, ...] | None) -> None:
    """Replace ``nodes: all`` in the arguments of predicates."""
    if nodes is None or not isinstance(expect, tuple):
        return
    for expectation in expect:
        if not isinstance(expectation, dict):
            continue
        for predicate in expectation.values():
            arguments = predicate.values() if isinstance(predicate, dict) else ()
            for given in arguments:
                if isinstance(given, dict) and given.get("nodes") == _ALL:
                    given["nodes"] = nodes


def _link_groups(network: dict[str, Any], nodes: tuple[str, ...] | None) -> None:
    links = network.get("links")
    if nodes is None or not isinstance(links, tuple):
        return
    for link in links:
        between = link.get("between") if isinstance(link, dict) else None
        if isinstance(between, tuple):
            link["between"] = tuple(nodes if part == _ALL else part for part in between)
