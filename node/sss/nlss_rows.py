"""Long rows of ``nlss-q``: from a masked message to shares and tie planes, and back.

Each step is a linear form over GF(2^8) for the kernel of ``gf256`` or one look-up with two
arguments, on blocks that stay in the cache (secret-sharing.md sections 6 and 7).
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from node.sss.gf256 import LOGS, POWERS, Row, apply_matrix, combine_rows, invert, scale
from node.sss.quadrics import Line, bilinear, quadratic, swapped

_BLOCK_BYTES: Final = 64 * 1024
Rows = npt.NDArray[np.uint8]
"""uint8[rows, length]."""


def spread(
    vectors: Sequence[bytes], lines: Sequence[Line], masked: bytes, columns: Sequence[bytes]
) -> tuple[tuple[bytes, ...], bytes]:
    """Give every custodian's ``Q(x + d_i)``, and the tie planes of all lines one after another.

    ``masked``    s', the message under the essential share.
    ``columns``   x_1 (no zeros) and x_3 .. x_k, as long as s'; x_2 follows from ``Q(x) = s'``.
    """
    length, needed, count = len(masked), len(vectors[0]), len(vectors)
    # forms of (s', x_1 .. x_k, 1): Q(x + d) = Q(x) + B(x, d) + Q(d), and Q(x) is s'
    forms = [bytes((1, *swapped(d), quadratic(d))) for d in vectors]
    forms += [bytes((0, *_gap_form(line, vectors))) for line in lines]
    results = np.empty((len(forms), _BLOCK_BYTES), np.uint8)
    x = np.empty((needed + 1, _BLOCK_BYTES), np.uint8)
    shares = np.empty((count, _padded(length)), np.uint8)
    planes = np.empty((len(lines), _padded(length) // 8), np.uint8)
    for start, stop in _blocks(length):
        width = stop - start
        given = _load((masked, columns[0], *columns[1:]), start, x[:, :width], skip=2)
        given[2] = _second_column(given)
        made = results[:, :width]
        _apply_forms(forms, given, made)
        shares[:, start:stop] = made[:count]
        for line, gap, plane in zip(lines, made[count:], planes, strict=True):
            free = given[1 + line.free]
            plane[start // 8 : stop // 8] = np.packbits(free > free ^ gap, bitorder="little")
    return tuple(row[:length].tobytes() for row in shares), planes.tobytes()


def evaluate(
    vectors: Sequence[bytes],
    line: Line,
    shares: Sequence[bytes],
    plane: bytes,
    targets: Sequence[bytes],
) -> tuple[bytes, ...]:
    """Give ``Q(x + d)`` for each target d from the shares of the line's members; 0 gives s'.

    ``shares``    of the members, ascending; wrong ones give wrong values, never an error.
    ``plane``     the tie plane of these members: a set bit takes the larger root.
    """
    length, needed = len(plane) * 8, len(shares)
    first = vectors[line.members[0] - 1]
    at_first = [
        bytes((*row[:-1], row[-1] ^ d)) for row, d in zip(line.solution, first, strict=True)
    ]
    forms, pairs = _root_forms(line, at_first)
    values = [_value_form(line, first, target) for target in targets]
    weights = [bilinear(line.kernel, _sum(target, first)) for target in targets]
    final = [bytes((weight, *form)) for weight, form in zip(weights, values, strict=True)]
    ties = np.frombuffer(plane, np.uint8)
    inputs = np.empty((needed + 1, _BLOCK_BYTES), np.uint8)
    middle = np.empty((len(forms), _BLOCK_BYTES), np.uint8)
    outputs = np.empty((len(targets), length), np.uint8)
    for start, stop in _blocks(length):
        width = stop - start
        given = _load(shares, start, inputs[1:, :width])
        _apply_forms(forms, given, middle[:, :width])
        gap, rest = middle[0, :width], middle[1, :width]
        for left in range(2, 2 + 2 * pairs, 2):
            rest ^= _look_up(_products(), middle[left, :width], middle[left + 1, :width])
        larger = np.unpackbits(ties[start // 8 : stop // 8], bitorder="little")
        root = _look_up(_roots(), rest, gap)
        inputs[0, :width] = root ^ gap * larger
        _apply_forms(final, inputs[:, :width], outputs[:, start:stop])
    whole = len(shares[0])
    return tuple(row[:whole].tobytes() for row in outputs)


def _gap_form(line: Line, vectors: Sequence[bytes]) -> bytes:
    """Give ``b/a``, the difference of the two roots, as a form of (x_1 .. x_k, 1)."""
    first = vectors[line.members[0] - 1]
    constant = bilinear(first, line.kernel)
    return scale(invert(quadratic(line.kernel)), swapped(line.kernel) + bytes((constant,)))


def _root_forms(line: Line, at_first: Sequence[bytes]) -> tuple[list[bytes], int]:
    """Give the forms of the shares that make ``lambda^2 + gap lambda + rest = 0``.

    ``at_first``  the rows of ``u + d_i0``.
    returns       gap, the linear part of rest, then pairs of rows whose products belong to rest,
                  and how many pairs these are.  The column of lambda is constant, so its pair
                  needs no product: none at all where k = 2.
    """
    shrink = invert(quadratic(line.kernel))
    gap = scale(shrink, combine_rows(swapped(line.kernel), at_first))
    needed = len(line.kernel)
    linear = bytes((1, *bytes(needed)))
    factors: list[bytes] = []
    for left in range(0, needed, 2):
        if line.free in (left, left + 1):
            constant, other = at_first[line.free][-1], at_first[line.free ^ 1]
            linear = _sum(linear, scale(constant, other))
        else:
            factors += (scale(shrink, at_first[left]), at_first[left + 1])
    return [gap, scale(shrink, linear), *factors], len(factors) // 2


def _value_form(line: Line, first: bytes, target: bytes) -> bytes:
    """Give the part of ``Q(x + target)`` that is a form of the shares: without lambda's.

    ``Q(x + d) = share_i0 + B(x, d + d_i0) + Q(d) + Q(d_i0)``, and x = u + lambda v.
    """
    needed = len(first)
    constant = quadratic(target) ^ quadratic(first)
    own = bytes((1, *bytes(needed - 1), constant))
    return _sum(own, combine_rows(swapped(_sum(target, first)), line.solution))


def _sum(left: bytes, right: bytes) -> bytes:
    return combine_rows((1, 1), (left, right))


def _padded(length: int) -> int:
    return -(-length // 8) * 8


def _blocks(length: int) -> Iterator[tuple[int, int]]:
    end = _padded(length)
    for start in range(0, end, _BLOCK_BYTES):
        yield start, min(start + _BLOCK_BYTES, end)


def _load(rows: Sequence[bytes], start: int, into: Rows, *, skip: int | None = None) -> Rows:
    """Copy a block of every row, zeros behind the end; row ``skip`` of ``into`` is left out."""
    width = into.shape[1]
    places = [place for place in range(len(into)) if place != skip]
    for place, row in zip(places, rows, strict=True):
        piece = np.frombuffer(row, np.uint8)[start : start + width]
        into[place, : len(piece)] = piece
        into[place, len(piece) :] = 0
    return into


def _second_column(given: Rows) -> Row:
    """Give ``x_2 = (s' + x_3 x_4 + ...) / x_1``."""
    total = given[0].copy()
    for left in range(3, len(given), 2):
        total ^= _look_up(_products(), given[left], given[left + 1])
    return _look_up(_quotients(), total, given[1])


def _apply_forms(forms: Sequence[bytes], inputs: Rows, outputs: Rows) -> None:
    """Write linear forms with a constant term, the last byte of each, to the outputs."""
    apply_matrix([form[:-1] for form in forms], list(inputs), list(outputs))
    for form, output in zip(forms, outputs, strict=True):
        if form[-1]:
            np.bitwise_xor(output, form[-1], out=output)


def _look_up(table: Row, left: Row, right: Row) -> Row:
    places = left.astype(np.uint16)
    places <<= 8
    places |= right
    return table.take(places)


@cache
def _products() -> Row:
    """Give ``table[256 a + b] = a b``."""
    logs, powers = np.array(LOGS), np.array(POWERS, np.uint8)
    table: Row = powers[logs[:, None] + logs[None, :]]
    table[0, :] = table[:, 0] = 0
    return table.reshape(-1)


@cache
def _quotients() -> Row:
    """Give ``table[256 a + b] = a / b``, and 0 where b = 0 (only behind the end of a row)."""
    inverse = np.array([0, *map(invert, range(1, 256))])
    return _products().reshape(256, 256)[:, inverse].reshape(-1)


@cache
def _roots() -> Row:
    """Give ``table[256 c + b]`` = the smaller root of ``r^2 + b r + c``, 0 where there is none."""
    products = _products().reshape(256, 256)
    table = np.zeros((256, 256), np.uint8)
    every = np.arange(256)
    for gap in range(256):
        # r (r + b) = c; every pair of roots r, r + b is met twice, with the same minimum
        table[products[every, every ^ gap], gap] = np.minimum(every, every ^ gap)
    return table.reshape(-1)
