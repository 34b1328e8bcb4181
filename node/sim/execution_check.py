"""Whether it mattered who executed: two runs of one scenario, laid side by side.

``shared`` and ``full`` must give equal chains, state roots, receipts, histories, results and
traces (simulation.md section 4).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from node.evm.ledger import Ledger
from node.sim.results import Results
from node.sim.world import World

Point: TypeAlias = tuple[str, str]
"""Where one looks, and what one sees there."""
_MAY_DIFFER: Final = frozenset({"execution", "executor", "versions", "volatile"})
"""Keys of results.json that say how a run was executed, not what came of it."""
_NOTHING: Final = ("", "")


@dataclass(frozen=True, slots=True)
class ExecutionCheck:
    """What comparing two runs came to."""

    modes: tuple[str, str]
    points: int
    """How many values of the first run were compared."""
    difference: str | None
    """The first one, in a sentence; None: the runs are equal."""


def portrait(world: World, results: Results) -> tuple[Point, ...]:
    """Give all that two runs must agree in, causes before consequences."""
    points: list[Point] = []
    for name, core in world.nodes.items():
        points += _chain(name, core.ledger)
    lines = world.history.text().splitlines()
    points += [(f"history, line {number}", line) for number, line in enumerate(lines, start=1)]
    found = results.as_dict()
    points += _leaves("results", {key: found[key] for key in found if key not in _MAY_DIFFER})
    return tuple(points)


def compare(modes: tuple[str, str], one: Sequence[Point], other: Sequence[Point]) -> ExecutionCheck:
    """Find the first point in which two portraits differ."""
    pairs = zip_longest(one, other, fillvalue=_NOTHING)
    found = next(((left, right) for left, right in pairs if left != right), None)
    if found is None:
        return ExecutionCheck(modes, len(one), None)
    (here, left), (there, right) = found
    if here == there:
        what = f"{here}: {left} with {modes[0]}, {right} with {modes[1]}"
    else:
        what = f"{here or 'nothing'} with {modes[0]}, {there or 'nothing'} with {modes[1]}"
    return ExecutionCheck(modes, len(one), what)


def _chain(name: str, ledger: Ledger) -> Iterator[Point]:
    for number in range(ledger.head.number + 1):
        header = ledger.header_by_number(number)
        assert header is not None, "the chain has every number up to its head"
        block_hash = header.hash()
        where = f"{name}, block {number}"
        yield f"{where}, state root", header.state_root.hex()
        for index, receipt in enumerate(ledger.receipts(block_hash)):
            yield f"{where}, receipt {index}", receipt.encode().hex()
        yield f"{where}, hash", block_hash.hex()


def _leaves(path: str, value: Any) -> Iterator[Point]:  # noqa: ANN401 - JSON
    """Give each plain value inside a JSON value, with the way to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(f"{path}.{index}", inner)
    else:
        yield path, str(value)
