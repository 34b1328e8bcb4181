"""What of a DAG may be written to a disk, and in which order: the rules, without the disk.

Names and symlinks come from whoever made the DAG.  A name must stay one entry of its folder, and a
symlink must not lead out of what is written (content-store.md, section 4).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from node.base.limits import DAG_DEPTH_MAX, NAME_BYTES_MAX, READ_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.errors import ReadBudgetError, UnsafeNameError
from node.ipfs_lite.unixfs_list import Kind, entries, kind_of_node, target_of_node
from node.ipfs_lite.unixfs_read import open_file
from node.ipfs_lite.unixfs_walk import Get, Walk

Place: TypeAlias = tuple[str, ...]
"""Names from the target down; () is the target itself."""


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder, before anything in it."""

    place: Place


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file; its pieces must be taken before the next step is asked for."""

    place: Place
    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class MakeLink:
    """A symlink; all of them come after every folder and file, so that nothing passes through."""

    place: Place
    target: bytes


Step: TypeAlias = MakeFolder | WriteFile | MakeLink


def plan_export(get: Get, root: Cid, *, bytes_max: int = READ_BYTES_MAX) -> Iterator[Step]:
    """Give what to write for a file or a tree, each part once it has been checked.

    Memory is O(folders and symlinks).

    raises        UnsafeNameError: a name or a target that must not be written.
                  ReadBudgetError: more than ``bytes_max`` bytes of files, DAG_WALK_ENTRIES_MAX
                  entries, or folders more than DAG_DEPTH_MAX deep.
                  BadUnixFsError, BadNodeError; and what ``get`` raises.
    """
    export = _Export(Walk(get), bytes_max)
    yield from export.steps(root, ())
    for link in export.links:
        check_target(link, export.folders)
        yield link


def check_disk_name(name: str) -> None:
    """Refuse a name that is not exactly one entry of a folder on every usual disk.

    raises        UnsafeNameError.
    """
    if name in ("", ".", ".."):
        raise UnsafeNameError(name, "it names no entry of its folder")
    if "/" in name or "\0" in name:
        raise UnsafeNameError(name, "it holds '/' or a NUL character")
    if len(name.encode()) > NAME_BYTES_MAX:
        raise UnsafeNameError(name, f"longer than {NAME_BYTES_MAX} bytes")


def check_target(link: MakeLink, folders: set[Place]) -> None:
    """Refuse a symlink that is absolute or could lead out of the target.

    ``..`` is followed through folders that are written, and through nothing else: behind another
    symlink it would go up from wherever that one leads.

    raises        UnsafeNameError.
    """
    shown = f"{'/'.join(link.place)} -> {link.target.decode(errors='backslashreplace')}"
    if not link.place:
        raise UnsafeNameError(shown, "a symlink alone leads out of what is written")
    if not link.target or b"\0" in link.target or link.target.startswith(b"/"):
        raise UnsafeNameError(shown, "its target is empty, absolute, or holds a NUL character")
    at: Place | None = link.place[:-1]
    for part in link.target.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not at:
                raise UnsafeNameError(shown, "its target leads out of what is written")
            at = at[:-1]
        elif at is not None:
            below = (*at, part.decode(errors="surrogateescape"))
            at = below if below in folders else None


class _Export:
    def __init__(self, walk: Walk, bytes_max: int) -> None:
        self._walk = walk
        self._bytes_left = bytes_max
        self.folders: set[Place] = set()
        self.links: list[MakeLink] = []

    def steps(self, cid: Cid, place: Place) -> Iterator[Step]:
        if len(place) > DAG_DEPTH_MAX:
            raise ReadBudgetError(cids.to_text(cid), f"more than {DAG_DEPTH_MAX} folders deep")
        node = self._walk.load(cid, 0)
        match kind_of_node(node):
            case Kind.FILE:
                size, pieces = open_file(self._walk, node, bytes_max=self._bytes_left)
                self._bytes_left -= size
                yield WriteFile(place, size, pieces)
            case Kind.SYMLINK:
                self.links.append(MakeLink(place, target_of_node(node)))
            case Kind.DIRECTORY:
                self.folders.add(place)
                yield MakeFolder(place)
                for entry in entries(self._walk, node):
                    check_disk_name(entry.name)
                    yield from self.steps(entry.cid, (*place, entry.name))
