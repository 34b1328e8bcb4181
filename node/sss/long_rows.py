"""Shamir's sharing of strings as long as a record: the kernel for all but the last 7 bytes."""

from collections.abc import Mapping, Sequence

import numpy as np

from node.sss.gf256 import apply_matrix, combine_rows, lagrange_rows


def xor_long(left: bytes, right: bytes) -> bytes:
    """XOR two strings of one length."""
    total = np.bitwise_xor(np.frombuffer(left, np.uint8), np.frombuffer(right, np.uint8))
    return total.tobytes()


def apply_long(matrix: Sequence[Sequence[int]], inputs: Sequence[bytes]) -> tuple[bytes, ...]:
    """Give ``XOR_j matrix[i][j] * inputs[j]`` for strings of one length, whatever it is.

    raises        ValueError: the lengths differ.
    """
    length = len(inputs[0])
    if any(len(one) != length for one in inputs):
        raise ValueError("rows have one length")
    body = length - length % 8
    rows = [np.frombuffer(one, np.uint8, body) for one in inputs]
    outputs = [np.empty(length, np.uint8) for _ in matrix]
    apply_matrix(matrix, rows, [one[:body] for one in outputs])
    if body < length:
        tails = [one[body:] for one in inputs]
        for coefficients, output in zip(matrix, outputs, strict=True):
            output[body:] = np.frombuffer(combine_rows(coefficients, tails), np.uint8)
    return tuple(output.tobytes() for output in outputs)


def split_long(secret: bytes, random_shares: Sequence[bytes], *, total: int) -> tuple[bytes, ...]:
    """Give the shares x = 1 .. total; see ``shamir.split``, which is for short strings."""
    needed = len(random_shares) + 1
    matrix = lagrange_rows(range(needed), range(needed, total + 1))
    return (*random_shares, *apply_long(matrix, (secret, *random_shares)))


def values_long(shares: Mapping[int, bytes], targets: Sequence[int]) -> tuple[bytes, ...]:
    """Give the values at ``targets`` of the polynomial through ALL given shares."""
    return apply_long(lagrange_rows(tuple(shares), targets), tuple(shares.values()))
