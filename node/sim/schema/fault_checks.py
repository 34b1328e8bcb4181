"""Rules of ``faults`` and ``chaos`` that no single model sees: names of nodes, times, shapes.

Works on plain data and says nothing where a value has the wrong type: the models do that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from node.sim.schema.expand import all_node_ids
from node.sim.schema.fault_base import LastingFault
from node.sim.schema.faults import Loc, shown, suggestion
from node.sim.schema.injection import FAULT_MODELS
from node.sim.schema.selectors import read_links, read_nodes
from node.sim.schema.translate import locate
from node.sim.schema.tree import Tree
from node.sim.schema.units import duration_text, duration_us

CLONE: Final = "-clone"
"""What the second node of a key is called: ``<id>-clone``."""
_SELECTORS: Final = ("nodes", "links", "from", "to", "custodians")


def clone_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of the second nodes that ``clone_key`` faults bring."""
    found: list[str] = []
    for fault in _tuple(data.get("faults")):
        if isinstance(fault, dict) and fault.get("do") == "clone_key":
            nodes = fault.get("nodes")
            listed = nodes if isinstance(nodes, tuple) else (nodes,)
            found += [f"{one}{CLONE}" for one in listed if isinstance(one, str)]
    return tuple(dict.fromkeys(found))


def check_fault_names(tree: Tree, data: dict[str, Any], fault: dict[str, Any], loc: Loc) -> None:
    """Add a fault for each id in a selector or group that names no node."""
    nodes = all_node_ids(data)
    if nodes is None:
        return
    known = nodes if fault.get("do") == "clone_key" else (*nodes, *clone_ids(data))
    for where, name in _named(fault):
        if name not in known:
            path, place = locate(tree.root, (*loc, *where))
            hint = suggestion(name, known)
            tree.faults.add(place, path, wants="a node", got=shown(name), hint=hint)
    sender, people = fault.get("sender"), (*nodes, *_actors(data))
    if isinstance(sender, str) and sender not in people:
        path, place = locate(tree.root, (*loc, "sender"))
        hint = suggestion(sender, people)
        tree.faults.add(place, path, wants="a node or an actor", got=shown(sender), hint=hint)
    _check_count(tree, fault, loc, len(nodes))


def _actors(data: Mapping[str, Any]) -> Iterator[str]:
    actors = data.get("actors")
    for people in actors.values() if isinstance(actors, dict) else ():
        yield from people if isinstance(people, dict) else ()


def _named(fault: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    for key in _SELECTORS:
        links = read_links(fault.get(key)) if key == "links" else None
        nodes = links.nodes if links is not None else read_nodes(fault.get(key))
        for index, name in enumerate(() if nodes is None else nodes.ids):
            yield (key, index), name
        for index, pair in enumerate(() if links is None else links.pairs):
            for end, name in enumerate(pair):
                yield (key, index, end), name
    for where, item in _grouped(fault):
        if isinstance(item, str):
            yield where, item


def _grouped(fault: Mapping[str, Any]) -> Iterator[tuple[Loc, object]]:
    """Give what stands in the groups of a partition, as far as they are lists."""
    for index, group in enumerate(_tuple(fault.get("groups"))):
        for place, name in enumerate(_tuple(group)):
            yield ("groups", index, place), name


def _tuple(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any YAML
    return value if isinstance(value, tuple) else ()


def _check_count(tree: Tree, fault: Mapping[str, Any], loc: Loc, nodes: int) -> None:
    for key in _SELECTORS:
        links = read_links(fault.get(key)) if key == "links" else None
        found = links.nodes if links is not None else read_nodes(fault.get(key))
        if found is not None and found.kind == "random" and found.count > nodes:
            _add(tree, (*loc, key), f"at most {nodes} nodes", f"random({found.count})")


def check_fault(
    tree: Tree,
    fault: dict[str, Any],
    loc: Loc,
    horizon: int | None,
    starts: Mapping[str, int],
) -> None:
    """Check times against the end of the run, and the shape of a partition.

    ``starts``    earliest start of each step, microseconds.
    """
    if fault.get("do") == "partition":
        _check_shape(tree, fault, loc)
    _check_repeat(tree, fault, loc)
    if horizon is None:
        return
    at = fault.get("at")
    begins = duration_us(at)
    if begins is None and isinstance(at, dict):
        begins = (duration_us(at.get("delay", "0s")) or 0) + starts.get(str(at.get("after")), 0)
    if begins is not None and begins >= horizon:
        wants = f"a time before the end of the run at {duration_text(horizon)}"
        _add(tree, (*loc, "at"), wants, f"{duration_text(begins)} at the earliest")


def _check_shape(tree: Tree, fault: Mapping[str, Any], loc: Loc) -> None:
    shape, groups = fault.get("shape", "groups"), fault.get("groups")
    if shape == "groups" and groups is None:
        _add(tree, (*loc, "do"), "groups, or shape: halves or random", "neither")
    elif shape in ("halves", "random") and groups is not None:
        _add(tree, (*loc, "groups"), f"no groups beside shape: {shape}", "both")
    seen: list[object] = []
    for where, name in _grouped(fault):
        if name in seen:
            _add(tree, (*loc, *where), "each node once", f"{shown(name)} again")
        seen.append(name)


def _check_repeat(tree: Tree, fault: Mapping[str, Any], loc: Loc) -> None:
    repeat = fault.get("repeat")
    model = FAULT_MODELS.get(str(fault.get("do")))
    if not isinstance(repeat, dict) or model is None or not issubclass(model, LastingFault):
        return
    every, lasting = duration_us(repeat.get("every")), duration_us(fault.get("lasting"))
    if fault.get("lasting") is None:
        _add(tree, (*loc, "repeat"), "lasting beside repeat", "a fault without an end")
    elif every is not None and lasting is not None and every <= lasting:
        wants = f"a time longer than lasting, {duration_text(lasting)}"
        _add(tree, (*loc, "repeat", "every"), wants, duration_text(every))


def check_chaos(tree: Tree, chaos: object, horizon: int | None) -> None:
    """Check that chaos ends within the run, and that a family is named once."""
    if not isinstance(chaos, dict):
        return
    until = duration_us(chaos.get("until"))
    if horizon is not None and until is not None and until >= horizon:
        wants = f"a time before the end of the run at {duration_text(horizon)}"
        _add(tree, ("chaos", "until"), wants, duration_text(until))
    families: Sequence[object] = chaos.get("families", ())
    for index, name in enumerate(families if isinstance(families, tuple) else ()):
        if name in families[:index]:
            _add(tree, ("chaos", "families", index), "each family once", f"{shown(name)} again")


def _add(tree: Tree, loc: Loc, wants: str, got: str) -> None:
    tree.faults.add(locate(tree.root, loc)[1], loc, wants=wants, got=got)
