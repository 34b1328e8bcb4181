from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import Address
from node.ipfs_lite.assignments import StoreNode
from node.ipfs_lite.blocks import Pin, PinState
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.errors import NotEnoughReplicasError, PinConflictError
from node.ipfs_lite.placement import preference
from node.ipfs_lite.replication import (
    EVERYWHERE,
    RF_MAX,
    RF_MIN,
    allocate,
    check_factors,
    moved,
    ranked,
    standing,
)

_CID = make_cid(b"an object")
_PIN = Pin(_CID, rf_min=RF_MIN, rf_max=RF_MAX)


def _nodes(operators, per_operator=1, free_bytes=1_000):
    return [
        StoreNode(Address(bytes((at, number)) * 10), b"h%d" % at, free_bytes)
        for at in range(operators)
        for number in range(per_operator)
    ]


def test_copies_go_to_the_first_three_nodes_in_rendezvous_order():
    nodes = _nodes(6)
    operators = preference([node.operator for node in nodes], multihash_of(_CID))
    of = {node.operator: node.address for node in nodes}
    assert allocate(_PIN, 10, nodes) == tuple(of[name] for name in operators[:3])


def test_a_second_node_of_an_operator_comes_after_all_other_operators():
    nodes = _nodes(4, per_operator=3)
    of = {node.address: node.operator for node in nodes}
    order = allocate(replace(_PIN, rf_max=EVERYWHERE), 10, nodes)
    assert len(order) == 12
    for start in (0, 4, 8):
        assert len({of[node] for node in order[start : start + 4]}) == 4


def test_an_operator_that_has_a_copy_comes_last():
    nodes = {node.address: node.operator for node in _nodes(4)}
    first = nodes[ranked(nodes, b"key", {})[0]]
    assert nodes[ranked(nodes, b"key", {first: 1})[-1]] == first


@pytest.mark.parametrize("reachable", [0, 1])
def test_fewer_nodes_than_the_floor_are_refused(reachable):
    nodes = [node._replace(is_live=at < reachable) for at, node in enumerate(_nodes(4))]
    with pytest.raises(NotEnoughReplicasError) as caught:
        allocate(_PIN, 10, nodes)
    assert (caught.value.needed, caught.value.reachable) == (2, reachable)


def test_between_floor_and_ceiling_all_that_are_there_are_taken():
    assert len(allocate(_PIN, 10, _nodes(2))) == 2


def test_full_nodes_take_no_copy_and_keep_the_one_they_have():
    nodes = _nodes(5)
    before = allocate(_PIN, 10, nodes)
    full = [node._replace(free_bytes=9) if node.address in before else node for node in nodes]
    assert not set(allocate(_PIN, 10, full)) & set(before)
    assert allocate(_PIN, 10, full, keep=before) == before


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 6), st.integers(1, 2), st.integers(0, 11))
def test_a_lost_holder_is_replaced_and_the_others_stay(operators, per_operator, lost):
    nodes = _nodes(operators, per_operator)
    before = allocate(_PIN, 10, nodes)
    gone = nodes[lost % len(nodes)].address
    rest = [node for node in nodes if node.address != gone]
    if len(rest) < RF_MIN:
        return
    after = allocate(_PIN, 10, rest, keep=before)
    assert set(before) - {gone} <= set(after)
    assert len(after) == min(RF_MAX, len(rest))


@pytest.mark.parametrize(("rf_min", "rf_max"), [(0, 3), (-1, 3), (3, 2), (2, -2), (2, 0)])
def test_factors_that_cannot_hold_are_refused(rf_min, rf_max):
    with pytest.raises(PinConflictError, match="rf_m"):
        check_factors(_CID, rf_min, rf_max)
    with pytest.raises(PinConflictError, match="rf_m"):
        allocate(replace(_PIN, rf_min=rf_min, rf_max=rf_max), 1, _nodes(4))


@pytest.mark.parametrize(
    ("copies", "reachable", "state"),
    [
        (2, 4, PinState.PINNED),
        (3, 3, PinState.PINNED),
        (1, 4, PinState.PINNING),
        (0, 2, PinState.PINNING),
        (1, 1, PinState.FAILED),
        (0, 0, PinState.FAILED),
    ],
)
def test_where_a_pin_stands(copies, reachable, state):
    assert standing(_PIN, copies, reachable) is state


_WAYS = {
    ("queued", "pinning"),
    ("queued", "failed"),
    ("pinning", "pinned"),
    ("pinning", "failed"),
    ("pinned", "pinning"),
    ("pinned", "failed"),
    ("failed", "queued"),
}


@pytest.mark.parametrize("start", PinState)
@pytest.mark.parametrize("end", PinState)
def test_a_pin_moves_only_along_its_ways(start, end):
    pin = replace(_PIN, state=start)
    if start is end or (start.value, end.value) in _WAYS:
        assert moved(pin, end).state is end
    else:
        with pytest.raises(PinConflictError, match=f"not {end.value}"):
            moved(pin, end)
