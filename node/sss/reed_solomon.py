"""Dispersal of a ciphertext: k slices, and N-k more on the polynomial through them.

Any k of the N fragments give the data back (Rabin 1989; Krawczyk 1993, section 3).  Fragment
x <= k IS slice x, so the usual reader copies and does no arithmetic (secret-sharing.md section 6).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from node.sss.errors import ShareMissingError, SharingPlanError
from node.sss.gf256 import Row, apply_matrix, lagrange_rows


def fragment_length(length: int, *, needed: int) -> int:
    """Give the bytes of one fragment: a k-th of the data, rounded up to a multiple of 8."""
    return 8 * -(-length // (8 * needed))


def disperse_into(data: bytes | memoryview, fragments: Sequence[Row], *, needed: int) -> None:
    """Write the fragments x = 1 .. len(fragments) of ``data``, padded with zeros.

    raises        SharingPlanError: fewer fragments than ``needed``, or more than 255.
                  ValueError: a fragment's length is not ``fragment_length``.
    """
    total = len(fragments)
    if not 1 <= needed <= total <= 255:
        raise SharingPlanError(needed, total, "the total lies between the threshold and 255")
    size = fragment_length(len(data), needed=needed)
    if any(len(fragment) != size for fragment in fragments):
        raise ValueError(f"a fragment of this data has {size} bytes")
    source = np.frombuffer(data, dtype=np.uint8)
    for slot, fragment in enumerate(fragments[:needed]):
        piece = source[slot * size : (slot + 1) * size]
        fragment[: len(piece)] = piece
        fragment[len(piece) :] = 0
    points = range(1, needed + 1)
    matrix = lagrange_rows(points, range(needed + 1, total + 1))
    apply_matrix(matrix, fragments[:needed], fragments[needed:])


def disperse(data: bytes, *, needed: int, total: int) -> tuple[bytes, ...]:
    """Give the fragments x = 1 .. total of ``data``; see ``disperse_into``."""
    size = fragment_length(len(data), needed=max(needed, 1))
    rows = [np.empty(size, dtype=np.uint8) for _ in range(total)]
    disperse_into(data, rows, needed=needed)
    return tuple(row.tobytes() for row in rows)


def gather(fragments: Mapping[int, bytes | memoryview], *, needed: int, length: int) -> memoryview:
    """Give the first ``length`` bytes of the data back, from the ``needed`` lowest indices.

    The fragments are taken as they are: whether they are authentic, the caller checks.

    raises        ShareMissingError: fewer than ``needed`` fragments.
                  ValueError: a fragment's length is not ``fragment_length``.
    """
    present = tuple(sorted(fragments))
    if len(present) < needed:
        raise ShareMissingError(len(present), needed, present)
    used = present[:needed]
    size = fragment_length(length, needed=needed)
    if any(len(fragments[x]) != size for x in used):
        raise ValueError(f"a fragment of this data has {size} bytes")
    inputs = [np.frombuffer(fragments[x], dtype=np.uint8) for x in used]
    whole = bytearray(needed * size)
    row = np.frombuffer(whole, dtype=np.uint8)
    slots = [row[slot * size : (slot + 1) * size] for slot in range(needed)]
    apply_matrix(lagrange_rows(used, range(1, needed + 1)), inputs, slots)
    return memoryview(whole)[:length].toreadonly()
