from collections import Counter
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.errors import PlacementInfeasibleError, PlacementInputError
from node.ipfs_lite.placement import (
    cap_of,
    default_cap,
    most_copies,
    place,
    preference,
    score,
)


def _shares(count):
    return [b"\x12\x20" + bytes((number,)) * 32 for number in range(count)]


def _operators(count):
    return [b"hospital-%d" % number for number in range(count)]


_SIZES = {
    "shares": st.integers(0, 9),
    "operators": st.integers(0, 9),
    "replicas": st.integers(1, 4),
    "cap": st.integers(1, 5),
}


@settings(deadline=None, max_examples=50)
@given(**_SIZES)
def test_no_operator_ever_exceeds_the_cap(shares, operators, replicas, cap):
    try:
        placed = place(_shares(shares), _operators(operators), replicas=replicas, cap=cap)
    except PlacementInfeasibleError:
        return
    load = Counter(name for row in placed for name in row)
    assert all(count <= cap for count in load.values())


@settings(deadline=None, max_examples=50)
@given(**_SIZES)
def test_every_share_has_distinct_holders_and_exactly_its_replicas(
    shares, operators, replicas, cap
):
    try:
        placed = place(_shares(shares), _operators(operators), replicas=replicas, cap=cap)
    except PlacementInfeasibleError:
        return
    assert len(placed) == shares
    assert all(len(set(row)) == len(row) == replicas for row in placed)


@settings(deadline=None, max_examples=50)
@given(**_SIZES)
def test_a_placement_exists_exactly_when_the_bound_says_so(shares, operators, replicas, cap):
    limits = {"replicas": replicas, "cap": cap}
    question = _shares(shares), _operators(operators)
    if shares == 0 or (replicas <= operators and shares * replicas <= operators * min(cap, shares)):
        assert len(place(*question, **limits)) == shares
    else:
        with pytest.raises(PlacementInfeasibleError) as caught:
            place(*question, **limits)
        assert caught.value.possible < caught.value.needed == shares * replicas


@settings(deadline=None, max_examples=50)
@given(st.permutations(_operators(5)))
def test_the_order_in_which_operators_are_named_changes_nothing(names):
    assert place(_shares(7), names, replicas=1, cap=2) == place(
        _shares(7), _operators(5), replicas=1, cap=2
    )


def test_holders_stand_in_the_preference_of_their_share():
    shares, operators = _shares(3), _operators(6)
    placed = place(shares, operators, replicas=3, cap=3)
    for share, row in zip(shares, placed, strict=True):
        assert row == tuple(name for name in preference(operators, share) if name in row)


def test_the_score_covers_the_length_of_the_name():
    assert score(b"ab", b"c") != score(b"a", b"bc")


def test_nothing_to_place_is_placed():
    assert place([], [], replicas=1, cap=1) == ()


def test_an_infeasible_question_names_the_remedy():
    with pytest.raises(PlacementInfeasibleError) as caught:
        place(_shares(3), _operators(4), replicas=2, cap=1)
    error = caught.value
    assert (error.needed, error.possible, error.operators, error.cap) == (6, 4, 4, 1)
    assert error.remedy == "2 more operators, or replicas 1"


def test_one_missing_operator_is_singular_and_may_be_the_only_way_out():
    with pytest.raises(PlacementInfeasibleError) as caught:
        place(_shares(3), _operators(2), replicas=1, cap=1)
    assert caught.value.remedy == "1 more operator"


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 3), st.integers(1, 4))
def test_the_remedy_would_work(shares, operators, replicas, cap):
    try:
        place(_shares(shares), _operators(operators), replicas=replicas, cap=cap)
    except PlacementInfeasibleError as error:
        more = int(error.remedy.split()[0])
        place(_shares(shares), _operators(operators + more), replicas=replicas, cap=cap)
        if "replicas" in error.remedy:
            fewer = int(error.remedy.rsplit(maxsplit=1)[-1])
            place(_shares(shares), _operators(operators), replicas=fewer, cap=cap)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 7), st.integers(2, 7), st.integers(1, 2), st.integers(1, 3))
def test_what_lies_legally_stays_when_an_operator_joins(shares, operators, replicas, cap):
    try:
        before = place(_shares(shares), _operators(operators), replicas=replicas, cap=cap)
    except PlacementInfeasibleError:
        return
    keep = dict(zip(_shares(shares), before, strict=True))
    joined = _operators(operators + 1)
    after = place(_shares(shares), joined, replicas=replicas, cap=cap, keep=keep)
    assert [set(row) for row in after] == [set(row) for row in before]


def test_only_the_gap_of_an_operator_that_left_is_filled():
    shares, operators = _shares(4), _operators(6)
    before = place(shares, operators, replicas=1, cap=2)
    left = before[0][0]
    rest = [name for name in operators if name != left]
    after = place(shares, rest, replicas=1, cap=2, keep=dict(zip(shares, before, strict=True)))
    moved = [old != new for old, new in zip(before, after, strict=True)]
    assert moved == [left in row for row in before]


def test_kept_assignments_above_the_cap_are_not_kept():
    shares, operators = _shares(3), _operators(3)
    keep = {share: [operators[0]] for share in shares}
    after = place(shares, operators, replicas=1, cap=1, keep=keep)
    assert sorted(after) == [(name,) for name in operators]
    assert after[0] == (operators[0],)


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 3),
    st.data(),
)
def test_any_old_placement_leads_to_a_full_one_under_the_cap(
    shares, operators, replicas, cap, data
):
    names = [*_operators(operators), b"gone"]
    keep = {share: data.draw(st.lists(st.sampled_from(names))) for share in _shares(shares)}
    possible = most_copies(shares, operators, replicas=replicas, cap=cap)
    if possible < shares * replicas:
        return
    placed = place(_shares(shares), _operators(operators), replicas=replicas, cap=cap, keep=keep)
    load = Counter(name for row in placed for name in row)
    assert all(count <= cap for count in load.values())
    assert all(len(row) == replicas for row in placed)


@pytest.mark.parametrize(
    ("threshold", "has_essential", "cap"),
    [(2, False, 1), (3, False, 2), (2, True, 1), (3, True, 1), (4, True, 2), (5, True, 3)],
)
def test_the_default_cap_leaves_one_share_missing_even_with_the_essential_one(
    threshold, has_essential, cap
):
    assert default_cap(threshold, has_essential=has_essential) == cap


@pytest.mark.parametrize(
    ("shares", "operators", "replicas", "cap", "what"),
    [
        ([b"a", b"a"], [b"x"], 1, 2, "same multihash"),
        ([b"a"], [b"x", b"x"], 1, 1, "named twice"),
        ([b"a"], [b""], 1, 1, "1 to 255"),
        ([b"a"], [b"x" * 256], 1, 1, "1 to 255"),
        ([b"a"], [b"x"], 0, 1, "at least 1"),
        ([b"a"], [b"x"], 1, 0, "at least 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(shares, operators, replicas, cap, what):
    with pytest.raises(PlacementInputError, match=what):
        place(shares, operators, replicas=replicas, cap=cap)


def test_a_name_of_255_bytes_is_taken():
    assert place([b"a"], [b"x" * 255], replicas=1, cap=1) == ((b"x" * 255,),)


def test_the_relaxed_cap_is_the_hard_rule_and_nothing_goes_above_it():
    assert cap_of(4, has_essential=True) == 2
    assert cap_of(4, has_essential=True, share_cap="t-1") == 3
    assert cap_of(4, has_essential=False, share_cap="t-1") == 3
    with pytest.raises(PlacementInputError, match="share_cap: wants default or t-1, got 't'"):
        cap_of(4, has_essential=True, share_cap="t")


def test_a_threshold_of_one_has_no_cap():
    with pytest.raises(PlacementInputError, match="at least 2"):
        default_cap(1, has_essential=False)


@pytest.mark.bench
@pytest.mark.parametrize(
    ("operators", "shares", "replicas", "cap", "target_ms"),
    [(21, 8, 1, 1, 1.4), (100, 8, 3, 2, 6.7)],
)
def test_placing_takes_a_millisecond(operators, shares, replicas, cap, target_ms):
    """Ten times the figures of the specification, so that a slow machine is no failure."""
    question = _shares(shares), _operators(operators)
    rounds = 20
    before = process_time()
    for _ in range(rounds):
        place(*question, replicas=replicas, cap=cap)
    assert (process_time() - before) * 1000 / rounds < target_ms
