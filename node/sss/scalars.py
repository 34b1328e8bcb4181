"""Shamir's secret sharing over the integers modulo r; the secret stands at x = 0.

A scalar is 32 bytes, big-endian, and below r.  Here the coefficients are drawn, not the shares:
the commitments are to coefficients (secret-sharing.md section 12).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from node.sss.bn128 import ORDER

SCALAR_BYTES: Final = 32
WIDE_BYTES: Final = 48
"""What a scalar is drawn from."""


def scalar_of(wide: bytes) -> int:
    """Give the scalar 1 .. r-1 of 48 uniform bytes.

    The bias is below 2^-129.  Redrawing 32 bytes until they are below r would have none, but the
    place of every later draw would depend on secrets, and a share that follows from a wallet's
    master cannot be redrawn.  0 is left out: its commitment would be the point at infinity.

    source        RFC 9380 section 5: reduce ceil((254 + 128) / 8) bytes.
    raises        ValueError: not 48 bytes.
    """
    if len(wide) != WIDE_BYTES:
        raise ValueError(f"a scalar is drawn from {WIDE_BYTES} bytes, not {len(wide)}")
    return 1 + int.from_bytes(wide) % (ORDER - 1)


def write_scalar(value: int) -> bytes:
    """Give the bytes of a scalar; the value is taken modulo r."""
    return (value % ORDER).to_bytes(SCALAR_BYTES)


def is_scalar(raw: bytes) -> bool:
    """Say whether bytes are a scalar in the only form that it has."""
    return len(raw) == SCALAR_BYTES and int.from_bytes(raw) < ORDER


def value_at(coefficients: Sequence[int], x: int) -> int:
    """Give the value of a polynomial; the constant term comes first."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % ORDER
    return value


def interpolate(points: Mapping[int, int], *, at: int = 0) -> int:
    """Give the value at ``at`` of the polynomial through ALL given points.

    Nothing here can tell a wrong share: the caller checks a commitment before using the value.
    """
    value = 0
    for x, y in points.items():
        above, below = 1, 1
        for other in points:
            if other != x:
                above = above * (at - other) % ORDER
                below = below * (x - other) % ORDER
        value += y * above * pow(below, -1, ORDER)
    return value % ORDER
