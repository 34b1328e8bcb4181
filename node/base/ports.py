"""What a lower folder needs from above, it receives as one of these."""

from typing import Protocol

from node.base.types import Address, Hash32


class Entropy(Protocol):
    """A source of random bytes and of fair choices.

    A simulation derives it from the seed (``node.base.rng``), a real node from the system.
    """

    def take(self, count: int) -> bytes:
        """Give ``count`` fresh bytes."""
        ...

    def below(self, bound: int) -> int:
        """Give an integer in 0 .. bound-1, ``bound`` at least 1."""
        ...


class Clock(Protocol):
    """The local clock of a node."""

    def now_us(self) -> int:
        """Give the microseconds since the Unix epoch."""
        ...


class Signer(Protocol):
    """A secp256k1 key that signs 32-byte digests."""

    @property
    def address(self) -> Address:
        """The account of the key."""
        ...

    def sign(self, digest: Hash32) -> bytes:
        """Give 65 bytes r, s, v with v in {0, 1} and low s (RFC 6979)."""
        ...


class Verifier(Protocol):
    """Recovers signers, from a cache where it can."""

    def recover(self, digest: Hash32, signature: bytes) -> Address | None:
        """Give the signer, or None for a signature that is malformed or has a high s."""
        ...
