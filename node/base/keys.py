"""secp256k1 keys: sign with RFC 6979 nonces, recover, and refuse malleable signatures.

A signature is 65 bytes r, s, v with v in {0, 1}, 0 < r < n and 0 < s <= n/2.  High s is refused
everywhere: anybody can flip s and v of a valid seal into a second valid one (EIP-2, and
consensus.md section 1 for Clique seals).
"""

from dataclasses import dataclass
from typing import Final, Self

import coincurve

from node.base.keccak import keccak256
from node.base.types import Address, Hash32

SECP256K1_N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_N: Final = SECP256K1_N // 2
SIGNATURE_BYTES: Final = 65


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A secp256k1 secret.  ``repr`` never shows it."""

    _key: coincurve.PrivateKey
    address: Address
    public_key: bytes
    """64 bytes: x, y without the prefix byte."""

    @classmethod
    def from_bytes(cls, secret: bytes) -> Self:
        """Make a key of 32 secret bytes.

        raises        ValueError: not 32 bytes, zero, or not below the group order.
        """
        if len(secret) != 32 or not 0 < int.from_bytes(secret) < SECP256K1_N:
            raise ValueError("a secp256k1 secret is 32 bytes and lies between 1 and n-1")
        key = coincurve.PrivateKey(secret)
        public = key.public_key.format(compressed=False)[1:]
        return cls(key, address_of(public), public)

    def sign(self, digest: Hash32) -> bytes:
        """Sign a 32-byte digest: 65 bytes r, s, v; equal input gives equal bytes (RFC 6979)."""
        return self._key.sign_recoverable(digest, hasher=None)

    def __repr__(self) -> str:
        return f"PrivateKey(address=0x{self.address.hex()})"


def address_of(public_key: bytes) -> Address:
    """Give the account of a 64-byte public key: the last 20 bytes of its Keccak-256."""
    return Address(bytes(keccak256(public_key)[12:]))


def recover(digest: Hash32, signature: bytes) -> Address | None:
    """Give the account that signed ``digest``, or None if the signature cannot stand."""
    if len(signature) != SIGNATURE_BYTES or signature[64] > 1:
        return None
    r = int.from_bytes(signature[:32])
    s = int.from_bytes(signature[32:64])
    if not 0 < r < SECP256K1_N or not 0 < s <= _HALF_N:
        return None
    try:
        public = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # noqa: BLE001 - coincurve raises a bare Exception for an r that is on no point
        return None
    return address_of(public.format(compressed=False)[1:])


class MemoVerifier:
    """Recovers each (digest, signature) once; shared by the nodes of one process.

    Recovery is a pure function, so sharing it cannot change what a node decides.
    """

    def __init__(self, entries_max: int = 65_536) -> None:
        self._entries_max = entries_max
        self._known: dict[tuple[bytes, bytes], Address | None] = {}

    def recover(self, digest: Hash32, signature: bytes) -> Address | None:
        """Give the signer, or None for a signature that cannot stand."""
        key = (bytes(digest), signature)
        if key not in self._known:
            if len(self._known) >= self._entries_max:
                self._known.pop(next(iter(self._known)))
            self._known[key] = recover(digest, signature)
        return self._known[key]
