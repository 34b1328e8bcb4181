"""Files and folders of the operator's disk as trees."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from node.base.errors import UsageError
from node.ipfs_lite.unixfs_tree import Tree, TreeFile, TreeFolder, TreeLink

STDIN: Final = "-"
_SPECIAL: Final = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def trees_at(paths: Sequence[str], *, chunk_bytes: int, hidden: bool = False) -> list[Tree]:
    """Give what stands at some paths; all are looked at before the first is read.

    raises            UsageError: as ``tree_at``, or the standard input is named twice.
    """
    if paths.count(STDIN) > 1:
        raise UsageError("- stands twice: the standard input can be read once")
    return [tree_at(path, chunk_bytes=chunk_bytes, hidden=hidden) for path in paths]


def tree_at(path: str, *, chunk_bytes: int, hidden: bool = False) -> Tree:
    """Give what stands at a path, ``-`` for the standard input; folders are read when asked for.

    Symlinks are kept, not followed.  Entries come in the order of their names' UTF-8 bytes.

    ``chunk_bytes``   how much of a file is read at once: a profile's chunk, so that none is copied.
    ``hidden``        entries whose names begin with a dot are taken too.
    raises            UsageError, at once or when it is reached: missing, unreadable, neither file
                      nor folder nor symlink, a name that is not UTF-8.
    """
    if path == STDIN:
        return TreeFile(_stdin(chunk_bytes))
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return TreeLink(os.readlink(os.fsencode(path)))  # noqa: PTH115 - Path would tidy it up
    except OSError as error:
        raise _unreadable(path, error) from error
    if stat.S_ISREG(mode):
        return TreeFile(_content(path, chunk_bytes))
    if stat.S_ISDIR(mode):
        return TreeFolder(_entries(path, chunk_bytes, hidden=hidden))
    kind = _SPECIAL.get(stat.S_IFMT(mode), "of an unknown type")
    raise UsageError(f"{_shown(path)}: is {kind}, wants a file, a folder or a symlink")


def _stdin(chunk_bytes: int) -> Iterator[bytes]:
    while piece := sys.stdin.buffer.read(chunk_bytes):
        yield piece


def _content(path: str, chunk_bytes: int) -> Iterator[bytes]:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - bytes of the name as they are
            while piece := file.read(chunk_bytes):
                yield piece
    except OSError as error:
        raise _unreadable(path, error) from error


def _entries(path: str, chunk_bytes: int, *, hidden: bool) -> Iterator[tuple[str, Tree]]:
    try:
        names = os.listdir(path)  # noqa: PTH208 - names only, no objects for a million entries
    except OSError as error:
        raise _unreadable(path, error) from error
    wanted = [name for name in names if hidden or not name.startswith(".")]
    for name in sorted(wanted, key=os.fsencode):
        below = os.path.join(path, name)  # noqa: PTH118 - as above
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{_shown(below)}: the name is not UTF-8, rename it") from error
        yield name, tree_at(below, chunk_bytes=chunk_bytes, hidden=hidden)


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"{_shown(path)}: {error.strerror}")


def _shown(path: str) -> str:
    """Give a path as text that every terminal takes: bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode(errors="backslashreplace")
