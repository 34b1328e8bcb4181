"""Turns a matrix over GF(2^8) into few XORs and doublings of long rows.

Plain Horner works every output out by itself.  Neighbouring points of one polynomial give rows
that hardly differ, and the same pairs of inputs meet under many bits; so an output may start from
an earlier one, and a pair that meets often is added once.  At 3-of-5 that is 19 passes over the
rows against 41, at 5-of-9 102 against 163.  A pair in common: Paar 1997, the greedy rule.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

from node.base.limits_sharing import ROW_PROGRAM_CELLS_COUNT_MAX, ROW_PROGRAM_PAIRS_COUNT_MAX

DOUBLING_PASSES: Final = 4
"""What a doubling costs, in XORs."""
_PROGRAMS_KEPT: Final = 256

Matrix = tuple[tuple[int, ...], ...]
"""A row for each output, a column for each input."""
Link = tuple[int, int | None, tuple[int, ...]]
"""An output, the output it starts from, and what is added to that."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Work one output out by Horner's rule, the highest bit first."""

    target: int
    terms: tuple[tuple[int, ...], ...]
    """What is added before each next doubling; registers, see ``RowProgram``."""


@dataclass(frozen=True, slots=True)
class RowProgram:
    """Registers are the inputs, then the pairs, then the outputs, counted from 0."""

    inputs: int
    pairs: tuple[tuple[int, int], ...]
    """Register ``inputs + i`` is the sum of two registers before it."""
    sums: tuple[Sum, ...]

    def passes(self) -> int:
        """Give the passes over a block: what the program costs."""
        doublings = sum(max(len(one.terms) - 1, 0) for one in self.sums)
        added = sum(max(sum(map(len, one.terms)) - 1, 1) for one in self.sums)
        return len(self.pairs) + DOUBLING_PASSES * doublings + added


@lru_cache(maxsize=_PROGRAMS_KEPT)
def program_of(matrix: Matrix) -> RowProgram:
    """Give the program of a matrix.

    Above ROW_PROGRAM_CELLS_COUNT_MAX elements the search would take longer than it saves: such
    a matrix gets plain Horner.
    """
    inputs = len(matrix[0]) if matrix else 0
    if len(matrix) * inputs > ROW_PROGRAM_CELLS_COUNT_MAX:
        chain: list[Link] = [(target, None, row) for target, row in enumerate(matrix)]
        pairs: list[tuple[int, int]] = []
        terms = [_subsets(row) for row in matrix]
    else:
        chain = _chain(matrix)
        terms = [_subsets(row) for _, _, row in chain]
        pairs = _share_pairs(terms, inputs)
    first_output = inputs + len(pairs)
    sums: list[Sum] = []
    for (target, start, _), subsets in zip(chain, terms, strict=True):
        if start is not None and not subsets:
            subsets.append(set())
        if start is not None:
            subsets[-1].add(first_output + start)
        sums.append(Sum(first_output + target, tuple(tuple(sorted(each)) for each in subsets)))
    return RowProgram(inputs, tuple(pairs), tuple(sums))


def _cost(row: Sequence[int]) -> int:
    doublings = max(max(row).bit_length() - 1, 0)
    return DOUBLING_PASSES * doublings + sum(factor.bit_count() for factor in row)


def _chain(matrix: Matrix) -> list[Link]:
    """Order the outputs, the cheapest first."""
    left = dict(enumerate(matrix))
    chain: list[Link] = []
    while left:
        ways = [
            (_cost(row) + (start is not None), target, start, row)
            for target, whole in left.items()
            for start, row in (
                (None, whole),
                *((done, _difference(whole, matrix[done])) for done, _, _ in chain),
            )
        ]
        _, target, start, row = min(ways, key=lambda way: way[0])
        del left[target]
        chain.append((target, start, row))
    return chain


def _difference(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    return tuple(a ^ b for a, b in zip(left, right, strict=True))


def _subsets(row: Sequence[int]) -> list[set[int]]:
    """Give, from the highest bit down, which inputs have that bit in their coefficient."""
    highest = max(row, default=0).bit_length() - 1
    return [
        {column for column, factor in enumerate(row) if factor >> bit & 1}
        for bit in range(highest, -1, -1)
    ]


def _share_pairs(terms: Sequence[Sequence[set[int]]], inputs: int) -> list[tuple[int, int]]:
    """Put a register in the place of the commonest pair, again and again; changes ``terms``."""
    subsets = [each for one in terms for each in one]
    pairs: list[tuple[int, int]] = []
    while len(pairs) < ROW_PROGRAM_PAIRS_COUNT_MAX:
        met = Counter(pair for each in subsets for pair in combinations(sorted(each), 2))
        # the smallest of the commonest: the program is the same in every run
        pair = min(met, key=lambda each: (-met[each], each), default=None)
        if pair is None or met[pair] < 2:
            break
        for each in subsets:
            if each.issuperset(pair):
                each.difference_update(pair)
                each.add(inputs + len(pairs))
        pairs.append(pair)
    return pairs
