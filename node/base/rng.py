"""One tree of randomness: each draw is a pure function of (seed, path, counter).

Counters instead of one stream: leaving out a step or a fault leaves every other draw as it was
(simulation.md section 3).  ``SystemEntropy`` is the only source that is not repeatable.
"""

import secrets
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NewType

import msgpack

Key = NewType("Key", bytes)
"""A 32-byte key of the tree."""

_PERSON: Final = b"wardnet.rng.1"
PPM: Final = 1_000_000


def derive_key(seed: int, path: Iterable[str | int]) -> Key:
    """Give the key of a place in the tree: BLAKE2b-256 over msgpack of [seed, *path]."""
    packed: bytes = msgpack.packb([seed, *path])
    return Key(blake2b(packed, digest_size=32, person=_PERSON).digest())


def block(key: Key, counter: int) -> bytes:
    """Give 64 bytes: eight lanes of 8 bytes, little-endian."""
    return blake2b(counter.to_bytes(8, "little"), digest_size=64, key=key).digest()


class Blocks:
    """The blocks of one key in order: ``block(key, 0)``, ``block(key, 1)``, ...

    Copying a keyed state costs half of keying a new one.
    """

    __slots__ = ("_count", "_keyed")

    def __init__(self, key: Key) -> None:
        self._keyed = blake2b(digest_size=64, key=key)
        self._count = 0

    def draw(self) -> bytes:
        """Give the next block."""
        hashed = self._keyed.copy()
        hashed.update(self._count.to_bytes(8, "little"))
        self._count += 1
        return hashed.digest()


def lane(drawn: bytes, index: int) -> int:
    """Give lane ``index`` (0..7) of a block as an unsigned 64-bit integer."""
    return int.from_bytes(drawn[8 * index : 8 * index + 8], "little")


def scale(value: int, bound: int) -> int:
    """Map an unsigned 64-bit value to 0 .. bound-1."""
    return value * bound >> 64


class TreeEntropy:
    """Draws at one path of the tree: the n-th draw uses counter n."""

    def __init__(self, seed: int, *path: str | int) -> None:
        self._key = derive_key(seed, path)
        self._counter = 0

    def _next(self) -> bytes:
        drawn = block(self._key, self._counter)
        self._counter += 1
        return drawn

    def take(self, count: int) -> bytes:
        """Give ``count`` bytes; each call starts at a fresh block."""
        drawn = b"".join(self._next() for _ in range(-(-count // 64)))
        return drawn[:count]

    def below(self, bound: int) -> int:
        """Give an integer in 0 .. bound-1."""
        return scale(lane(self._next(), 0), bound)

    def happens(self, p_ppm: int) -> bool:
        """Say yes with a probability of ``p_ppm`` parts per million."""
        return self.below(PPM) < p_ppm


class SystemEntropy:
    """Random bytes of the operating system: for real nodes, never below a simulation."""

    def take(self, count: int) -> bytes:
        """Give ``count`` fresh bytes."""
        return secrets.token_bytes(count)

    def below(self, bound: int) -> int:
        """Give an integer in 0 .. bound-1."""
        return secrets.randbelow(bound)
