"""The file with the key of an encrypted store: 32 bytes, mode 0600, beside the index.

A new key is written under another name first.  Whichever of the two files fits the index after a
crash is the key; ``settle`` makes it the only one.
"""

from collections.abc import Callable
from typing import Final

from node.base.ports import Entropy
from node.ipfs_lite.seal import KEY_BYTES
from node.storage.files import Files

NAME: Final = "store.key"
NEXT_NAME: Final = "store.key.next"


class KeyFile:
    """The key in the folder of a store.  raises StoreFullError, StoreFailedError."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def candidates(self) -> tuple[bytes, ...]:
        """Give the keys that may be the one: the present one, then one that was to follow it.

        One that follows nothing is the leftover of a store whose making did not come to its index:
        after a power cut it may be all zeros.
        """
        key, following = (self._files.read(name) for name in (NAME, NEXT_NAME))
        if key is None:
            return ()
        return (key,) if following is None else (key, following)

    def make(self, entropy: Entropy) -> bytes:
        """Make the key of a new store."""
        key = entropy.take(KEY_BYTES)
        self._write(key)
        self.settle(key)
        return key

    def rotate(self, entropy: Entropy, rekey: Callable[[bytes], None]) -> None:
        """Change the key; ``rekey`` (``HybridStore.rekey``) encrypts all data keys under it."""
        key = entropy.take(KEY_BYTES)
        self._write(key)
        rekey(key)
        self.settle(key)

    def settle(self, key: bytes) -> None:
        """Keep the file with the key that fits the index, and no other."""
        if self._files.read(NEXT_NAME) is None:
            return
        if self._files.read(NAME) == key:
            self._files.unlink(NEXT_NAME)
        else:
            self._files.rename(NEXT_NAME, NAME)
        self._files.fsync_dir("")

    def _write(self, key: bytes) -> None:
        self._files.unlink(NEXT_NAME)
        handle = self._files.open_write(NEXT_NAME)
        try:
            self._files.write(handle, key)
            self._files.fsync(handle)
        finally:
            self._files.close(handle)
        self._files.fsync_dir("")
