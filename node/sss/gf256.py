"""The field GF(2^8) with polynomial 0x11b, and one kernel that applies a matrix to long rows.

Bytes in, bytes out, no loss: it is the field of AES, of SLIP-39 and of the usual ``y || x``
shares, so foreign tools can check ours.  Addition is XOR (secret-sharing.md sections 3 and 7).
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from node.sss.row_program import RowProgram, program_of

Row = npt.NDArray[np.uint8]
"""uint8[length]."""
Words = npt.NDArray[np.uint64]
"""uint64[length / 8], a view of a ``Row``."""

POLYNOMIAL: Final = 0x11B
# 3, not 2: 2 has order 51 in this field, tables built with it cover 51 of 255 elements
GENERATOR: Final = 3
BLOCK_BYTES: Final = 128 * 1024
"""Bytes of a row that are worked on at a time: input, output and scratch stay in the cache."""
LOOK_UP_BYTES: Final = 64 * 1024
"""Bytes that are looked up at a time; for longer answers the allocator asks the system."""
_ZERO: Final = np.uint64(0)
_NO_SIGN: Final = np.int8(0)
_REDUCTION: Final = np.uint16(POLYNOMIAL & 0xFF)


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
    matrix: Sequence[Sequence[int]],
    inputs: Sequence[Row],
    outputs: Sequence[Row],
    *,
    block_bytes: int = BLOCK_BYTES,
) -> None:
    """Write ``XOR_j matrix[i][j] * inputs[j]`` to ``outputs[i]``.

    All rows are contiguous and of one length, a multiple of 8; outputs do not overlap inputs.
    ``block_bytes``  a multiple of 8; it changes the time taken and never a byte.

    raises        ValueError: another length, or the matrix does not fit the rows.
    """
    length = len(inputs[0]) if inputs else 0
    if length % 8 or any(len(row) != length for row in (*inputs, *outputs)):
        raise ValueError("rows have one length, a multiple of 8")
    if len(matrix) != len(outputs) or any(len(row) != len(inputs) for row in matrix):
        raise ValueError("the matrix has a row for each output and a column for each input")
    if block_bytes < 8 or block_bytes % 8:
        raise ValueError("a block is a positive multiple of 8 bytes")
    program = program_of(tuple(map(tuple, matrix)))
    # 64-bit views are made once: a view costs as much as the XOR of 4 KiB
    sources = [row.view(np.uint64) for row in inputs]
    results = [row.view(np.uint64) for row in outputs]
    block = min(length, block_bytes) // 8
    spare = [np.empty(block, np.uint64) for _ in range(len(program.pairs) + 1)]
    desk = bytearray(min(8 * block, LOOK_UP_BYTES))
    for start in range(0, length // 8, block or 1):
        stop = min(start + block, length // 8)
        *pairs, scratch = (words[: stop - start] for words in spare)
        _run(
            program,
            [*(row[start:stop] for row in sources), *pairs, *(r[start:stop] for r in results)],
            scratch,
            desk,
        )


def _run(program: RowProgram, registers: Sequence[Words], scratch: Words, desk: bytearray) -> None:
    """Work one block out."""
    for target, (left, right) in enumerate(program.pairs, start=program.inputs):
        np.bitwise_xor(registers[left], registers[right], registers[target])
    for one in program.sums:
        out = registers[one.target]
        if one.terms:
            _add_all([registers[each] for each in one.terms[0]], out)
            _horner(one.terms[1:], registers, out, scratch)
        else:
            out.fill(0)
        for factor, members in one.products:
            _add_product(factor, [registers[each] for each in members], out, desk)


def _add_all(rows: Sequence[Words], out: Words) -> None:
    """Write the sum of at least one row."""
    first, *rest = rows
    # no copyto: the C library's copy of a whole block is slower than a pass of numpy's own
    np.bitwise_xor(first, rest[0] if rest else _ZERO, out)
    for row in rest[1:]:
        np.bitwise_xor(out, row, out)


def _add_product(factor: int, rows: Sequence[Words], out: Words, desk: bytearray) -> None:
    """Add ``factor`` times the sum of rows by look-up.

    Only a ``bytearray`` is looked up at this speed (``bytes`` stops at each byte to see whether it
    changed).  Its time depends on the bytes a little: outside the threat model, section 11.
    """
    table = _times(factor)
    words = np.frombuffer(desk, np.uint64)
    for start in range(0, len(out), len(words)):
        part = out[start : start + len(words)]
        stop = start + len(part)
        _add_all([row[start:stop] for row in rows], words[: len(part)])
        product = np.frombuffer(desk.translate(table), np.uint64, len(part))
        np.bitwise_xor(part, product, part)


def _horner(
    terms: Sequence[Sequence[int]], registers: Sequence[Words], out: Words, scratch: Words
) -> None:
    """Double and add: four passes for a doubling, against six with shifts of 64-bit words."""
    octets, signs = out.view(np.uint8), out.view(np.int8)
    are_high, halves = scratch.view(np.bool_), scratch.view(np.uint16)
    for added in terms:
        np.less(signs, _NO_SIGN, are_high)
        # each byte is 0 or 1, so the product is 0 or 0x1b in each: never a carry.  16 bits wide,
        # as processors multiply eight or sixteen of these at once and no 64-bit words
        np.multiply(halves, _REDUCTION, halves)
        np.add(octets, octets, octets)
        np.bitwise_xor(out, scratch, out)
        for register in added:
            np.bitwise_xor(out, registers[register], out)
