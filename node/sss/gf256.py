"""The field GF(2^8) with polynomial 0x11b, and one kernel that applies a matrix to long rows.

Bytes in, bytes out, no loss: it is the field of AES, of SLIP-39 and of the usual ``y || x``
shares, so foreign tools can check ours.  Addition is XOR (secret-sharing.md sections 3 and 7).
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.uint8]
"""uint8[length]."""

POLYNOMIAL: Final = 0x11B
# 3, not 2: 2 has order 51 in this field, tables built with it cover 51 of 255 elements
GENERATOR: Final = 3
BLOCK_BYTES: Final = 128 * 1024
"""Bytes of a row that are worked on at a time: input, output and scratch stay in the cache."""


def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    powers = [0] * 510
    logs = [0] * 256
    value = 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value ^= value << 1
        if value & 0x100:
            value ^= POLYNOMIAL
    return tuple(powers), tuple(logs)


POWERS, LOGS = _tables()


def multiply(a: int, b: int) -> int:
    """Give the product of two elements."""
    if a == 0 or b == 0:
        return 0
    return POWERS[LOGS[a] + LOGS[b]]


def invert(a: int) -> int:
    """Give 1/a.

    raises        ZeroDivisionError: a is 0.
    """
    if a == 0:
        raise ZeroDivisionError("0 has no inverse in GF(2^8)")
    return POWERS[255 - LOGS[a]]


@cache
def _times(factor: int) -> bytes:
    """Give the translation table of the multiplication by ``factor``."""
    return bytes(multiply(factor, value) for value in range(256))


def scale(factor: int, data: bytes) -> bytes:
    """Multiply every byte of a short string; long rows take ``apply_matrix``."""
    return data.translate(_times(factor))


def add(left: bytes, right: bytes) -> bytes:
    """XOR two strings of one length."""
    assert len(left) == len(right)
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))


def lagrange_rows(points: Sequence[int], targets: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Give, for each target, the coefficients that take values at ``points`` to the value there.

    ``c_i(a) = prod_{j != i} (x_j + a) / (x_j + x_i)``; the divisors are worked out once, so a
    row costs len(points) steps.

    raises        ValueError: a point is repeated or no element of the field.
    """
    if len(set(points)) != len(points) or not all(0 <= x <= 255 for x in (*points, *targets)):
        raise ValueError("points are distinct and between 0 and 255")
    divisors = [sum(LOGS[x ^ other] for other in points if other != x) for x in points]
    rows: list[tuple[int, ...]] = []
    for target in targets:
        if target in points:
            rows.append(tuple(int(x == target) for x in points))
            continue
        whole = sum(LOGS[x ^ target] for x in points)
        rows.append(
            tuple(
                POWERS[(whole - LOGS[x ^ target] - divisor) % 255]
                for x, divisor in zip(points, divisors, strict=True)
            )
        )
    return tuple(rows)


def combine_rows(coefficients: Sequence[int], values: Sequence[bytes]) -> bytes:
    """Give the sum of coefficient times value, for short strings of one length."""
    total = 0
    for factor, value in zip(coefficients, values, strict=True):
        total ^= int.from_bytes(scale(factor, value))
    return total.to_bytes(len(values[0]))


def apply_matrix(
    matrix: Sequence[Sequence[int]], inputs: Sequence[Row], outputs: Sequence[Row]
) -> None:
    """Write ``XOR_j matrix[i][j] * inputs[j]`` to ``outputs[i]``.

    All rows are contiguous and of one length, a multiple of 8; outputs do not overlap inputs.

    raises        ValueError: another length, or the matrix does not fit the rows.
    """
    length = len(inputs[0]) if inputs else 0
    if length % 8 or any(len(row) != length for row in (*inputs, *outputs)):
        raise ValueError("rows have one length, a multiple of 8")
    if len(matrix) != len(outputs) or any(len(row) != len(inputs) for row in matrix):
        raise ValueError("the matrix has a row for each output and a column for each input")
    scratch = np.empty(min(length, BLOCK_BYTES), dtype=np.uint8)
    for start in range(0, length, BLOCK_BYTES):
        stop = min(start + BLOCK_BYTES, length)
        block = [row[start:stop] for row in inputs]
        for coefficients, output in zip(matrix, outputs, strict=True):
            _horner(coefficients, block, output[start:stop], scratch[: stop - start])


def _horner(coefficients: Sequence[int], block: Sequence[Row], out: Row, scratch: Row) -> None:
    """Sum one block by the bits of the coefficients, highest first: at most seven doublings."""
    started = False
    for bit in range(max(coefficients).bit_length() - 1, -1, -1):
        if started:
            _double(out, scratch)
        for factor, row in zip(coefficients, block, strict=True):
            if not factor >> bit & 1:
                continue
            if started:
                np.bitwise_xor(out, row, out=out)
            else:
                np.copyto(out, row)
                started = True
    if not started:
        out.fill(0)


def _double(row: Row, scratch: Row) -> None:
    """Multiply every byte by 2: four passes, against six with shifts of 64-bit words."""
    np.less(row.view(np.int8), 0, out=scratch.view(np.bool_))
    words = scratch.view(np.uint64)
    # each byte of the scratch is 0 or 1, so the product is 0 or 0x1b in each: never a carry
    np.multiply(words, np.uint64(POLYNOMIAL & 0xFF), out=words)
    np.add(row, row, out=row)
    wide = row.view(np.uint64)
    np.bitwise_xor(wide, words, out=wide)
