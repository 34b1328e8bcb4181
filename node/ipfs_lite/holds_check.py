"""``gc --check``: what holds blocks is worked out anew, by mark and sweep, and compared."""

from collections.abc import Iterable
from typing import NamedTuple

from node.ipfs_lite import pins
from node.ipfs_lite.blocks import Problem
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.pin_rows import PinRows
from node.storage.database import Database


class _Counts(NamedTuple):
    held: int
    direct: int


def check_holds(database: Database, *, is_mending: bool = False) -> tuple[Problem, ...]:
    """Find blocks whose counts are not what pins and links say; put them right if asked to.

    Mending is part of the running batch.  Takes memory for every block and link of the store.
    """
    ids = {mh: block_id for block_id, mh in database.read("SELECT id, mh FROM blocks")}
    children: dict[int, list[int]] = {}
    for parent, child in database.each("SELECT parent, child FROM links"):
        if child in ids:
            children.setdefault(parent, []).append(ids[child])
    wanted = _counted(PinRows(database), ids, children)
    problems: list[Problem] = []
    for mh, block_id, *found in database.read(
        "SELECT mh, id, held, direct FROM blocks ORDER BY mh"
    ):
        counts = wanted.get(block_id, _Counts(0, 0))
        if counts != tuple(found):
            problems.append(Problem(mh, f"its holds are {tuple(found)}, want {tuple(counts)}"))
            if is_mending:
                database.write(
                    "UPDATE blocks SET held = ?, direct = ? WHERE id = ?", *counts, block_id
                )
    return tuple(problems)


def _counted(
    rows: PinRows, ids: dict[bytes, int], children: dict[int, list[int]]
) -> dict[int, _Counts]:
    """Count what holds each block that is held at all."""
    held: dict[int, int] = {}
    direct: dict[int, int] = {}
    for pin in rows.each():
        block_id = ids.get(multihash_of(pin.cid))
        if block_id is not None and pins.holds(pin):
            counts = held if pins.is_deep(pin) else direct
            counts[block_id] = counts.get(block_id, 0) + 1
    for parent in _reached(tuple(held), children):
        for child in children.get(parent, ()):
            held[child] = held.get(child, 0) + 1
    return {
        block_id: _Counts(held.get(block_id, 0), direct.get(block_id, 0))
        for block_id in held.keys() | direct.keys()
    }


def _reached(roots: Iterable[int], children: dict[int, list[int]]) -> set[int]:
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        block_id = stack.pop()
        if block_id not in seen:
            seen.add(block_id)
            stack.extend(children.get(block_id, ()))
    return seen
