"""How much a view tells of a secret, by exact enumeration: no sampling and no bound.

For ``nlss-q``, which leaks below its threshold (secret-sharing.md section 6).  With the essential
share known, a byte of the message is as uniform as ``s' = Q(x)``, and the point x is uniform over
all vectors whose first element is not 0: there are few enough of them to look at each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.sss.gf256 import invert, scale
from node.sss.quadrics import bilinear, line_of, quadratic, subsets_of, swapped

Column = npt.NDArray[np.int64]
"""int64[outcomes]: one value for each of equally likely outcomes."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field with ``2**bits`` elements: the one of the schemes, or a toy of 4 bits."""

    bits: int
    products: npt.NDArray[np.int64]
    """int64[2**bits, 2**bits]."""


def field_of(*, bits: int, polynomial: int) -> Field:
    """Give GF(2^bits) modulo an irreducible polynomial, such as 0x11b or 0x13."""
    every = np.arange(1 << bits, dtype=np.int64)
    products = np.zeros((1 << bits, 1 << bits), np.int64)
    shifted = every
    for bit in range(bits):
        products ^= np.outer(every >> bit & 1, shifted)
        shifted = shifted << 1
        shifted = np.where(shifted >> bits & 1, shifted ^ polynomial, shifted)
    return Field(bits, products)


def information(secret: Column, view: Sequence[Column]) -> float:
    """Give the mutual information of a secret and a view in bits: H(s) + H(v) - H(s, v)."""
    seen = np.zeros_like(secret)
    for part in view:
        # pairs are numbered anew at every step, so the codes stay below the square of the outcomes
        seen = _numbered(seen, part)
    return _entropy(secret) + _entropy(seen) - _entropy(_numbered(seen, secret))


def shares_leak(field: Field, vectors: Sequence[Sequence[int]], *, count: int) -> float:
    """Give the bits of one element that e and the first ``count`` custodians know without ties.

    ``vectors``   of k elements each, k even; ``2**(bits k)`` points are looked at.
    """
    x = _points(field, len(vectors[0]))
    zero = [0] * len(vectors[0])
    return information(_values(field, x, zero), [_values(field, x, d) for d in vectors[:count]])


def clear_ties_leak(field: Field, vectors: Sequence[bytes], *, count: int) -> float:
    """Give the bits of one byte that e, ``count`` custodians and ALL tie bits in clear would tell.

    Real tie planes are shared, k of N: this is what that prevents.  For k = 2 in GF(2^8).
    """
    x = _points(field, len(vectors[0]))
    view = [_values(field, x, d) for d in vectors[:count]]
    view += [
        _tie_bit(field, x, vectors, members)
        for members in subsets_of(len(vectors), len(vectors[0]))
    ]
    return information(_values(field, x, bytes(len(vectors[0]))), view)


def _points(field: Field, width: int) -> list[Column]:
    """Give all vectors whose first element is not 0, a column for each element."""
    size = 1 << field.bits
    codes = np.arange(size ** (width - 1), size**width, dtype=np.int64)
    return [codes >> field.bits * (width - 1 - at) & (size - 1) for at in range(width)]


def _values(field: Field, x: Sequence[Column], d: Sequence[int]) -> Column:
    """Give Q(x + d)."""
    moved = [column ^ element for column, element in zip(x, d, strict=True)]
    total = np.zeros_like(moved[0])
    for left, right in zip(moved[::2], moved[1::2], strict=True):
        total ^= field.products[left, right]
    return total


def _tie_bit(
    field: Field, x: Sequence[Column], vectors: Sequence[bytes], members: tuple[int, ...]
) -> Column:
    """Say where the free element of x is the larger root for these members.

    raises        ValueError: no deal can have these vectors.
    """
    line = line_of(vectors, members)
    if line is None:
        raise ValueError(f"these vectors cannot be used: {members}")
    first = vectors[members[0] - 1]
    shrink = invert(quadratic(line.kernel))
    (constant,) = scale(shrink, bytes((bilinear(first, line.kernel),)))
    gap = np.full_like(x[0], constant)
    for factor, column in zip(scale(shrink, swapped(line.kernel)), x, strict=True):
        gap ^= field.products[factor, column]
    larger: Column = (x[line.free] > x[line.free] ^ gap).astype(np.int64)
    return larger


def _numbered(left: Column, right: Column) -> Column:
    """Number the pairs of two columns without gaps."""
    _, places = np.unique(left * (int(right.max()) + 1) + right, return_inverse=True)
    numbers: Column = places.astype(np.int64)
    return numbers


def _entropy(column: Column) -> float:
    _, counts = np.unique(column, return_counts=True)
    shares = counts / len(column)
    return float(-(shares * np.log2(shares)).sum())
