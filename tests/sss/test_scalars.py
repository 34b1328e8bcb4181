"""Shamir's scheme over the integers modulo r."""

from itertools import combinations
from random import Random

import pytest

from node.sss.bn128 import ORDER
from node.sss.scalars import interpolate, is_scalar, scalar_of, value_at, write_scalar


def test_a_polynomial_is_evaluated_modulo_r():
    assert value_at((7, 0, ORDER - 1), 3) == (7 - 9) % ORDER
    assert value_at((), 3) == 0


def test_any_k_points_give_the_secret_and_every_other_point():
    random = Random(9)
    coefficients = [random.randrange(ORDER) for _ in range(3)]
    points = {x: value_at(coefficients, x) for x in (1, 2, 5, 253, 254)}
    for chosen in combinations(points, 3):
        basis = {x: points[x] for x in chosen}
        assert interpolate(basis) == coefficients[0]
        assert all(interpolate(basis, at=x) == y for x, y in points.items())


def test_too_few_points_give_something_else():
    coefficients = (5, 6, 7)
    assert interpolate({x: value_at(coefficients, x) for x in (1, 2)}) != 5


@pytest.mark.parametrize("value", [0, 1, ORDER - 1])
def test_a_scalar_below_r_has_one_form(value):
    assert is_scalar(write_scalar(value))
    assert int.from_bytes(write_scalar(value + ORDER)) == value


@pytest.mark.parametrize(
    "raw", [ORDER.to_bytes(32), (ORDER + 1).to_bytes(32), b"\xff" * 32, bytes(31), bytes(33), b""]
)
def test_other_bytes_are_no_scalar(raw):
    assert not is_scalar(raw)


def test_a_scalar_is_drawn_from_48_bytes_and_is_never_0():
    assert scalar_of(bytes(48)) == 1
    assert scalar_of((ORDER - 2).to_bytes(48)) == ORDER - 1
    assert scalar_of((ORDER - 1).to_bytes(48)) == 1
    assert scalar_of(b"\xff" * 48) == 1 + (2**384 - 1) % (ORDER - 1)


def test_scalars_are_drawn_from_nothing_shorter():
    with pytest.raises(ValueError, match="48 bytes, not 32"):
        scalar_of(bytes(32))
