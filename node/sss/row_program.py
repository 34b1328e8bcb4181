"""Turns a matrix over GF(2^8) into few XORs, doublings and look-ups of long rows.

Plain Horner works every output out by itself.  Neighbouring points of one polynomial give rows
that hardly differ, and the same pairs of inputs meet under many bits; so an output may start from
an earlier one, and a pair that meets often is added once.  Where coefficients agree in their high
bits, one look-up in a table of 256 takes the place of up to seven doublings.  At 3-of-5 a split is
19 passes over the rows against 41, at 5-of-9 98 against 163, a combine at 3-of-5 22 against 37.
A pair in common: Paar 1997, the greedy rule.
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
LOOK_UP_PASSES: Final = 14
"""What ``bytearray.translate`` costs, in XORs: 2.7 GB/s; numpy's ``take`` reaches 1.0."""
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
    products: tuple[tuple[int, tuple[int, ...]], ...] = ()
    """What is added last: a factor, and the registers whose sum it multiplies."""


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
        products = sum(LOOK_UP_PASSES + len(each) for one in self.sums for _, each in one.products)
        return len(self.pairs) + DOUBLING_PASSES * doublings + added + products


@lru_cache(maxsize=_PROGRAMS_KEPT)
def program_of(matrix: Matrix) -> RowProgram:
    """Give the program of a matrix.

    Above ROW_PROGRAM_CELLS_COUNT_MAX elements the search would take longer than it saves: such
    a matrix gets plain Horner.
    """
    inputs = len(matrix[0]) if matrix else 0
    is_searched = len(matrix) * inputs <= ROW_PROGRAM_CELLS_COUNT_MAX
    chain: list[Link] = [(target, None, row) for target, row in enumerate(matrix)]
    if is_searched:
        chain = _chain(matrix)
    bits = [_best(row)[1] if is_searched else 8 for _, _, row in chain]
    terms = [_subsets(row, low) for (_, _, row), low in zip(chain, bits, strict=True)]
    products = [_groups(row, low) for (_, _, row), low in zip(chain, bits, strict=True)]
    pairs: list[tuple[int, int]] = []
    if is_searched:
        every = [*(each for one in terms for each in one)]
        every += [each for groups in products for each in groups.values()]
        pairs = _share_pairs(every, inputs)
    first_output = inputs + len(pairs)
    sums: list[Sum] = []
    for (target, start, _), subsets, groups in zip(chain, terms, products, strict=True):
        if start is not None and not subsets:
            subsets.append(set())
        if start is not None:
            subsets[-1].add(first_output + start)
        sums.append(
            Sum(
                first_output + target,
                tuple(tuple(sorted(each)) for each in subsets),
                tuple((factor, tuple(sorted(each))) for factor, each in groups.items()),
            )
        )
    return RowProgram(inputs, tuple(pairs), tuple(sums))


def _best(row: Sequence[int]) -> tuple[int, int]:
    """Give the passes of the cheapest way, and how many low bits it leaves to Horner; 8 is all."""
    return min((_cost(row, bits), bits) for bits in range(8, -1, -1))


def _cost(row: Sequence[int], bits: int) -> int:
    low = [factor & (1 << bits) - 1 for factor in row]
    doublings = max(max(low, default=0).bit_length() - 1, 0)
    looked_up = sum(LOOK_UP_PASSES + len(each) for each in _groups(row, bits).values())
    return DOUBLING_PASSES * doublings + sum(map(int.bit_count, low)) + looked_up


def _groups(row: Sequence[int], bits: int) -> dict[int, set[int]]:
    """Give the columns by what their coefficients have above the low ``bits``."""
    groups: dict[int, set[int]] = {}
    for column, factor in enumerate(row):
        if factor >> bits:
            groups.setdefault(factor >> bits << bits, set()).add(column)
    return groups


def _chain(matrix: Matrix) -> list[Link]:
    """Order the outputs, the cheapest first."""
    left = dict(enumerate(matrix))
    chain: list[Link] = []
    while left:
        ways = [
            (_best(row)[0] + (start is not None), target, start, row)
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


def _subsets(row: Sequence[int], bits: int) -> list[set[int]]:
    """Give, from the highest of the low ``bits`` down, which inputs have it in their factor."""
    low = [factor & (1 << bits) - 1 for factor in row]
    return [
        {column for column, factor in enumerate(low) if factor >> bit & 1}
        for bit in range(max(low, default=0).bit_length() - 1, -1, -1)
    ]


def _share_pairs(subsets: Sequence[set[int]], inputs: int) -> list[tuple[int, int]]:
    """Put a register in the place of the commonest pair, again and again; changes ``subsets``."""
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
