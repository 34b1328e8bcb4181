"""Copies of objects that are no shares: how many, on which nodes, and where a pin stands.

Source: content-store.md, section 14.  Shares are never copied by these rules: ``assignments``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from node.base.types import Address, Cid
from node.ipfs_lite.assignments import StoreNode
from node.ipfs_lite.blocks import Pin, PinState
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import NotEnoughReplicasError, PinConflictError
from node.ipfs_lite.placement import preference

RF_MIN: Final = 2
RF_MAX: Final = 3
EVERYWHERE: Final = -1
"""``rf_max`` of an object that every node keeps."""

_MOVES: Final = {
    PinState.QUEUED: (PinState.PINNING, PinState.FAILED),
    PinState.PINNING: (PinState.PINNED, PinState.FAILED),
    PinState.PINNED: (PinState.PINNING, PinState.FAILED),
    PinState.FAILED: (PinState.QUEUED,),
}
"""PINNED goes back to PINNING when copies are lost, and to FAILED when an order erases by force."""


def check_factors(cid: Cid, rf_min: int, rf_max: int) -> None:
    """Refuse numbers of copies that cannot both hold.

    raises        PinConflictError: rf_min below 1, or rf_max below it and not EVERYWHERE.
    """
    if rf_min < 1:
        raise PinConflictError(to_text(cid), f"rf_min: wants 1 or more, got {rf_min}")
    if rf_max != EVERYWHERE and rf_max < rf_min:
        wants = f"rf_min ({rf_min}) or more, or {EVERYWHERE} for every node"
        raise PinConflictError(to_text(cid), f"rf_max: wants {wants}, got {rf_max}")


def ranked(
    operators: Mapping[Address, bytes], key: bytes, taken: Mapping[bytes, int]
) -> tuple[Address, ...]:
    """Order nodes for one more copy of ``key``: least copies in the operator, then HRW.

    Two nodes of one hospital fail together, so an operator's second node comes after the first
    node of every other one.  With one node per operator this is plain HRW order.

    ``operators``  the operator of each node to order.
    ``taken``      copies that lie with an operator already.
    """
    rounds = dict(taken)
    order: list[tuple[int, int, Address]] = []
    names = list(dict.fromkeys(operators.values()))
    place_of = {name: at for at, name in enumerate(preference(names, key))}
    for node in map(Address, preference(list(operators), key)):
        name = operators[node]
        order.append((rounds.get(name, 0), place_of[name], node))
        rounds[name] = rounds.get(name, 0) + 1
    return tuple(node for _, _, node in sorted(order, key=lambda entry: entry[:2]))


def allocate(
    pin: Pin, size_bytes: int, nodes: Sequence[StoreNode], keep: Sequence[Address] = ()
) -> tuple[Address, ...]:
    """Give the nodes that keep an object: up to rf_max of them, the preferred ones first.

    ``size_bytes``  of the whole graph: a node with less room is left out.
    ``keep``        holders of now: live ones stay, in front and also when they are full.
    raises          NotEnoughReplicasError: fewer than rf_min nodes can keep it; the pin fails.
                    PinConflictError: rf_min and rf_max cannot both hold.
    """
    check_factors(pin.cid, pin.rf_min, pin.rf_max)
    live = {node.address: node.operator for node in nodes if node.is_live}
    kept = [node for node in dict.fromkeys(keep) if node in live]
    taken: dict[bytes, int] = {}
    for node in kept:
        taken[live[node]] = taken.get(live[node], 0) + 1
    free = {
        node.address: node.operator
        for node in nodes
        if node.is_live and node.free_bytes >= size_bytes and node.address not in kept
    }
    order = (*kept, *ranked(free, multihash_of(pin.cid), taken))
    if len(order) < pin.rf_min:
        raise NotEnoughReplicasError(to_text(pin.cid), pin.rf_min, len(order))
    return order if pin.rf_max == EVERYWHERE else order[: max(pin.rf_max, len(kept))]


def standing(pin: Pin, copies: int, reachable: int) -> PinState:
    """Say where a pin stands with so many live copies and nodes that could keep one."""
    if copies >= pin.rf_min:
        return PinState.PINNED
    return PinState.PINNING if reachable >= pin.rf_min else PinState.FAILED


def moved(pin: Pin, state: PinState) -> Pin:
    """Give the pin in its next state; staying is no move and always fine.

    raises        PinConflictError: no way leads there, as from FAILED to PINNED without QUEUED.
    """
    if state is not pin.state and state not in _MOVES[pin.state]:
        ways = ", ".join(each.value for each in _MOVES[pin.state])
        raise PinConflictError(
            to_text(pin.cid), f"a {pin.state.value} pin becomes {ways}, not {state.value}"
        )
    return replace(pin, state=state)
