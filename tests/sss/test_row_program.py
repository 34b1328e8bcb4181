from functools import reduce
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits_sharing import ROW_PROGRAM_CELLS_COUNT_MAX, ROW_PROGRAM_PAIRS_COUNT_MAX
from node.sss.gf256 import combine_rows, lagrange_rows, multiply
from node.sss.row_program import DOUBLING_PASSES, RowProgram, program_of


def _evaluate(program: RowProgram, values: tuple[int, ...]) -> dict[int, int]:
    """Run a program on one byte an input, with the scalar field."""
    registers = dict(enumerate(values))
    for target, (left, right) in enumerate(program.pairs, start=program.inputs):
        registers[target] = registers[left] ^ registers[right]
    for one in program.sums:
        total = 0
        for added in one.terms:
            total = multiply(2, total)
            for register in added:
                total ^= registers[register]
        for factor, members in one.products:
            total ^= multiply(factor, reduce(int.__xor__, (registers[each] for each in members)))
        registers[one.target] = total
    first = program.inputs + len(program.pairs)
    return {register - first: value for register, value in registers.items() if register >= first}


def _plain_passes(matrix: tuple[tuple[int, ...], ...]) -> int:
    doublings = sum(max(row).bit_length() - 1 for row in matrix)
    return DOUBLING_PASSES * doublings + sum(factor.bit_count() for factor in chain(*matrix))


@given(st.data(), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_a_program_computes_its_matrix(data, rows, columns):
    row = st.tuples(*[st.integers(0, 255)] * columns)
    matrix = data.draw(st.tuples(*[row] * rows))
    values = data.draw(row)
    wanted = {
        target: combine_rows(coefficients, [bytes([value]) for value in values])[0]
        for target, coefficients in enumerate(matrix)
    }
    assert _evaluate(program_of(matrix), values) == wanted


@pytest.mark.parametrize(("needed", "total", "passes"), [(3, 5, 19), (5, 9, 98)])
def test_the_splits_of_the_figures_cost_what_is_said(needed, total, passes):
    matrix = lagrange_rows(range(needed), range(needed, total + 1))
    assert program_of(matrix).passes() == passes < _plain_passes(matrix)


@pytest.mark.parametrize("needed", [2, 3, 4, 5])
def test_no_program_costs_more_than_plain_horner(needed):
    for total in range(needed, 10):
        matrix = lagrange_rows(range(needed), range(needed, total + 1))
        assert program_of(matrix).passes() <= _plain_passes(matrix)


def test_rows_that_are_zero_equal_or_alone_are_computed():
    matrix = ((0, 0), (7, 9), (7, 9), (0, 1))
    for values in ((0, 0), (1, 2), (255, 254)):
        wanted = {
            i: multiply(a, values[0]) ^ multiply(b, values[1]) for i, (a, b) in enumerate(matrix)
        }
        assert _evaluate(program_of(matrix), values) == wanted


def test_a_large_matrix_is_not_searched():
    columns = ROW_PROGRAM_CELLS_COUNT_MAX + 1
    program = program_of((tuple(range(1, columns + 1)),))
    assert program.pairs == ()
    assert program.sums[0].terms[-1] == tuple(range(0, columns, 2))


def test_few_pairs_are_kept():
    program = program_of(lagrange_rows(range(8), range(8, 16)))
    assert len(program.pairs) == ROW_PROGRAM_PAIRS_COUNT_MAX


def test_a_matrix_of_nothing_is_an_empty_program():
    assert program_of(()) == RowProgram(0, (), ())


def test_coefficients_that_agree_above_are_looked_up_together():
    """208 and 211 are 11010000 and 11010011: one look-up of 208 for the sum of both."""
    (row,) = program_of(((208, 211, 2),)).sums
    assert row.products == ((208, (0, 1)),)
    assert row.terms == ((1, 2), (1,))
