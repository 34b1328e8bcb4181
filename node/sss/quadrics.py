"""The quadratic form of ``nlss-q`` and what makes its public vectors good.

``Q(x) = x1 x2 + x3 x4 + ...`` over GF(2^8), ``B(x, y) = Q(x+y) + Q(x) + Q(y)``; an own
construction, secret-sharing.md section 6.  A vector is k bytes, k even.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import combinations
from math import comb
from typing import Final

from node.base.limits_sharing import SUBSETS_COUNT_MAX
from node.sss.gf256 import add, combine_rows, invert, multiply, scale

_VECTORS_KEPT: Final = 8


def quadratic_plan_fault(*, needed: int, count: int) -> str | None:
    """Say why ``needed`` of ``count`` custodians cannot share by quadratic forms; None: they can.

    Odd k needs a square term; squaring is linear in characteristic 2, and the scheme would be a
    linear one.
    """
    if needed % 2:
        return "nlss-q needs an even number of custodians to open: t is odd"
    subsets = comb(count, needed)
    if subsets > SUBSETS_COUNT_MAX:
        return (
            f"nlss-q takes at most {SUBSETS_COUNT_MAX} sets of t-1 custodians, here are {subsets}"
        )
    return None


def quadratic(x: bytes) -> int:
    """Give Q(x)."""
    pairs = zip(x[::2], x[1::2], strict=True)
    return reduce(int.__xor__, (multiply(left, right) for left, right in pairs), 0)


def swapped(y: bytes) -> bytes:
    """Give the coefficients of the linear form ``B(., y)``: y with each pair turned round."""
    turned = bytearray(len(y))
    turned[::2], turned[1::2] = y[1::2], y[::2]
    return bytes(turned)


def bilinear(x: bytes, y: bytes) -> int:
    """Give B(x, y)."""
    pairs = zip(x, swapped(y), strict=True)
    return reduce(int.__xor__, (multiply(left, right) for left, right in pairs), 0)


@dataclass(frozen=True, slots=True)
class Line:
    """What k shares leave open of x: ``x = u + x_free * kernel``, one line.

    Row j of ``solution`` gives ``u_j`` from the shares of the members in ascending order, and its
    last byte is the constant term: k+1 bytes.
    """

    members: tuple[int, ...]
    free: int
    kernel: bytes
    solution: tuple[bytes, ...]


def line_of(vectors: Sequence[bytes], members: tuple[int, ...]) -> Line | None:
    """Solve ``B(x, d_i + d_i0) = L_i + L_i0`` for a k-subset J of the custodians, ascending.

    Reduced row echelon form, pivots from the left.  None: the forms are dependent, or the line's
    direction v has Q(v) = 0; then these vectors cannot be used.
    """
    needed = len(members)
    first, *others = (vectors[index - 1] for index in members)
    rows: list[bytes] = []
    for place, other in enumerate(others, start=1):
        # the form's coefficients, then its right side as an affine form of the k shares
        right = bytearray(needed + 1)
        right[0] = right[place] = 1
        right[needed] = quadratic(first) ^ quadratic(other)
        rows.append(swapped(add(first, other)) + right)
    pivots = _reduce(rows, needed)
    if len(pivots) != needed - 1:
        return None
    (free,) = set(range(needed)) - set(pivots)
    kernel = bytearray(needed)
    kernel[free] = 1
    solution = [bytes(needed + 1)] * needed
    for pivot, row in zip(pivots, rows, strict=True):
        kernel[pivot] = row[free]
        solution[pivot] = row[needed:]
    if quadratic(bytes(kernel)) == 0:
        return None
    return Line(members, free, bytes(kernel), tuple(solution))


def _reduce(rows: list[bytes], width: int) -> list[int]:
    """Bring rows into reduced echelon form over their first columns; give the pivots' columns."""
    pivots: list[int] = []
    for column in range(width):
        done = len(pivots)
        found = next((at for at in range(done, len(rows)) if rows[at][column]), None)
        if found is None:
            continue
        rows[done], rows[found] = rows[found], rows[done]
        rows[done] = scale(invert(rows[done][column]), rows[done])
        for at, row in enumerate(rows):
            if at != done and row[column]:
                rows[at] = combine_rows((1, row[column]), (row, rows[done]))
        pivots.append(column)
    return pivots


def subsets_of(count: int, needed: int) -> tuple[tuple[int, ...], ...]:
    """Give the k-subsets of the indices 1 .. count in lexicographic order."""
    return tuple(combinations(range(1, count + 1), needed))


@lru_cache(maxsize=_VECTORS_KEPT)
def lines_of(vectors: tuple[bytes, ...]) -> tuple[Line, ...] | None:
    """Give the line of EVERY k-subset, in order; None: one of them could not open a deal.

    All files of a deal carry the same vectors, and with 68 of 69 custodians an answer takes 1.7 s.
    """
    lines: list[Line] = []
    for members in subsets_of(len(vectors), len(vectors[0])):
        line = line_of(vectors, members)
        if line is None:
            return None
        lines.append(line)
    return tuple(lines)
