"""The random stream of one deal: AES-256 in counter mode under a seed that serves once.

A system call per share is too slow for bulk, and a library's pseudo random numbers are
predictable; so 48 fresh bytes key a cipher (secret-sharing.md section 4).
"""

from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from node.base.limits import SEEDS_COUNT_MAX, STREAM_BYTES_MAX
from node.base.ports import Entropy
from node.sss.errors import SeedExhaustedError, SeedReuseError

SEED_BYTES: Final = 48
_LABEL: Final = b"wardnet/sss/seed/v1\x00"


class SeedsUsed:
    """Digests of the seeds that have served.  A process keeps one, a simulated run one of its own.

    A second run in the same process repeats every seed on purpose, therefore no global.
    """

    def __init__(self, count_max: int = SEEDS_COUNT_MAX) -> None:
        self._count_max = count_max
        self._digests: dict[bytes, None] = {}

    def claim(self, seed: bytes) -> None:
        """Note a seed as used.

        raises        SeedReuseError: it has been used before.
        """
        digest = sha256(_LABEL + seed).digest()
        if digest in self._digests:
            raise SeedReuseError
        if len(self._digests) >= self._count_max:
            self._digests.pop(next(iter(self._digests)))
        self._digests[digest] = None


class Stream:
    """The keystream of one seed: key 32, counter block 16 (128-bit, big-endian)."""

    def __init__(self, seed: bytes, seeds: SeedsUsed) -> None:
        """Start at the first byte.

        raises        SeedReuseError: the seed has served before.
                      ValueError: not 48 bytes.
        """
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
        seeds.claim(seed)
        self._cipher = Cipher(algorithms.AES256(seed[:32]), modes.CTR(seed[32:])).encryptor()
        self._taken = 0

    def take(self, count: int) -> bytes:
        """Give the next ``count`` bytes; how they are cut into calls does not matter.

        raises        SeedExhaustedError: more than STREAM_BYTES_MAX from one seed.
        """
        if self._taken + count > STREAM_BYTES_MAX:
            raise SeedExhaustedError(STREAM_BYTES_MAX)
        self._taken += count
        return self._cipher.update(bytes(count))


def fresh_stream(entropy: Entropy, seeds: SeedsUsed) -> Stream:
    """Start a stream on 48 fresh bytes."""
    return Stream(entropy.take(SEED_BYTES), seeds)
