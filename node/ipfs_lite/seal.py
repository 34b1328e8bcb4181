"""Encryption at rest: each block under a key of its own, those under the key of the store.

A data key seals exactly one message, so its nonce may be fixed; a block that is written again gets
a new one (content-store.md, section 8).  Not hidden: how many blocks there are, how long they are,
and their multihashes.  A lost store key is a lost store.
"""

from collections.abc import Callable
from hashlib import scrypt, sha256
from typing import Final, NamedTuple

from node.base.ports import Entropy
from node.ipfs_lite.errors import StoreKeyError

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
TAG_BYTES: Final = 16
"""What sealing adds to a block."""

_NONCE: Final = bytes(12)
_LABEL: Final = b"wardnet/block/1"
_KEY_ID_LABEL: Final = b"wardnet/store-key/1"
_SCRYPT_N: Final = 2**17
_SCRYPT_R: Final = 8
_SCRYPT_BYTES: Final = 2 * 128 * _SCRYPT_N * _SCRYPT_R
"""Twice what scrypt works in: OpenSSL's default limit is below that."""


class Sealed(NamedTuple):
    """A block as the disk sees it."""

    dek: bytes
    """The data key under the store key: AES-KW (RFC 3394), 40 bytes."""
    data: bytes
    """AES-256-GCM of the block, 16 bytes longer than it."""


class Sealer:
    """Seals and opens blocks under one store key."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        """Take the key of a store.

        ``key``       KEY_BYTES secret bytes.
        raises        StoreKeyError: of another length.
        """
        # only encrypted stores pay for this import
        from cryptography.hazmat.primitives import keywrap  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        if len(key) != KEY_BYTES:
            raise StoreKeyError(f"{len(key)} bytes, wants {KEY_BYTES}")
        self._key = key
        self._entropy = entropy
        self._cipher: Callable[[bytes], AESGCM] = AESGCM
        self._wrap: Callable[[bytes, bytes], bytes] = keywrap.aes_key_wrap
        self._unwrap: Callable[[bytes, bytes], bytes] = keywrap.aes_key_unwrap
        self._faults = _crypto_faults()
        self._room = bytearray()

    @property
    def key_id(self) -> bytes:
        """What a store remembers of its key, to tell another one from it."""
        return sha256(_KEY_ID_LABEL + self._key).digest()[:16]

    def seal(self, multihash: bytes, data: bytes) -> Sealed:
        """Encrypt a block under a fresh data key."""
        dek = self._entropy.take(KEY_BYTES)
        sealed = self._cipher(dek).encrypt(_NONCE, data, _LABEL + multihash)
        return Sealed(self._wrap(self._key, dek), sealed)

    def seal_long(self, multihash: bytes, data: bytes) -> tuple[bytes, memoryview]:
        """Encrypt as ``seal`` does; the bytes stand in the sealer's own memory until the next call.

        Fresh memory for every long block costs more than AES: the system gives it page by page.
        """
        dek = self._entropy.take(KEY_BYTES)
        length = len(data) + TAG_BYTES
        if len(self._room) < length:
            self._room = bytearray(length)
        sealed = memoryview(self._room)[:length]
        self._cipher(dek).encrypt_into(_NONCE, data, _LABEL + multihash, sealed)
        return self._wrap(self._key, dek), sealed

    def open(self, multihash: bytes, sealed: Sealed) -> bytes | None:
        """Decrypt a block; None if anything of it was changed, or it is another block."""
        try:
            dek = self._unwrap(self._key, sealed.dek)
            return self._cipher(dek).decrypt(_NONCE, sealed.data, _LABEL + multihash)
        except self._faults:
            return None

    def rewrap(self, dek: bytes, new: "Sealer") -> bytes | None:
        """Give a wrapped data key under another store key; None if it is damaged."""
        try:
            return self._wrap(new._key, self._unwrap(self._key, dek))  # noqa: SLF001 - of our own
        except self._faults:
            return None


def key_of_passphrase(passphrase: str, salt: bytes) -> bytes:
    """Give the store key of a passphrase: scrypt with n 2^17, r 8, p 1 (a third of a second)."""
    return scrypt(
        passphrase.encode(),
        salt=salt,
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=1,
        maxmem=_SCRYPT_BYTES,
        dklen=KEY_BYTES,
    )


def _crypto_faults() -> tuple[type[Exception], ...]:
    """Give what the library raises for bytes that were changed."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap  # noqa: PLC0415

    return InvalidTag, InvalidUnwrap
