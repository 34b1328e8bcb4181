"""Shamir's secret sharing over GF(2^8), byte by byte; the secret stands at x = 0.

The split is systematic: shares 1 .. k-1 are the random bytes themselves and the others are
interpolated.  The distribution is that of random coefficients (secret-sharing.md section 3).
"""

from collections.abc import Mapping, Sequence

from node.sss.errors import SharingPlanError
from node.sss.gf256 import combine_rows, lagrange_rows


def split(secret: bytes, random_shares: Sequence[bytes], *, total: int) -> tuple[bytes, ...]:
    """Give ``total`` shares, for x = 1 .. total, of which len(random_shares) + 1 rebuild.

    ``random_shares``  k-1 uniform strings as long as the secret.
    raises        SharingPlanError: fewer than k shares asked for, or more than 255.
                  ValueError: a random share has another length than the secret.
    """
    needed = len(random_shares) + 1
    if not needed <= total <= 255:
        raise SharingPlanError(needed, total, "the total lies between the threshold and 255")
    values = (secret, *random_shares)
    if any(len(value) != len(secret) for value in values):
        raise ValueError("random shares are as long as the secret")
    rows = lagrange_rows(range(needed), range(needed, total + 1))
    return (*random_shares, *(combine_rows(row, values) for row in rows))


def combine(shares: Mapping[int, bytes], *, at: int = 0) -> bytes:
    """Give the value at ``at`` of the polynomial through ALL given shares.

    Nothing here can tell a wrong share: the caller checks a commitment before using the value.

    raises        ValueError: no share, shares of different lengths, or an x outside 0 .. 255.
    """
    lengths = {len(value) for value in shares.values()}
    if len(lengths) != 1:
        raise ValueError("shares have one length and there is at least one")
    points = tuple(shares)
    (row,) = lagrange_rows(points, (at,))
    return combine_rows(row, tuple(shares.values()))
