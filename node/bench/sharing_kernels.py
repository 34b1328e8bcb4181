"""The bare kernel on long rows, beside the kernels of others on the same rows.

zfec (GPL) and pyshamir are imported here, when asked for, and nowhere else in the package.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import islice
from typing import Any, Final

import numpy as np

from node.bench.sharing_tasks import Task
from node.sss.drbg import SEED_BYTES, SeedsUsed, Stream
from node.sss.gf256 import LOGS, POWERS, Row, apply_matrix, lagrange_rows

PLANS: Final = ((3, 5), (5, 9))
"""Shamir's k of n: shares 1 .. k-1 are random, k .. n are worked out."""
NAIVE_BYTES_MAX: Final = 4 * 2**20
"""Of the secret for the slow kernel, which needs seconds for more."""
PYSHAMIR_BYTES_MAX: Final = 2_048
_PREFIX_BYTES: Final = 2**14
_POWERS: Final = np.array(POWERS, np.uint8)
_LOGS: Final = np.array(LOGS, np.int16)


def naive_apply(
    matrix: Sequence[Sequence[int]], inputs: Sequence[Row], outputs: Sequence[Row]
) -> None:
    """Do what ``apply_matrix`` does, with a logarithm table for each coefficient."""
    for coefficients, output in zip(matrix, outputs, strict=True):
        output.fill(0)
        for factor, row in zip(coefficients, inputs, strict=True):
            if factor:
                product = _POWERS[_LOGS[row] + LOGS[factor]]
                product[row == 0] = 0
                np.bitwise_xor(output, product, output)


def random_rows(count: int, length: int) -> list[Row]:
    """Give rows of the sharing stream of a fixed seed: the same bytes in every run."""
    stream = Stream(bytes(SEED_BYTES), SeedsUsed())
    return [np.frombuffer(stream.take(length), np.uint8) for _ in range(count)]


def kernel_tasks(length: int) -> tuple[list[Task], list[dict[str, str]]]:
    """Give split and combine of ours and of the peers, and which peers are absent and why.

    ``length``    of the secret, a multiple of 8.
    """
    most = max(max(k, n - k + 1) for k, n in PLANS)
    rows = random_rows(most, length)
    # made once and written to, so that no run pays for fresh pages
    outputs = [np.full(length, 1, np.uint8) for _ in range(most)]
    tasks = [task for k, n in PLANS for task in _own_and_naive(k, n, rows, outputs)]
    absent: list[dict[str, str]] = []
    for name, make in (("zfec", _zfec_tasks), ("pyshamir", _pyshamir_tasks)):
        try:
            tasks += make(import_module(name), rows)
        except ImportError as error:
            absent.append({"name": name, "reason": str(error)})
    return tasks, absent


def _own_and_naive(k: int, n: int, rows: Sequence[Row], outputs: Sequence[Row]) -> list[Task]:
    split = lagrange_rows(range(k), range(k, n + 1))
    made = outputs[: len(split)]
    short = min(NAIVE_BYTES_MAX, len(rows[0]))
    heads = [row[:short] for row in rows[:k]]
    naive = [np.full(short, 1, np.uint8) for _ in made]
    highest = [*rows[:k], *made][-k:]
    combine = lagrange_rows(range(n - k + 1, n + 1), (0,))
    whole = np.full(len(rows[0]), 1, np.uint8)
    return [
        Task(
            f"naive split {k}-of-{n}",
            short,
            lambda: naive_apply(split, heads, naive),
            lambda: naive_apply_is_right(split, heads, naive),
        ),
        Task(
            f"split {k}-of-{n}",
            len(rows[0]),
            lambda: apply_matrix(split, rows[:k], made),
            lambda: _are_equal([row[:short] for row in made], naive),
        ),
        # from the shares that the split before it made: right only if all of them are
        Task(
            f"combine {k}-of-{n}",
            len(rows[0]),
            lambda: apply_matrix(combine, highest, [whole]),
            lambda: _are_equal([whole], [rows[0]]),
        ),
    ]


def naive_apply_is_right(
    matrix: Sequence[Sequence[int]], inputs: Sequence[Row], outputs: Sequence[Row]
) -> bool:
    """Hold the first bytes against the field itself: sums of products by repeated doubling."""
    for at in range(0, min(len(outputs[0]), _PREFIX_BYTES), 61):
        values = [int(row[at]) for row in inputs]
        for coefficients, output in zip(matrix, outputs, strict=True):
            if int(output[at]) != _sum_of_products(coefficients, values):
                return False
    return True


def _sum_of_products(coefficients: Sequence[int], values: Sequence[int]) -> int:
    total = 0
    for factor, value in zip(coefficients, values, strict=True):
        doubled = value
        for bit in range(8):
            if factor >> bit & 1:
                total ^= doubled
            doubled = doubled << 1 ^ (0x11B if doubled & 0x80 else 0)
    return total


def _zfec_tasks(zfec: Any, rows: Sequence[Row]) -> list[Task]:  # noqa: ANN401 - no stubs
    """Give zfec's encoder with as many inputs and outputs; its field is another (0x11d)."""

    def task(k: int, n: int) -> Task:
        blocks = [row.tobytes() for row in rows[:k]]
        wanted = list(range(k, n + 1))
        encoder, decoder = zfec.Encoder(k, n + 1), zfec.Decoder(k, n + 1)
        made: list[bytes] = []

        def run() -> None:
            made[:] = encoder.encode(blocks, wanted)

        def is_right() -> bool:
            known = list(islice(zip(wanted + list(range(k)), [*made, *blocks], strict=True), k))
            heads = [block[:_PREFIX_BYTES] for _, block in known]
            found: list[bytes] = decoder.decode(heads, [number for number, _ in known])
            return found == [block[:_PREFIX_BYTES] for block in blocks]

        return Task(f"zfec split {k}-of-{n}", len(rows[0]), run, is_right)

    return [task(k, n) for k, n in PLANS]


def _pyshamir_tasks(pyshamir: Any, rows: Sequence[Row]) -> list[Task]:  # noqa: ANN401 - no stubs
    k, n = PLANS[0]
    secret = rows[0][:PYSHAMIR_BYTES_MAX].tobytes()
    split: Callable[[bytes, int, int], list[bytearray]] = pyshamir.split
    made: list[bytearray] = []

    def run() -> None:
        made[:] = split(secret, n, k)

    def is_right() -> bool:
        return bytes(pyshamir.combine(made[-k:])) == secret

    return [Task(f"pyshamir split {k}-of-{n}", len(secret), run, is_right)]


def _are_equal(left: Sequence[Row], right: Sequence[Row]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
