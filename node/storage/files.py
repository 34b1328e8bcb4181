"""The file layer of block stores: every call to the operating system that they make, in one place.

``Files`` is the interface; a fault-injecting implementation of it stands in ``faultfiles``.
"""

from typing import Protocol


class Files(Protocol):
    """One folder.  Names are relative, with ``/`` between parts; ``""`` is the folder itself.

    Nothing is durable before its ``fsync``; a name that was made, moved or taken away is durable
    only after ``fsync_dir`` of its folder.

    raises        StoreFullError: no room.  StoreFailedError: everything else that the system says.
                  After a failed ``fsync`` the pages may be gone: it must never be repeated on the
                  same handle (content-store.md, section 8).
    """

    def open_write(self, name: str) -> int:
        """Make a new file of mode 0600 and give a handle; an existing one is an error."""
        ...

    def open_overwrite(self, name: str) -> int:
        """Open an existing file at its begin without cutting it: to destroy what is in it."""
        ...

    def write(self, handle: int, data: bytes) -> None:
        """Write all of ``data``; a short write is continued."""
        ...

    def fsync(self, handle: int) -> None:
        """Make the content durable."""
        ...

    def close(self, handle: int) -> None:
        """Give the handle back; a second time is an error of the caller."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Move atomically, over an existing file too."""
        ...

    def unlink(self, name: str) -> bool:
        """Take a name away; say whether it was there."""
        ...

    def mkdir(self, name: str) -> bool:
        """Make a folder of mode 0700; say whether it is new."""
        ...

    def fsync_dir(self, name: str) -> None:
        """Make the names of a folder durable."""
        ...

    def read(self, name: str) -> bytes | None:
        """Give the content, None for an absent file."""
        ...

    def listdir(self, name: str) -> tuple[str, ...]:
        """Give the names in a folder in ascending order; none for an absent one."""
        ...

    def size(self, name: str) -> int | None:
        """Give the length of a file in bytes, None for an absent one."""
        ...

    def mark(self, event: str) -> None:
        """Hear what happens beside the files: ``begin`` and ``committed`` around each COMMIT."""
        ...
