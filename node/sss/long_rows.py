"""Shamir's sharing of strings as long as a record: the kernel for all but the last 7 bytes."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np

from node.sss.gf256 import BLOCK_BYTES, apply_matrix, combine_rows, lagrange_rows


def xor_long(left: bytes, right: bytes) -> bytes:
    """XOR two strings of one length."""
    (total,) = apply_long([(1, 1)], (left, right))
    return total


def apply_long(matrix: Sequence[Sequence[int]], inputs: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give ``XOR_j matrix[i][j] * inputs[j]`` for strings of one length, whatever it is.

    raises        ValueError: the lengths differ.
    """
    length = len(inputs[0])
    if any(len(one) != length for one in inputs):
        raise ValueError("rows have one length")
    body = length - length % 8
    rows = [np.frombuffer(one, np.uint8, body) for one in inputs]
    block = np.empty((len(matrix), min(BLOCK_BYTES, body)), np.uint8)
    # a block is copied out of the cache at once: whole rows would be made in fresh pages, and
    # copied to fresh pages again to become bytes, which costs more than the arithmetic
    results = [BytesIO() for _ in matrix]
    for start in range(0, body, BLOCK_BYTES):
        width = min(BLOCK_BYTES, body - start)
        made = [row[:width] for row in block]
        apply_matrix(matrix, [row[start : start + width] for row in rows], made)
        for result, row in zip(results, made, strict=True):
            result.write(row.data)
    if body < length:
        tails = [one[body:] for one in inputs]
        for coefficients, result in zip(matrix, results, strict=True):
            result.write(combine_rows(coefficients, tails))
    return tuple(result.getvalue() for result in results)


def split_long(secret: bytes, random_shares: Sequence[bytes], *, total: int) -> tuple[bytes, ...]:
    """Give the shares x = 1 .. total; see ``shamir.split``, which is for short strings."""
    needed = len(random_shares) + 1
    matrix = lagrange_rows(range(needed), range(needed, total + 1))
    return (*random_shares, *apply_long(matrix, (secret, *random_shares)))


def values_long(shares: Mapping[int, bytes], targets: Sequence[int]) -> tuple[bytes, ...]:
    """Give the values at ``targets`` of the polynomial through ALL given shares."""
    return apply_long(lagrange_rows(tuple(shares), targets), tuple(shares.values()))
