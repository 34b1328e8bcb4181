"""A disk in memory that knows what a loss of power would leave of it (content-store.md, 17).

Beside what the running program sees, it keeps what is durable: the content of each file at its
last ``fsync``, and the names of each folder at its last ``fsync_dir``.  The difference is open, and
``power_loss`` says what may become of it.
"""

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from node.storage.files import Content, parts_of, translated

ROOT: Final = 0
"""The inode of the folder itself."""

Folders: TypeAlias = dict[int, dict[str, int]]
"""The names in each folder, by inode; a number that is not in here is a file's."""


class NameChange(NamedTuple):
    """A name was made, moved or taken away; durable with the next ``fsync_dir`` of ``folder``."""

    folder: int
    name: str
    inode: int | None
    """None: the name is gone, whatever it was of."""
    source: tuple[int, str] | None = None
    """Where a rename took the file from; both happen or none (a rename is atomic)."""

    def apply(self, folders: Folders) -> None:
        """Do it; a source that was never durable is not there to be taken away."""
        if self.source is not None:
            folder, name = self.source
            if folders[folder].get(name) == self.inode:
                del folders[folder][name]
        if self.inode is None:
            folders[self.folder].pop(self.name, None)
        else:
            folders[self.folder][self.name] = self.inode


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies on a disk that is switched off."""

    contents: Mapping[int, bytes]
    folders: Mapping[int, Mapping[str, int]]

    def files(self, folder: int = ROOT, path: str = "") -> dict[str, bytes]:
        """Give every file that has a name, with its whole name."""
        found: dict[str, bytes] = {}
        for name, inode in sorted(self.folders[folder].items()):
            if inode in self.folders:
                found |= self.files(inode, f"{path}{name}/")
            else:
                found[path + name] = self.contents[inode]
        return found


EMPTY: Final = Tree({}, {ROOT: {}})


@dataclass(frozen=True, slots=True)
class Moment:
    """What a disk holds for sure, and what it may hold as well."""

    durable: Tree
    unsynced: Mapping[int, bytes]
    """Content of files that were written since their last ``fsync``."""
    changes: tuple[NameChange, ...]
    """Names of which no ``fsync_dir`` was heard yet, in the order in which they were changed."""


Listener: TypeAlias = Callable[[str, str], None]
"""Hears each operation that changes the disk, or that a mark was set, once it is done."""


@dataclass(slots=True)
class _Open:
    inode: int
    name: str
    at: int = 0


class MemoryFiles:
    """``Files`` without a disk.  Errors are those that Linux would give."""

    def __init__(self, tree: Tree = EMPTY, listener: Listener | None = None) -> None:
        """Switch a disk on; all that lies on it is durable."""
        self._listener = listener
        self._start(tree)

    def _start(self, tree: Tree) -> None:
        self._contents = dict(tree.contents)
        self._synced = dict(tree.contents)
        self._folders: Folders = {inode: dict(names) for inode, names in tree.folders.items()}
        self._durable: Folders = {inode: dict(names) for inode, names in tree.folders.items()}
        self._changes: list[NameChange] = []
        self._open: dict[int, _Open] = {}
        self._last_handle = 0
        self._last_inode = max((*self._contents, *self._folders))

    def moment(self) -> Moment:
        """Give what is durable now, and what is open."""
        unsynced = {
            inode: content
            for inode, content in self._contents.items()
            if self._synced[inode] is not content
        }
        folders = {inode: dict(names) for inode, names in self._durable.items()}
        return Moment(Tree(dict(self._synced), folders), unsynced, tuple(self._changes))

    def tree(self) -> Tree:
        """Give what the running program sees."""
        folders = {inode: dict(names) for inode, names in self._folders.items()}
        return Tree(dict(self._contents), folders)

    def open_write(self, name: str) -> int:
        """Make a new file; see ``Files``."""
        with translated(name):
            folder, last = self._walked(name)
            if last in self._folders[folder]:
                raise _error(errno.EEXIST)
            self._last_inode += 1
            inode = self._last_inode
            self._contents[inode] = self._synced[inode] = b""
            self._change(NameChange(folder, last, inode))
        handle = self._opened(inode, name)
        self._tell("open_write", name)
        return handle

    def open_overwrite(self, name: str) -> int:
        """Open an existing file at its begin; see ``Files``."""
        with translated(name):
            folder, last = self._walked(name)
            inode = _found(self._folders[folder], last)
            if inode in self._folders:
                raise _error(errno.EISDIR)
        return self._opened(inode, name)

    def write(self, handle: int, data: Content) -> None:
        """Write all of ``data``."""
        opened = self._open[handle]
        old = self._contents[opened.inode]
        end = opened.at + len(data)
        self._contents[opened.inode] = b"".join((old[: opened.at], data, old[end:]))
        opened.at = end
        self._tell("write", opened.name)

    def fsync_all(self, handles: Sequence[int]) -> None:
        """Make the content of several files durable, one after the other."""
        for handle in handles:
            self.fsync(handle)

    def fsync(self, handle: int) -> None:
        """Make the content durable."""
        opened = self._open[handle]
        self._synced[opened.inode] = self._contents[opened.inode]
        self._tell("fsync", opened.name)

    def close(self, handle: int) -> None:
        """Give the handle back.  raises KeyError: it was given back before."""
        self._forget(self._open.pop(handle).inode)

    def rename(self, old: str, new: str) -> None:
        """Move atomically, over an existing file too."""
        with translated(old):
            source, first = self._walked(old)
            target, last = self._walked(new)
            inode = _found(self._folders[source], first)
            over = self._folders[target].get(last)
            if over in self._folders:
                raise _error(errno.EISDIR)
            if over is not None and inode in self._folders:
                raise _error(errno.ENOTDIR)
            self._change(NameChange(target, last, inode, (source, first)))
        self._tell("rename", new)

    def unlink(self, name: str) -> bool:
        """Take a name away; say whether it was there."""
        with translated(name):
            try:
                folder, last = self._walked(name)
                inode = _found(self._folders[folder], last)
            except FileNotFoundError:
                return False
            if inode in self._folders:
                raise _error(errno.EISDIR)
            self._change(NameChange(folder, last, None))
        self._tell("unlink", name)
        return True

    def mkdir(self, name: str) -> bool:
        """Make a folder; say whether it is new."""
        with translated(name):
            folder, last = self._walked(name)
            there = self._folders[folder].get(last)
            if there in self._folders:
                return False
            if there is not None:
                raise _error(errno.EEXIST)
            self._last_inode += 1
            inode = self._last_inode
            self._folders[inode], self._durable[inode] = {}, {}
            self._change(NameChange(folder, last, inode))
        self._tell("mkdir", name)
        return True

    def fsync_dir(self, name: str) -> None:
        """Make the names of a folder durable."""
        with translated(name):
            folder = self._folder(parts_of(name))
        left: list[NameChange] = []
        touched = set(self._durable[folder].values())
        for change in self._changes:
            if change.folder != folder:
                left.append(change)
                continue
            change.apply(self._durable)
            # where the file was named before it came here is no question any more
            left = [other for other in left if other.inode is None or other.inode != change.inode]
            touched.update(self._durable[folder].values())
        self._changes = left
        for inode in touched:
            self._forget(inode)
        self._tell("fsync_dir", name)

    def read(self, name: str) -> bytes | None:
        """Give the content, None for an absent file."""
        with translated(name):
            try:
                folder, last = self._walked(name)
                inode = _found(self._folders[folder], last)
            except FileNotFoundError:
                return None
            if inode in self._folders:
                raise OSError(errno.EINVAL, "not a regular file")
            return self._contents[inode]

    def listdir(self, name: str) -> tuple[str, ...]:
        """Give the names in a folder in ascending order; none for an absent one."""
        with translated(name):
            try:
                return tuple(sorted(self._folders[self._folder(parts_of(name))]))
            except FileNotFoundError:
                return ()

    def size(self, name: str) -> int | None:
        """Give the length of a file in bytes, None for an absent one."""
        content = MemoryFiles.read(self, name)  # not a read that is made to fail
        return None if content is None else len(content)

    def mark(self, event: str) -> None:
        """Tell the listener what happens beside the files."""
        self._tell("mark", event)

    def _tell(self, operation: str, name: str) -> None:
        if self._listener is not None:
            self._listener(operation, name)

    def _opened(self, inode: int, name: str) -> int:
        self._last_handle += 1
        self._open[self._last_handle] = _Open(inode, name)
        return self._last_handle

    def _change(self, change: NameChange) -> None:
        self._changes.append(change)
        change.apply(self._folders)

    def _walked(self, name: str) -> tuple[int, str]:
        """Give the folder that holds a name, and the last part of the name."""
        parts = parts_of(name)
        if not parts:
            raise OSError(errno.EINVAL, "the folder itself is no name in it")
        return self._folder(parts[:-1]), parts[-1]

    def _folder(self, parts: tuple[str, ...]) -> int:
        folder = ROOT
        for part in parts:
            folder = _found(self._folders[folder], part)
            if folder not in self._folders:
                raise _error(errno.ENOTDIR)
        return folder

    def _forget(self, inode: int) -> None:
        """Drop the content of a file that nothing leads to, neither now nor after a crash."""
        if (
            inode in self._contents
            and all(inode != opened.inode for opened in self._open.values())
            and all(inode != change.inode for change in self._changes)
            and all(inode not in names.values() for names in self._folders.values())
            and all(inode not in names.values() for names in self._durable.values())
        ):
            del self._contents[inode], self._synced[inode]


def _found(names: Mapping[str, int], name: str) -> int:
    try:
        return names[name]
    except KeyError:
        raise _error(errno.ENOENT) from None


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
