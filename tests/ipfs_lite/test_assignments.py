from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import Address
from node.ipfs_lite.assignments import (
    Assignment,
    Share,
    StoreNode,
    assign,
    broken_rules,
    canonical_bytes,
    placement_hash,
)
from node.ipfs_lite.errors import PlacementInfeasibleError
from node.ipfs_lite.placement import preference

_SIZE = 100


def _shares(count):
    return [Share(b"\x12\x20" + bytes((number,)) * 32, _SIZE) for number in range(count)]


def _address(operator, number):
    return Address(bytes((operator, number)) * 10)


def _nodes(operators, per_operator=1, free_bytes=10_000):
    return [
        StoreNode(_address(operator, number), b"h%d" % operator, free_bytes)
        for operator in range(operators)
        for number in range(per_operator)
    ]


def _rules(rows, shares, nodes, **limits):
    known = {node.address: node.operator for node in nodes}
    return broken_rules(rows, [share.multihash for share in shares], known, **limits)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 6), st.integers(1, 6), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)
)
def test_what_is_assigned_breaks_no_rule(shares, operators, per_operator, replicas, cap):
    limits = {"replicas": replicas, "cap": cap}
    nodes = _nodes(operators, per_operator)
    try:
        rows = assign(_shares(shares), nodes, **limits)
    except PlacementInfeasibleError:
        return
    assert _rules(rows, _shares(shares), nodes, **limits) == ()
    assert len(rows) == shares * replicas


def test_inside_an_operator_the_first_live_node_with_room_takes_the_share():
    (share,) = _shares(1)
    order = preference([_address(0, number) for number in range(3)], share.multihash)
    nodes = {node.address: node for node in _nodes(1, per_operator=3)}

    def chosen():
        (row,) = assign([share], list(nodes.values()), replicas=1, cap=1)
        return row.node

    assert chosen() == order[0]
    nodes[order[0]] = nodes[order[0]]._replace(is_live=False)
    assert chosen() == order[1]
    nodes[order[1]] = nodes[order[1]]._replace(free_bytes=_SIZE - 1)
    assert chosen() == order[2]


def test_full_and_dead_operators_are_left_out_beforehand():
    nodes = _nodes(4)
    nodes[0] = nodes[0]._replace(free_bytes=_SIZE - 1)
    nodes[1] = nodes[1]._replace(is_live=False)
    rows = assign(_shares(2), nodes, replicas=1, cap=1)
    assert {row.operator for row in rows} == {b"h2", b"h3"}


def test_a_refusal_says_how_many_operators_have_no_room():
    nodes = [node._replace(free_bytes=0) for node in _nodes(2)] + _nodes(3)[2:]
    with pytest.raises(PlacementInfeasibleError) as caught:
        assign(_shares(2), nodes, replicas=1, cap=1)
    assert caught.value.remedy == "1 more operator (2 without a live node that has room)"


def test_shares_of_one_operator_spread_when_a_node_is_full():
    nodes = _nodes(1, per_operator=2, free_bytes=_SIZE)
    rows = assign(_shares(2), nodes, replicas=1, cap=2)
    assert Counter(row.node for row in rows) == {_address(0, 0): 1, _address(0, 1): 1}


def test_after_a_change_only_what_lay_on_the_lost_node_moves():
    shares, nodes = _shares(4), _nodes(6, per_operator=2)
    before = assign(shares, nodes, replicas=1, cap=1)
    lost = before[0].node
    rest = [node._replace(is_live=node.address != lost) for node in nodes]
    after = assign(shares, rest, replicas=1, cap=1, keep=before)
    assert [row for row in after if row in before] == [row for row in before if row.node != lost]
    assert after[0].node != lost


def test_a_node_that_has_become_full_keeps_what_it_has():
    shares, nodes = _shares(2), _nodes(2)
    before = assign(shares, nodes, replicas=1, cap=1)
    full = [node._replace(free_bytes=0) for node in nodes]
    assert assign(shares, full, replicas=1, cap=1, keep=before) == before


def test_the_canonical_bytes_are_these():
    row = Assignment(1, b"mh", b"op", Address(b"n" * 20))
    want = b"wardnet/placement/1" + b"\x04root" + b"\0\0\0\x01"
    want += b"\0\0\0\x01" + b"\x02mh" + b"\x02op" + b"\x14" + b"n" * 20
    assert canonical_bytes(b"root", [row]) == want
    assert placement_hash(b"root", [row]) == sha256(want).digest()


def test_the_hash_ignores_the_order_of_rows_and_nothing_else():
    rows = assign(_shares(3), _nodes(5), replicas=1, cap=1)
    first = placement_hash(b"root", rows)
    assert placement_hash(b"root", rows[::-1]) == first
    assert placement_hash(b"other", rows) != first
    for at, row in enumerate(rows):
        for change in (
            row._replace(share=9),
            row._replace(multihash=b"x"),
            row._replace(operator=b"x"),
            row._replace(node=Address(b"x" * 20)),
        ):
            assert placement_hash(b"root", [*rows[:at], change, *rows[at + 1 :]]) != first


_GOOD = assign(_shares(3), _nodes(5), replicas=1, cap=1)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (_GOOD[1:], "share 0 lies with 0 operators, wants 1"),
        ([*_GOOD, _GOOD[0]], "share 0 lies twice"),
        ([_GOOD[0]._replace(multihash=b"x"), *_GOOD[1:]], "share 0 is not of this record"),
        ([*_GOOD, _GOOD[0]._replace(share=7)], "share 7 is not of this record"),
        ([_GOOD[0]._replace(operator=b"stranger"), *_GOOD[1:]], "is not known"),
        ([_GOOD[0]._replace(node=Address(bytes(20))), *_GOOD[1:]], "is not known"),
        (
            [
                row._replace(operator=b"h0", node=_address(0, 0))
                for row in assign(_shares(3), _nodes(5), replicas=1, cap=1)
            ],
            "holds 3 shares, at most 1",
        ),
    ],
)
def test_a_broken_rule_is_named(rows, says):
    assert any(
        says in sentence for sentence in _rules(rows, _shares(3), _nodes(5), replicas=1, cap=1)
    )


def test_another_legal_placement_is_as_good():
    other = [
        row._replace(operator=b"h%d" % at, node=_address(at, 0)) for at, row in enumerate(_GOOD)
    ]
    assert _rules(other, _shares(3), _nodes(5), replicas=1, cap=1) == ()
