"""Which node of each operator keeps which share: rows, their hash, and the rules they must keep.

``placement`` decides between operators, this file inside them.  The rows go into the table
``placements``, their hash into the record's header on chain.  Readers use the rows and never
compute them again, since nodes and operators change; validators check the rules, never equality
(content-store.md, section 13).
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from node.base.types import Address
from node.ipfs_lite.errors import PlacementInfeasibleError
from node.ipfs_lite.placement import place, preference

_DOMAIN: Final = b"wardnet/placement/1"


class StoreNode(NamedTuple):
    """A node that keeps blocks."""

    address: Address
    operator: bytes
    """The hospital group it belongs to, 1 to 255 bytes."""
    free_bytes: int
    """What it still takes; nodes of a revoked operator are not named at all."""
    is_live: bool = True


class Share(NamedTuple):
    """A share to place."""

    multihash: bytes
    size_bytes: int


class Assignment(NamedTuple):
    """One row of ``placements``, without the root that all of them share."""

    share: int
    """Its number in the record, from 0: the column ``idx``."""
    multihash: bytes
    operator: bytes
    node: Address


def assign(
    shares: Sequence[Share],
    nodes: Sequence[StoreNode],
    *,
    replicas: int,
    cap: int,
    keep: Sequence[Assignment] = (),
) -> tuple[Assignment, ...]:
    """Give the rows of a placement, sorted: each share on ``replicas`` nodes of other operators.

    Operators whose live nodes have no room for as many of the largest share as they may get are
    left out beforehand, so that what was placed also fits.

    ``keep``      rows of now: legal ones stay, also those on a node that is full; the gaps are
                  filled.
    raises        PlacementInfeasibleError: nothing was decided; the remedy counts operators, and
                  says how many have no room.  PlacementInputError.
    """
    largest = max((share.size_bytes for share in shares), default=0)
    alive = {node.address: node.operator for node in nodes if node.is_live}
    kept = [row for row in keep if alive.get(row.node) == row.operator]
    wanted = min(cap, len(shares))
    room = _room(nodes, largest)
    for row in kept:
        room[row.operator] = room.get(row.operator, 0) + 1
    operators = sorted(name for name, fits in room.items() if fits >= wanted)
    held: dict[bytes, list[bytes]] = {}
    for row in kept:
        held.setdefault(row.multihash, []).append(row.operator)
    names = [share.multihash for share in shares]
    try:
        placed = place(names, operators, replicas=replicas, cap=cap, keep=held)
    except PlacementInfeasibleError as error:
        left_out = len(dict.fromkeys(node.operator for node in nodes)) - len(operators)
        if left_out:
            error.remedy += f" ({left_out} without a live node that has room)"
        raise
    rows = _Rows(nodes, kept)
    return tuple(
        sorted(
            rows.take(index, share, operator)
            for index, (share, holders) in enumerate(zip(shares, placed, strict=True))
            for operator in holders
        )
    )


def _room(nodes: Sequence[StoreNode], size_bytes: int) -> dict[bytes, int]:
    """Give how many shares of this size each operator's live nodes take."""
    room: dict[bytes, int] = {}
    for node in nodes:
        if node.is_live:
            fits = node.free_bytes // max(1, size_bytes)
            room[node.operator] = room.get(node.operator, 0) + fits
    return room


class _Rows:
    """Gives each share the first node of an operator that has room, in the share's preference."""

    def __init__(self, nodes: Sequence[StoreNode], kept: Sequence[Assignment]) -> None:
        self._free = {node.address: node.free_bytes for node in nodes if node.is_live}
        self._nodes: dict[bytes, list[Address]] = {}
        for node in nodes:
            if node.is_live:
                self._nodes.setdefault(node.operator, []).append(node.address)
        self._kept = {(row.multihash, row.operator): row.node for row in kept}

    def take(self, index: int, share: Share, operator: bytes) -> Assignment:
        """Give the row of a share at an operator."""
        node = self._kept.get((share.multihash, operator))
        if node is None:
            node = self._first(share, operator)
            self._free[node] -= share.size_bytes
        return Assignment(index, share.multihash, operator, node)

    def _first(self, share: Share, operator: bytes) -> Address:
        for name in preference(self._nodes[operator], share.multihash):
            if self._free[Address(name)] >= share.size_bytes:
                return Address(name)
        raise AssertionError("an operator that was not left out has room")


def canonical_bytes(root: bytes, rows: Sequence[Assignment]) -> bytes:
    """Give what the hash covers: the domain, the root, the rows sorted by (share, operator).

    Every name stands behind its length (u8), every number is a u32, big-endian.
    """
    parts = [_DOMAIN, _named(root), len(rows).to_bytes(4, "big")]
    for row in sorted(rows):
        parts.append(row.share.to_bytes(4, "big"))
        parts.extend(_named(name) for name in row[1:])
    return b"".join(parts)


def _named(name: bytes) -> bytes:
    return bytes((len(name),)) + name


def placement_hash(root: bytes, rows: Sequence[Assignment]) -> bytes:
    """Give the 32 bytes (sha2-256) that bind a record's header to its placement."""
    return sha256(canonical_bytes(root, rows)).digest()


def broken_rules(
    rows: Sequence[Assignment],
    shares: Sequence[bytes],
    operators: Mapping[Address, bytes],
    *,
    replicas: int,
    cap: int,
) -> tuple[str, ...]:
    """Say in words which rules a placement breaks; empty if it may stand.

    ``shares``    multihashes by index.
    ``operators`` the operator of each known node.
    """
    broken: list[str] = []
    holders: dict[int, set[bytes]] = {index: set() for index in range(len(shares))}
    held: dict[bytes, set[int]] = {}
    for row in rows:
        if row.share not in holders or shares[row.share] != row.multihash:
            broken.append(f"share {row.share} is not of this record")
            continue
        if operators.get(row.node) != row.operator:
            broken.append(f"node {row.node.hex()} is not known as one of {row.operator.hex()}")
        if row.operator in holders[row.share]:
            broken.append(f"share {row.share} lies twice with {row.operator.hex()}")
        holders[row.share].add(row.operator)
        held.setdefault(row.operator, set()).add(row.share)
    broken.extend(
        f"share {index} lies with {len(names)} operators, wants {replicas}"
        for index, names in holders.items()
        if len(names) != replicas
    )
    broken.extend(
        f"operator {name.hex()} holds {len(indices)} shares, at most {cap}"
        for name, indices in held.items()
        if len(indices) > cap
    )
    return tuple(broken)
