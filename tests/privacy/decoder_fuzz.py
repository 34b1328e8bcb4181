"""Mutations of encoded values, and what a decoder may do with them.

A decoder gives a value that encodes to the very same bytes, or raises one of its typed errors; on
the way it never holds much more memory than the input has bytes, whatever lengths that claims.
"""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from node.base.errors import PeerError

COPIES_MAX = 4
"""A bundle's bytes are cut into parts, a part into fields, and a value is encoded again."""
OBJECTS_BYTES_MAX = 32 * 1024
"""Python's own objects: fields, tuples, an error with its traceback."""


@dataclass(frozen=True)
class Decoder:
    name: str
    samples: tuple[bytes, ...]
    decode: Callable[[bytes], object]
    encode: Callable[[object], bytes]
    errors: tuple[type[PeerError], ...]
    repair: Callable[[bytes], bytes] | None = None
    """Makes a checksum right again, so that mutations reach what lies behind it."""


def mutate(raw: bytes, others: tuple[bytes, ...], random: Random) -> bytes:
    """Change bytes in one to three of the ways in which bytes go wrong."""
    data = bytearray(raw)
    for _ in range(random.choice((1, 1, 2, 3))):
        data = _change(data, others, random)
    return bytes(data)


def _change(data: bytearray, others: tuple[bytes, ...], random: Random) -> bytearray:
    if not data:
        return bytearray(random.randbytes(random.randrange(1, 300)))
    at = random.randrange(len(data))
    end = min(len(data), at + random.choice((1, 2, 4, 8, 32)))
    match random.randrange(9):
        case 0:
            data[at] ^= 1 << random.randrange(8)
        case 1:
            data[at] = random.randrange(256)
        case 2:  # where a length or an index stands
            front = random.randrange(min(len(data), 160))
            data[front] = random.choice((0, 1, 2, 3, 4, 5, 127, 128, 254, 255))
        case 3:
            data[at:end] = random.choice((b"\x00", b"\xff")) * (end - at)
        case 4:
            del data[at:]
        case 5:
            data += random.randbytes(random.randrange(1, 200))
        case 6:
            del data[at:end]
        case 7:
            data[at:at] = random.randbytes(random.randrange(1, 40))
        case _:
            other = random.choice(others)
            data[at:] = other[at:]
    return data


def fuzz(decoder: Decoder, count: int, seed: int) -> Counter[str]:
    """Feed mutations to a decoder; give how often each outcome came.

    raises        AssertionError: one was not read strictly, raised something else, or took memory
                  that it was only told about.
    """
    random = Random(f"{decoder.name} {seed}")
    outcomes: Counter[str] = Counter()
    tracemalloc.start()
    try:
        for number in range(count):
            raw = mutate(random.choice(decoder.samples), decoder.samples, random)
            if decoder.repair is not None and random.random() < 0.5:
                raw = decoder.repair(raw)
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            outcomes[_outcome(decoder, raw, number)] += 1
            _, peak = tracemalloc.get_traced_memory()
            allowed = COPIES_MAX * len(raw) + OBJECTS_BYTES_MAX
            assert peak - before <= allowed, (number, raw.hex(), peak - before)
    finally:
        tracemalloc.stop()
    return outcomes


def _outcome(decoder: Decoder, raw: bytes, number: int) -> str:
    try:
        value = decoder.decode(raw)
    except decoder.errors as error:
        code = getattr(error, "code", "")
        return f"{type(error).__name__} {code}"
    except Exception as error:
        raise AssertionError(f"{decoder.name} {number}: {raw.hex()}") from error
    assert decoder.encode(value) == raw, (number, raw.hex())
    return "read"
