"""Files and folders of the operator's disk as trees, and trees as files and folders.

What may be written, and where a symlink may lead, is decided in ``ipfs_lite/unixfs_export.py``.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from node.base.errors import UsageError
from node.base.limits import LOCAL_READ_BYTES_MAX
from node.base.types import Cid
from node.commands.chain_io import OutputFileError
from node.ipfs_lite.unixfs_export import MakeFolder, MakeLink, Place, Step, WriteFile, plan_export
from node.ipfs_lite.unixfs_tree import Tree, TreeFile, TreeFolder, TreeLink
from node.ipfs_lite.unixfs_walk import Get

STDIN: Final = "-"
_SPECIAL: Final = {
    stat.S_IFSOCK: "a socket",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


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


def write_out(get: Get, root: Cid, out: Path, *, bytes_max: int = LOCAL_READ_BYTES_MAX) -> int:
    """Write a file or a tree to a new path, all of it or nothing; give the bytes of its files.

    It grows in a folder beside its place and is moved there once it is whole.

    raises        UsageError: there is something at ``out``, or no folder to put it in.
                  OutputFileError: the disk refused it.  What ``plan_export`` raises.
    """
    _refuse_existing(out)
    try:
        made = tempfile.mkdtemp(prefix=".wardnet-get-", dir=out.parent)
    except OSError as error:
        raise UsageError(f"{out.parent}: {error.strerror}") from error
    try:
        top = Path(made, "content")
        written = sum(_write(step, top) for step in plan_export(get, root, bytes_max=bytes_max))
        _refuse_existing(out)
        top.rename(out)
    except OSError as error:
        raise OutputFileError(str(out), error.strerror or str(error)) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return written


def _refuse_existing(out: Path) -> None:
    if os.path.lexists(out):
        raise UsageError(f"{out}: exists already, wants a new name")


def _write(step: Step, top: Path) -> int:
    """Do one step; give the bytes written."""
    match step:
        case MakeFolder(place):
            _at(top, place).mkdir()
        case MakeLink(place, target):
            _at(top, place).symlink_to(os.fsdecode(target))
        case WriteFile(place, size, pieces):
            with _at(top, place).open("xb") as file:  # x: never through what is there already
                file.writelines(pieces)
            return size
    return 0


def _at(top: Path, place: Place) -> Path:
    return top.joinpath(*place)


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
