from itertools import combinations
from random import Random

import pytest

from node.sss.gf256 import add
from node.sss.nlss_rows import evaluate, spread
from node.sss.quadrics import line_of, quadratic, subsets_of
from node.sss.shamir import split
from tests.sss.deals import cases, unhex


def _lines(vectors):
    return [line_of(vectors, one) for one in subsets_of(len(vectors), len(vectors[0]))]


def _columns(case):
    x = [unhex(column) for column in case["x"]]
    return [x[0], *x[2:]]


@pytest.mark.conformance
def test_values_of_the_raw_vectors_come_out():
    for case in cases("nlss_q"):
        vectors = [bytes(one) for one in case["d"]]
        masked = add(unhex(case["secret"]), unhex(case["essential_mask"]))
        shares, _ = spread(vectors, [], masked, _columns(case))
        assert [one.hex() for one in shares] == case["shares"]


@pytest.mark.conformance
def test_values_and_tie_planes_of_the_full_vectors_come_out():
    for case in cases("nlss_q_full"):
        if "tie_planes" not in case:
            continue
        vectors = [bytes(one) for one in case["vectors"]]
        masked = add(unhex(case["secret"]), unhex(case["mask"]))
        shares, planes = spread(vectors, _lines(vectors), masked, _columns(case))
        assert [one.hex() for one in shares] == case["y"]
        assert planes.hex() == case["tie_planes"]
        ties = split(planes, [unhex(one) for one in case["tie_random"]], total=case["n"] - 1)
        assert [one.hex() for one in ties] == case["tie_shares"]


def _usable(random, needed, count):
    while True:
        vectors = [random.randbytes(needed) for _ in range(count)]
        if all(_lines(vectors)):
            return vectors


def _nonzero(random, length):
    return bytes(random.randrange(1, 256) for _ in range(length))


@pytest.mark.parametrize(
    ("needed", "count", "length"),
    [(2, 4, 1), (2, 4, 65_537), (2, 12, 300), (4, 6, 1_001), (4, 8, 65), (6, 7, 40), (10, 11, 9)],
)
def test_every_set_of_members_finds_every_other_value_again(needed, count, length):
    random = Random(length)
    vectors = _usable(random, needed, count)
    masked = random.randbytes(length)
    columns = [_nonzero(random, length), *(random.randbytes(length) for _ in range(needed - 2))]
    lines = _lines(vectors)
    shares, planes = spread(vectors, lines, masked, columns)
    size = len(planes) // len(lines)
    for place, line in enumerate(lines):
        plane = planes[place * size : (place + 1) * size]
        given = [shares[index - 1] for index in line.members]
        found = evaluate(vectors, line, given, plane, [bytes(needed), *vectors])
        assert found == (masked, *shares)


def test_a_value_is_the_quadratic_form_at_the_hidden_point():
    vectors = _usable(Random(1), 4, 6)
    masked, x = Random(2).randbytes(64), [_nonzero(Random(3 + at), 64) for at in range(3)]
    shares, _ = spread(vectors, [], masked, x)
    seconds = spread([bytes((1, 0, 0, 0))], [], masked, x)[0][0]  # Q(x + d) + Q(x) = x_2
    for at, (first, third, fourth) in enumerate(zip(*x, strict=True)):
        point = bytes((first, seconds[at] ^ masked[at], third, fourth))
        assert quadratic(point) == masked[at]
        assert [one[at] for one in shares] == [quadratic(add(point, d)) for d in vectors]


def test_without_the_tie_bit_nearly_every_byte_has_two_candidates():
    vectors = _usable(Random(4), 2, 2)
    masked, x = Random(5).randbytes(4_096), _nonzero(Random(6), 4_096)
    (line,) = _lines(vectors)
    shares, plane = spread(vectors, [line], masked, [x])
    inverse = bytes(255 - one for one in plane)
    right = evaluate(vectors, line, shares, plane, [bytes(2)])[0]
    wrong = evaluate(vectors, line, shares, inverse, [bytes(2)])[0]
    same = sum(a == b for a, b in zip(right, wrong, strict=True))
    assert right == masked
    assert same < 4_096 // 32


def test_the_wrong_candidate_differs_from_set_to_set():
    # so one tie bit for each byte would not do: every set has a plane of its own
    vectors = _usable(Random(7), 2, 3)
    masked, x = Random(8).randbytes(64), _nonzero(Random(9), 64)
    lines = _lines(vectors)
    shares, planes = spread(vectors, lines, masked, [x])
    size = len(planes) // 3
    wrong = []
    for place, line in enumerate(lines):
        plane = bytes(255 - one for one in planes[place * size : (place + 1) * size])
        given = [shares[index - 1] for index in line.members]
        wrong.append(evaluate(vectors, line, given, plane, [bytes(2)])[0])
    assert all(a != b for a, b in combinations(wrong, 2))
