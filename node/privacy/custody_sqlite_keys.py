"""The keys under which a custody store's secrets lie: a file each, destroyed by overwriting.

SQLite frees the pages of its log without clearing them, so what was once written there may stay on
the disk.  It stays under a key that exists nowhere any more: whenever something of a deal is
destroyed, what is left of the deal is sealed under a new key and the file of the old one is
overwritten, made durable and taken away (secret-sharing.md section 8, last trap).  The keys cannot
lie in the database: its log would keep them too.

Not promised: that a disk which moves what it overwrites (flash, copy-on-write) forgets.  There the
files give only keys wrapped under the store's own key, which the owner keeps elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from node.base.errors import CorruptStoreError
from node.base.ports import Entropy
from node.privacy.release_errors import CustodyKeyError
from node.storage.files import Files

KEY_BYTES: Final = 32
WRAPPED_BYTES: Final = 40
"""A key under the store's key: AES-KW (RFC 3394)."""
_NAME_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_WRAPPING: Final = b"wardnet/custody-store/wrapping/v1"
_KEY_ID_LABEL: Final = b"wardnet/custody-store/key-id/v1\x00"
_STORE: Final = "custody keys"


@dataclass(frozen=True, slots=True, repr=False)
class RowKey:
    """What seals the rows of one deal, or one entrusted share, until the next destruction."""

    name: str
    secret: bytes

    def __repr__(self) -> str:
        return f"RowKey({self.name})"

    def seal(self, place: bytes, plain: bytes, entropy: Entropy) -> bytes:
        """Encrypt a row for the place it stands in: nonce 12, ciphertext, tag 16."""
        nonce = entropy.take(_NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, plain, place)

    def open(self, place: bytes, sealed: bytes) -> bytes:
        """Decrypt a row.

        raises        CorruptStoreError: it was changed, or stands in another place.
        """
        try:
            nonce = sealed[:_NONCE_BYTES]
            return AESGCM(self.secret).decrypt(nonce, sealed[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError) as error:
            what = "the row was changed, or is another one's"
            raise CorruptStoreError("custody", _readable(place), what) from error


class RowKeys:
    """The folder of key files.  raises StoreFullError, StoreFailedError."""

    def __init__(self, files: Files, store_key: bytes, entropy: Entropy) -> None:
        """``store_key`` wraps the files.  raises CustodyKeyError: it has not 32 bytes."""
        if len(store_key) != KEY_BYTES:
            raise CustodyKeyError(f"{len(store_key)} bytes, wants {KEY_BYTES}")
        self._files = files
        self._entropy = entropy
        self._wrapping = HKDF(
            algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_WRAPPING
        ).derive(store_key)
        self.key_id = sha256(_KEY_ID_LABEL + store_key).digest()[:16]
        """What the store remembers of its key, to tell another one from it."""

    def make(self) -> RowKey:
        """Make a key; its file is durable when this returns."""
        name = self._entropy.take(_NAME_BYTES).hex()
        key = RowKey(name, self._entropy.take(KEY_BYTES))
        handle = self._files.open_write(name)
        try:
            self._files.write(handle, aes_key_wrap(self._wrapping, key.secret))
            self._files.fsync(handle)
        finally:
            self._files.close(handle)
        self._files.fsync_dir("")
        return key

    def read(self, name: str) -> RowKey:
        """Give a key.  raises CorruptStoreError: its file is missing or was changed."""
        wrapped = self._files.read(name)
        if wrapped is None:
            raise CorruptStoreError(_STORE, name, "the file is missing")
        try:
            return RowKey(name, aes_key_unwrap(self._wrapping, wrapped))
        except (InvalidUnwrap, ValueError) as error:
            raise CorruptStoreError(_STORE, name, "the file was changed") from error

    def destroy(self, name: str) -> None:
        """Overwrite a key's file, then take it away; what it sealed opens no more.

        A file that is absent was destroyed before a crash.
        """
        if self._files.size(name) is None:
            return
        handle = self._files.open_overwrite(name)
        try:
            self._files.write(handle, bytes(WRAPPED_BYTES))
            self._files.fsync(handle)
        finally:
            self._files.close(handle)
        self._files.unlink(name)
        self._files.fsync_dir("")

    def has(self, name: str) -> bool:
        """Say whether a key still exists."""
        return self._files.size(name) is not None

    def destroy_others(self, names: Iterable[str]) -> None:
        """Destroy every key that nothing is under: what a crash left of the old and the new."""
        kept = frozenset(names)
        for name in self._files.listdir(""):
            if name not in kept:
                self.destroy(name)


def _readable(place: bytes) -> str:
    table, _, key = place.partition(b"\x00")
    return f"{table.decode()} {key.hex()}"
