import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss import gf256


def _slow_multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product


def test_all_65536_products_equal_carryless_multiplication():
    for a in range(256):
        row = gf256.scale(a, bytes(range(256)))
        assert all(row[b] == gf256.multiply(a, b) == _slow_multiply(a, b) for b in range(256))


def test_the_kernel_equals_the_scalar_field_on_all_products():
    values = np.arange(256, dtype=np.uint8)
    for factor in range(256):
        out = np.empty(256, dtype=np.uint8)
        gf256.apply_matrix([[factor]], [values], [out])
        assert out.tobytes() == gf256.scale(factor, bytes(range(256)))


def test_the_kernel_equals_the_scalar_field_beside_another_factor():
    """Programs of two outputs and two inputs share work; the products stay the same."""
    values = np.arange(256, dtype=np.uint8)
    outs = [np.empty(256, dtype=np.uint8) for _ in range(2)]
    for factor in range(256):
        other = factor ^ 0x53
        gf256.apply_matrix([[factor, other], [factor, factor]], [values, values[::-1].copy()], outs)
        for output, row in zip(outs, ((factor, other), (factor, factor)), strict=True):
            assert output.tobytes() == bytes(
                gf256.multiply(row[0], x) ^ gf256.multiply(row[1], 255 - x) for x in range(256)
            )


@pytest.mark.parametrize("length", [8, 1000, 2**17 - 8, 2**17 + 8])
@pytest.mark.parametrize("needed", [1, 2, 4])
def test_blocks_of_every_size_give_equal_bytes(needed, length):
    rng = np.random.default_rng(length)
    rows = [rng.integers(0, 256, length, dtype=np.uint8) for _ in range(needed)]
    matrix = gf256.lagrange_rows(range(1, needed + 1), range(needed + 1, needed + 5))
    wanted = [gf256.combine_rows(line, [row.tobytes() for row in rows]) for line in matrix]
    # small blocks of long rows only cost time: one length shows them all
    for block_bytes in (2**power for power in range(3 if length <= 1000 else 12, 18)):
        outputs = [np.empty(length, np.uint8) for _ in matrix]
        gf256.apply_matrix(matrix, rows, outputs, block_bytes=block_bytes)
        assert [output.tobytes() for output in outputs] == wanted


@pytest.mark.parametrize("block_bytes", [0, -8, 12])
def test_a_block_that_is_no_multiple_of_eight_is_refused(block_bytes):
    row = np.zeros(16, np.uint8)
    with pytest.raises(ValueError, match="multiple of 8 bytes"):
        gf256.apply_matrix([[1]], [row], [row.copy()], block_bytes=block_bytes)


def test_the_generator_covers_the_whole_group():
    assert sorted(gf256.POWERS[:255]) == list(range(1, 256))


def test_every_nonzero_element_has_an_inverse():
    assert all(gf256.multiply(a, gf256.invert(a)) == 1 for a in range(1, 256))


def test_zero_has_no_inverse():
    with pytest.raises(ZeroDivisionError):
        gf256.invert(0)


def test_a_lagrange_row_at_a_given_point_picks_that_point():
    assert gf256.lagrange_rows((3, 5, 9), (5,)) == ((0, 1, 0),)


def test_a_lagrange_row_follows_the_formula():
    points, target = (1, 2, 7, 200), 90
    (row,) = gf256.lagrange_rows(points, (target,))
    for x, coefficient in zip(points, row, strict=True):
        above = below = 1
        for other in points:
            if other != x:
                above = gf256.multiply(above, other ^ target)
                below = gf256.multiply(below, other ^ x)
        assert coefficient == gf256.multiply(above, gf256.invert(below))


@pytest.mark.parametrize("points", [(1, 1), (-1, 2), (1, 256)])
def test_points_outside_the_field_or_repeated_are_refused(points):
    with pytest.raises(ValueError, match="distinct"):
        gf256.lagrange_rows(points, (0,))


def test_a_zero_row_clears_the_output():
    out = np.full(16, 9, dtype=np.uint8)
    gf256.apply_matrix([[0, 0]], [np.ones(16, np.uint8)] * 2, [out])
    assert not out.any()


@pytest.mark.parametrize("length", [0, 8, gf256.BLOCK_BYTES - 8, gf256.BLOCK_BYTES + 8])
def test_rows_of_any_number_of_blocks_give_the_scalar_result(length):
    rng = np.random.default_rng(4)
    rows = [rng.integers(0, 256, length, dtype=np.uint8) for _ in range(3)]
    matrix = [[1, 2, 255], [0, 128, 1]]
    outputs = [np.empty(length, np.uint8) for _ in matrix]
    gf256.apply_matrix(matrix, rows, outputs)
    for coefficients, output in zip(matrix, outputs, strict=True):
        wanted = gf256.combine_rows(coefficients, [row.tobytes() for row in rows])
        assert output.tobytes() == wanted


@given(st.lists(st.integers(0, 255), min_size=1, max_size=6), st.integers(0, 40), st.randoms())
@settings(max_examples=50, deadline=None)
def test_one_output_is_the_sum_of_scaled_inputs(coefficients, words, random):
    rows = [
        np.frombuffer(random.randbytes(8 * words), dtype=np.uint8) for _ in range(len(coefficients))
    ]
    out = np.empty(8 * words, np.uint8)
    gf256.apply_matrix([coefficients], rows, [out])
    assert out.tobytes() == gf256.combine_rows(coefficients, [row.tobytes() for row in rows])


def test_a_row_at_an_odd_offset_gives_the_same_bytes():
    raw = bytes(range(1, 34))
    out = np.empty(32, np.uint8)
    gf256.apply_matrix([[7]], [np.frombuffer(raw, np.uint8)[1:]], [out])
    assert out.tobytes() == gf256.scale(7, raw[1:])


@pytest.mark.parametrize(
    ("matrix", "lengths"), [([[1]], (8, 16)), ([[1]], (12, 12)), ([[1, 2]], (8, 8)), ([], (8, 8))]
)
def test_rows_that_do_not_fit_are_refused(matrix, lengths):
    with pytest.raises(ValueError, match=r"rows have one length|the matrix has"):
        gf256.apply_matrix(
            matrix, [np.zeros(lengths[0], np.uint8)], [np.zeros(lengths[1], np.uint8)]
        )
