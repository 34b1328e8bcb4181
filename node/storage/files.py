"""The file layer of block stores: every call to the operating system that they make, in one place.

``Files`` is the interface, ``DiskFiles`` a folder on disk.  ``memory_files`` can lose its power,
``faultfiles`` breaks.
"""

import errno
import os
import stat
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from node.storage.errors import StoreFailedError, StoreFullError

_INSIDE: Final = os.O_CLOEXEC | os.O_NOFOLLOW
_FOLDER: Final = _INSIDE | os.O_RDONLY | os.O_DIRECTORY
_PARTS_OUTSIDE: Final = frozenset(("", ".", ".."))
_SIDE_BY_SIDE_MIN: Final = 2
_FSYNC_THREADS: Final = 8


Content: TypeAlias = bytes | memoryview
"""What is written; memory that is used again after the call."""


class Files(Protocol):
    """One folder.  Names are relative, with ``/`` between parts; ``""`` is the folder itself.

    Nothing is durable before its ``fsync``; a name that was made, moved or taken away is durable
    only after ``fsync_dir`` of its folder.

    raises        StoreFullError: no room.  StoreFailedError: everything else that the system says,
                  and a name that leads out of the folder.
                  After a failed ``fsync`` the pages may be gone: it must never be repeated on the
                  same handle (content-store.md, section 8).
    """

    def open_write(self, name: str) -> int:
        """Make a new file of mode 0600 and give a handle; an existing one is an error."""
        ...

    def open_overwrite(self, name: str) -> int:
        """Open an existing file at its begin without cutting it: to destroy what is in it."""
        ...

    def write(self, handle: int, data: Content) -> None:
        """Write all of ``data``; a short write is continued."""
        ...

    def fsync(self, handle: int) -> None:
        """Make the content durable."""
        ...

    def fsync_all(self, handles: Sequence[int]) -> None:
        """Make the content of several files durable, in any order."""
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


class DiskFiles:
    """A folder of the file system.  Only its owner may look into what is made here.

    No symbolic link below the folder is followed: each part of a name is opened from the part
    before it.  No descriptor outlives a call but those of open handles.
    """

    def __init__(self, root: Path) -> None:
        """Take a folder, made when absent.  raises StoreFailedError: that is not possible."""
        self._root = root
        self._open: dict[int, str] = {}
        with self._translated(""):
            make_folders(root, mode=0o700)

    def open_write(self, name: str) -> int:
        """Make a new file; see ``Files``."""
        return self._opened(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)

    def open_overwrite(self, name: str) -> int:
        """Open an existing file at its begin; see ``Files``."""
        return self._opened(name, os.O_WRONLY)

    def _opened(self, name: str, flags: int) -> int:
        with self._parent(name) as (folder, last):
            handle = os.open(last, flags | _INSIDE, 0o600, dir_fd=folder)
        self._open[handle] = name
        return handle

    def write(self, handle: int, data: Content) -> None:
        """Write all of ``data``; a short write is continued."""
        with self._translated(self._open[handle]):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]

    def fsync(self, handle: int) -> None:
        """Make the content durable."""
        with self._translated(self._open[handle]):
            os.fsync(handle)

    def fsync_all(self, handles: Sequence[int]) -> None:
        """Make the content of several files durable.

        Side by side, as each waits for the disk: it then writes one journal entry for many, and
        takes a third of the time.  No thread outlives the call.
        """
        if len(handles) < _SIDE_BY_SIDE_MIN:
            for handle in handles:
                self.fsync(handle)
            return
        with ThreadPoolExecutor(min(len(handles), _FSYNC_THREADS)) as pool:
            for _ in pool.map(self.fsync, handles):
                pass  # raises what a file met

    def close(self, handle: int) -> None:
        """Give the handle back.  raises KeyError: it was given back before."""
        with self._translated(self._open.pop(handle)):
            os.close(handle)

    def rename(self, old: str, new: str) -> None:
        """Move atomically, over an existing file too."""
        with self._parent(old) as (source, last), self._parent(new) as (target, name):
            os.rename(last, name, src_dir_fd=source, dst_dir_fd=target)

    def unlink(self, name: str) -> bool:
        """Take a name away; say whether it was there."""
        with self._translated(name):
            try:
                with self._walked(name) as (folder, last):
                    os.unlink(last, dir_fd=folder)
            except FileNotFoundError:
                return False
        return True

    def mkdir(self, name: str) -> bool:
        """Make a folder of mode 0700; say whether it is new."""
        with self._parent(name) as (folder, last):
            try:
                os.mkdir(last, 0o700, dir_fd=folder)
            except FileExistsError:
                found = os.stat(last, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    raise
                return False
        return True

    def fsync_dir(self, name: str) -> None:
        """Make the names of a folder durable."""
        with self._translated(name), self._folder(parts_of(name)) as folder:
            os.fsync(folder)

    def read(self, name: str) -> bytes | None:
        """Give the content, None for an absent file."""
        with self._translated(name):
            try:
                with self._walked(name) as (folder, last):
                    # a pipe in the place of a file would wait for a writer for ever
                    handle = os.open(last, os.O_RDONLY | os.O_NONBLOCK | _INSIDE, dir_fd=folder)
            except FileNotFoundError:
                return None
            try:
                return _content(handle)
            finally:
                os.close(handle)

    def listdir(self, name: str) -> tuple[str, ...]:
        """Give the names in a folder in ascending order; none for an absent one."""
        with self._translated(name):
            try:
                with self._folder(parts_of(name)) as folder:
                    return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 - a path would follow links
            except FileNotFoundError:
                return ()

    def size(self, name: str) -> int | None:
        """Give the length of a file in bytes, None for an absent one."""
        with self._translated(name):
            try:
                with self._walked(name) as (folder, last):
                    found = os.stat(last, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                return None
            return _length(found)

    def mark(self, event: str) -> None:
        """Do nothing: a disk does not care what happens beside it."""

    @contextmanager
    def _parent(self, name: str) -> Generator[tuple[int, str]]:
        with self._translated(name), self._walked(name) as found:
            yield found

    @contextmanager
    def _walked(self, name: str) -> Generator[tuple[int, str]]:
        """Give the open folder that holds a name, and the last part of the name."""
        parts = parts_of(name)
        if not parts:
            raise OSError(errno.EINVAL, "the folder itself is no name in it")
        with self._folder(parts[:-1]) as folder:
            yield folder, parts[-1]

    @contextmanager
    def _folder(self, parts: tuple[str, ...]) -> Generator[int]:
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def _translated(self, name: str) -> AbstractContextManager[None]:
        return translated(str(self._root / name))


def make_folders(path: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, durably, where they are not there yet.

    Without the fsync of what holds a new folder, a power cut could take all that was acknowledged
    inside of it.

    ``mode``      of those that are made, less the umask.
    raises        OSError.
    """
    if path.is_dir():
        return
    missing = [path]
    for folder in path.parents:
        if folder.exists():
            break
        missing.append(folder)
    for folder in reversed(missing):
        folder.mkdir(mode=mode, exist_ok=True)
        handle = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def translated(file: str) -> Generator[None]:
    """Give our error, with the file, for one of the system."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFullError(file) from error
        raise StoreFailedError(file, error.strerror or str(error)) from error


def parts_of(name: str) -> tuple[str, ...]:
    """Take a name apart.  raises OSError: it leads out of the folder, or is no name at all."""
    if not name:
        return ()
    parts = tuple(name.split("/"))
    if "\0" in name or not _PARTS_OUTSIDE.isdisjoint(parts):
        raise OSError(errno.EINVAL, f"{name!r} is no name inside of this folder")
    return parts


def _length(found: os.stat_result) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return found.st_size


def _content(handle: int) -> bytes:
    """Read a file whole; one call does, unless the system gives less than it was asked for."""
    rest = _length(os.fstat(handle))
    parts: list[bytes] = []
    while rest and (part := os.read(handle, rest)):
        parts.append(part)
        rest -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
