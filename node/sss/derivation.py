"""Keys that follow from keys: HKDF with SHA-256, empty salt, 32 bytes (RFC 5869).

The labels are law: a changed layout gets a new label (secret-sharing.md sections 5 and 6).
"""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_COMMITMENT: Final = b"wardnet/sss/key-commit/v1"
_RECORD_KEY: Final = b"wardnet/sss/record-key/v1"
_ESSENTIAL: Final = b"wardnet/sss/essential/v1\x00"
_ESSENTIAL_SALT: Final = b"wardnet/sss/essential-salt/v1\x00"
_FELDMAN_KEY: Final = b"wardnet/sss/feldman-key/v1"
_FELDMAN_ESSENTIAL: Final = b"wardnet/sss/feldman-essential/v1"
_WIDE_BYTES: Final = 48


def _hkdf(secret: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def commitment_of(key: bytes) -> bytes:
    """Give the public commitment to a record key K; AES-GCM alone does not commit to a key."""
    return _hkdf(key, _COMMITMENT)


def record_key_of(key: bytes) -> bytes:
    """Give the AES-256 key under which the record of K is encrypted."""
    return _hkdf(key, _RECORD_KEY)


def key_of_scalar(scalar: bytes) -> bytes:
    """Give K of a deal of ``ssms-feldman`` from ``k' + e mod r``, 32 bytes."""
    return _hkdf(scalar, _FELDMAN_KEY)


def wide_essential(share: bytes) -> bytes:
    """Give the 48 bytes that a wallet's essential share becomes a scalar from.

    32 bytes reduced modulo r would show: r is 0.19 of 2^256, so some scalars would come a fifth
    more often than others.
    """
    return _hkdf(share, _FELDMAN_ESSENTIAL, _WIDE_BYTES)


@dataclass(frozen=True, slots=True)
class EssentialContext:
    """What an essential share is for: it is never the same in two deals or two epochs."""

    chain_id: int
    pmr_id: bytes
    record_version: int
    generation: int
    epoch: int

    def encode(self) -> bytes:
        """Give the 52 bytes that enter the derivation."""
        return b"".join(
            (
                self.chain_id.to_bytes(8),
                self.pmr_id,
                self.record_version.to_bytes(4),
                self.generation.to_bytes(4),
                self.epoch.to_bytes(4),
            )
        )


@dataclass(frozen=True, slots=True, repr=False)
class EssentialSecret:
    """An essential share ``e`` and the salt of its container, 32 bytes each."""

    share: bytes
    salt: bytes

    def __repr__(self) -> str:
        return "EssentialSecret(hidden)"


def essential_of(master: bytes, context: EssentialContext) -> EssentialSecret:
    """Derive e and its salt from the one 32-byte master that a patient keeps for life."""
    encoded = context.encode()
    return EssentialSecret(
        _hkdf(master, _ESSENTIAL + encoded), _hkdf(master, _ESSENTIAL_SALT + encoded)
    )
