"""Dispersal of a ciphertext: k slices, and N-k more on the polynomial through them.

Any k of the N fragments give the data back (Rabin 1989; Krawczyk 1993, section 3).  Fragment
x <= k IS slice x, so the usual reader copies and does no arithmetic (secret-sharing.md section 6).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from node.sss.errors import ShareMissingError, SharingPlanError
from node.sss.gf256 import BLOCK_BYTES, Row, apply_matrix, lagrange_rows


def fragment_length(length: int, *, needed: int) -> int:
    """Give the bytes of one fragment: a k-th of the data, rounded up to a multiple of 8."""
    return 8 * -(-length // (8 * needed))


def extend(
    fragments: Sequence[Row], *, needed: int, tell: Callable[[int, Row], object] | None = None
) -> None:
    """Write the fragments x > ``needed``, from the first ``needed``, which are the slices.

    ``tell``      hears of each block that was written while it is in the cache: x, its bytes.
    raises        SharingPlanError: fewer fragments than ``needed``, or more than 255.
                  ValueError: the fragments' lengths differ or are no multiple of 8.
    """
    total = len(fragments)
    if not 1 <= needed <= total <= 255:
        raise SharingPlanError(needed, total, "the total lies between the threshold and 255")
    matrix = lagrange_rows(range(1, needed + 1), range(needed + 1, total + 1))
    for start in range(0, len(fragments[0]), BLOCK_BYTES):
        pieces = [fragment[start : start + BLOCK_BYTES] for fragment in fragments]
        apply_matrix(matrix, pieces[:needed], pieces[needed:])
        if tell is not None:
            for x, piece in enumerate(pieces[needed:], start=needed + 1):
                tell(x, piece)


def disperse(data: bytes, *, needed: int, total: int) -> tuple[bytes, ...]:
    """Give the fragments x = 1 .. total of ``data``, padded with zeros; raises as ``extend``."""
    size = fragment_length(len(data), needed=max(needed, 1))
    rows = [np.zeros(size, dtype=np.uint8) for _ in range(total)]
    for slot, row in enumerate(rows[:needed]):
        piece = data[slot * size : (slot + 1) * size]
        row[: len(piece)] = np.frombuffer(piece, np.uint8)
    extend(rows, needed=needed)
    return tuple(row.tobytes() for row in rows)


def gather(
    fragments: Mapping[int, bytes | memoryview],
    *,
    needed: int,
    length: int,
    room: bytearray | None = None,
) -> memoryview:
    """Give the first ``length`` bytes of the data back, from the ``needed`` lowest indices.

    The fragments are taken as they are: whether they are authentic, the caller checks.

    ``room``      memory to write to, at least ``needed`` fragments long; None takes fresh memory.
    raises        ShareMissingError: fewer than ``needed`` fragments.
                  ValueError: a fragment's length is not ``fragment_length``, or no room.
    """
    present = tuple(sorted(fragments))
    if len(present) < needed:
        raise ShareMissingError(len(present), needed, present)
    used = present[:needed]
    size = fragment_length(length, needed=needed)
    if any(len(fragments[x]) != size for x in used):
        raise ValueError(f"a fragment of this data has {size} bytes")
    inputs = [np.frombuffer(fragments[x], dtype=np.uint8) for x in used]
    whole = bytearray(needed * size) if room is None else room
    if len(whole) < needed * size:
        raise ValueError(f"the data needs room for {needed * size} bytes")
    row = np.frombuffer(whole, dtype=np.uint8)
    slots = [row[slot * size : (slot + 1) * size] for slot in range(needed)]
    apply_matrix(lagrange_rows(used, range(1, needed + 1)), inputs, slots)
    return memoryview(whole)[:length].toreadonly()
