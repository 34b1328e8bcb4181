"""Finding what two operators do not both have: 256 sums, then only the buckets that differ.

Every 5 minutes per pair of operators, over the blocks assigned to both (content-store.md, section
14).  A bucket is the first byte of a block's digest; its sum is the XOR of sha2-256 over the
multihashes, so that order does not matter and one change costs one step.  The sums say what is
missing by accident.  They prove nothing: whoever knows the names can compute them, which is why
there are challenges.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from node.base.errors import InvalidMessageError
from node.base.types import MICROS_PER_SECOND

INTERVAL_US: Final = 300 * MICROS_PER_SECOND
BUCKETS: Final = 256
_SUM_BYTES: Final = 32
SUMMARY_BYTES: Final = BUCKETS * _SUM_BYTES
_DIGEST_AT: Final = 2
"""A multihash is two bytes of code and length, then the digest."""


def bucket_of(multihash: bytes) -> int:
    """Give the bucket of a block: the first byte of its digest."""
    return multihash[_DIGEST_AT]


class Summary:
    """The sums over a set of blocks; adding twice takes out again, so ask before adding."""

    def __init__(self, multihashes: Iterable[bytes] = ()) -> None:
        self._sums = [0] * BUCKETS
        for multihash in multihashes:
            self.toggle(multihash)

    def toggle(self, multihash: bytes) -> None:
        """Count a block in, or out if it was in."""
        self._sums[bucket_of(multihash)] ^= int.from_bytes(sha256(multihash).digest(), "big")

    def encode(self) -> bytes:
        """Give the 8,192 bytes that travel: 256 sums of 32 bytes, big-endian."""
        return b"".join(one.to_bytes(_SUM_BYTES, "big") for one in self._sums)


def differing(mine: bytes, theirs: bytes) -> tuple[int, ...]:
    """Give the buckets in which two encoded summaries differ, ascending.

    raises        InvalidMessageError: not SUMMARY_BYTES.
    """
    for summary in (mine, theirs):
        if len(summary) != SUMMARY_BYTES:
            raise InvalidMessageError(f"summary of {len(summary)} bytes, wants {SUMMARY_BYTES}")
    return tuple(
        bucket for bucket in range(BUCKETS) if _part(mine, bucket) != _part(theirs, bucket)
    )


def _part(summary: bytes, bucket: int) -> bytes:
    return summary[bucket * _SUM_BYTES : (bucket + 1) * _SUM_BYTES]


def in_buckets(multihashes: Iterable[bytes], buckets: Iterable[int]) -> Iterator[bytes]:
    """Give the blocks of some buckets: what is named one by one after a difference."""
    wanted = frozenset(buckets)
    return (multihash for multihash in multihashes if bucket_of(multihash) in wanted)


def missing(
    mine: Iterable[bytes], theirs: Iterable[bytes], assigned: Iterable[bytes]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Give (what I lack and they have, what they lack and I have), each sorted.

    Only blocks assigned to both: what a peer names besides is not fetched for that.
    """
    both, have, named = frozenset(assigned), frozenset(mine), frozenset(theirs)
    return (
        tuple(sorted((named - have) & both)),
        tuple(sorted((have - named) & both)),
    )


class Rounds:
    """When which operator is asked for its sums: each once in 5 minutes, spread evenly.

    Of a pair the one with the smaller name asks, so that a pair meets once and not twice.
    """

    def __init__(self, me: bytes) -> None:
        self._me = me
        self._next: dict[bytes, int] = {}

    def set_operators(self, operators: Iterable[bytes], now: int) -> None:
        """Take over who is there; a new one waits its part of the first interval."""
        names = sorted(dict.fromkeys(name for name in operators if name > self._me))
        self._next = {
            name: self._next.get(name, now + INTERVAL_US * (at + 1) // len(names))
            for at, name in enumerate(names)
        }

    def due(self, now: int) -> tuple[bytes, ...]:
        """Give whom to ask now, sorted; each is next asked an interval later."""
        asked = tuple(name for name, at in sorted(self._next.items()) if at <= now)
        for name in asked:
            self._next[name] = now + INTERVAL_US
        return asked

    def wakes_at(self) -> int | None:
        """Give when the next one is due."""
        return min(self._next.values(), default=None)
