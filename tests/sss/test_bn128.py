"""Points of alt_bn128 against affine arithmetic of our own and the precompiled contracts."""

import subprocess
import sys
from random import Random

import pytest

from node.sss.bn128 import (
    FIELD,
    GENERATOR,
    INFINITY,
    ORDER,
    evaluate,
    is_public_point,
    negative,
    product,
    total,
)
from tests.sss.curve import P, packed, plus, times, unpacked
from tests.sss.precompiles import ec_add, ec_mul

SCALARS = [0, 1, 2, 3, 255, ORDER - 1, ORDER // 2, *(Random(4).randrange(ORDER) for _ in range(4))]


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_product_is_that_of_affine_arithmetic_and_of_the_precompiled_contract(scalar):
    assert product(scalar) == packed(times(scalar)) == ec_mul(GENERATOR, scalar)[0]


def test_a_product_with_any_point_is_that_of_the_precompiled_contract():
    point = product(77)
    assert product(123_456, point) == ec_mul(point, 123_456)[0] == product(77 * 123_456)


def test_a_scalar_counts_modulo_the_order():
    assert product(ORDER) == INFINITY
    assert product(ORDER + 5) == product(5)


@pytest.mark.parametrize(
    ("left", "right"), [(3, 4), (3, 3), (3, ORDER - 3), (0, 9), (9, 0), (0, 0)]
)
def test_a_sum_is_that_of_affine_arithmetic_and_of_the_precompiled_contract(left, right):
    one, other = packed(times(left)), packed(times(right))
    want = packed(plus(unpacked(one), unpacked(other)))
    assert total(one, other) == want == ec_add(one, other)[0]


def test_a_point_and_its_negative_make_infinity():
    assert total(product(9), negative(product(9))) == INFINITY
    assert negative(product(9)) == product(ORDER - 9)
    assert negative(INFINITY) == INFINITY


@pytest.mark.parametrize("x", [1, 2, 254])
def test_a_polynomial_of_points_is_the_point_of_its_value(x):
    coefficients = (11, 0, ORDER - 4, 29)
    points = [product(one) for one in coefficients]
    value = sum(one * x**power for power, one in enumerate(coefficients))
    assert evaluate(points, x) == product(value)


def test_points_on_the_curve_are_public_points():
    assert P == FIELD
    assert all(is_public_point(packed(times(scalar))) for scalar in (1, 2, 77, ORDER - 1))


def _ran(script):
    """Give what a fresh interpreter prints."""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def _with(x=1, y=2):
    return x.to_bytes(32) + y.to_bytes(32)


@pytest.mark.parametrize(
    "raw",
    [
        INFINITY,
        _with(y=3),
        _with(x=1 + FIELD),
        _with(y=2 + FIELD),
        _with(x=0, y=0),
        GENERATOR[:-1],
        GENERATOR + b"\0",
        b"",
        b"\xff" * 64,
    ],
)
def test_other_bytes_are_no_public_point(raw):
    assert not is_public_point(raw)


def test_a_changed_bit_of_a_point_is_seen():
    point = packed(times(5))
    for bit in range(512):
        changed = (int.from_bytes(point) ^ 1 << bit).to_bytes(64)
        assert not is_public_point(changed)


def test_the_library_leaves_the_recursion_limit_as_it_was():
    script = "import sys; from node.sss.bn128 import product; product(5); "
    ran = _ran(script + "print(sys.getrecursionlimit(), 'py_ecc' in sys.modules)")
    assert ran == f"{_ran('import sys; print(sys.getrecursionlimit())')} True"


def test_the_library_is_imported_by_those_who_need_it_only():
    assert _ran("import sys, node.sss.schemes; print('py_ecc' in sys.modules)") == "False"
