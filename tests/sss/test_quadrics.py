from itertools import product

import pytest

from node.sss.gf256 import add, multiply, scale
from node.sss.quadrics import (
    bilinear,
    line_of,
    lines_of,
    quadratic,
    quadratic_plan_fault,
    subsets_of,
    swapped,
)
from tests.sss.deals import cases

X, Y = bytes.fromhex("53ca0102"), bytes.fromhex("0facbe7d")


def test_the_bilinear_form_is_what_the_quadratic_one_lacks_to_be_linear():
    assert bilinear(X, Y) == quadratic(add(X, Y)) ^ quadratic(X) ^ quadratic(Y)
    assert bilinear(X, X) == 0


def test_the_quadratic_form_is_a_sum_over_pairs():
    assert quadratic(X) == multiply(0x53, 0xCA) ^ multiply(1, 2)
    assert quadratic(scale(7, X)) == multiply(multiply(7, 7), quadratic(X))


def test_swapped_turns_each_pair_round():
    assert swapped(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"


@pytest.mark.parametrize(
    ("needed", "count", "word"),
    [(1, 4, "even"), (3, 4, "even"), (2, 13, "at most 70"), (4, 9, "126"), (6, 9, "84")],
)
def test_plans_with_odd_k_or_too_many_sets_are_named(needed, count, word):
    assert word in quadratic_plan_fault(needed=needed, count=count)


@pytest.mark.parametrize(("needed", "count"), [(2, 2), (2, 12), (4, 8), (6, 8), (254, 254)])
def test_plans_with_at_most_seventy_sets_can_be(needed, count):
    assert quadratic_plan_fault(needed=needed, count=count) is None


def test_subsets_stand_in_lexicographic_order():
    assert subsets_of(4, 2) == ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))


@pytest.mark.conformance
def test_the_vectors_of_the_vectors_are_usable_and_in_their_order_of_sets():
    for case in cases("nlss_q_full"):
        vectors = [bytes(one) for one in case["vectors"]]
        assert lines_of(tuple(vectors)) is not None
        if "subsets" in case:
            sets = [list(one) for one in subsets_of(len(vectors), case["t"] - 1)]
            assert sets == case["subsets"]


@pytest.mark.parametrize(
    "vectors",
    [
        (b"\x01\x02", b"\x01\x02"),  # equal: no direction at all
        (b"\x01\x02", b"\x01\x03"),  # d_1 + d_2 = (0, 1): the direction has Q = 0
        (b"\x01\x02\x03\x04", b"\x05\x02\x03\x04", b"\x09\x02\x03\x04", b"\x0d\x02\x03\x04"),
    ],
)
def test_vectors_that_cannot_open_are_refused(vectors):
    assert lines_of(tuple(vectors)) is None


def test_a_line_holds_every_point_that_fits_the_shares_and_no_other():
    vectors = (b"\x44\x20", b"\x82\x3c")
    line = line_of(vectors, (1, 2))
    point = b"\x17\x99"
    shares = [quadratic(add(point, d)) for d in vectors]
    values = bytes((*shares, 1))
    start = bytes(
        multiply(row[0], values[0]) ^ multiply(row[1], values[1]) ^ row[2] for row in line.solution
    )
    on_line = {add(start, scale(step, line.kernel)) for step in range(256)}
    fit = {
        bytes(x)
        for x in product(range(256), repeat=2)
        if [quadratic(add(bytes(x), d)) for d in vectors] == shares
    }
    assert point in fit
    assert fit <= on_line
    assert start[line.free] == 0
    assert line.kernel[line.free] == 1


def test_the_lines_of_a_deal_are_worked_out_once_for_all_its_files():
    vectors = (b"\x44\x20", b"\x82\x3c", b"\x11\x07")
    assert lines_of(vectors) is lines_of(tuple(bytes(bytearray(one)) for one in vectors))
    assert [line.members for line in lines_of(vectors)] == [(1, 2), (1, 3), (2, 3)]
