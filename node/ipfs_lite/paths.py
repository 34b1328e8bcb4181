"""Paths through directories: ``/ipfs/<cid>/a/b`` leads to a CID (content-store.md, section 4)."""

from typing import NamedTuple

from node.base.errors import PeerError
from node.base.limits import PATH_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.errors import BadPathError
from node.ipfs_lite.unixfs_list import Kind, find_entry, kind_of_node
from node.ipfs_lite.unixfs_walk import Get, Walk

_PREFIX = "/ipfs/"


class IpfsPath(NamedTuple):
    """A path that has been read: where it starts, and the names from there."""

    root: Cid
    names: tuple[str, ...]

    def __str__(self) -> str:
        return _PREFIX + "/".join((cids.to_text(self.root), *self.names))


class Resolved(NamedTuple):
    """Where a path ends."""

    cid: Cid
    """Its block was not fetched."""
    visited: tuple[Cid, ...]
    """The blocks that were fetched on the way, in this order: directories and shards above."""


def parse_path(text: str) -> IpfsPath:
    """Read ``/ipfs/<cid>/a/b`` or ``<cid>/a/b``.

    ``.`` and empty parts are dropped, ``..`` takes the name before it away: from left to right,
    before any block is read.

    raises        BadPathError: longer than PATH_BYTES_MAX, not UTF-8, no CID, or ``..`` above
                  the root.
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise BadPathError(text, "the path is not UTF-8") from error
    if length > PATH_BYTES_MAX:
        raise BadPathError(f"{text[:80]}...", f"{length} bytes, at most {PATH_BYTES_MAX}")
    first, *rest = text.removeprefix(_PREFIX).split("/")
    try:
        root = cids.from_text(first)
    except PeerError as error:
        raise BadPathError(text, str(error)) from error
    names: list[str] = []
    for part in rest:
        if part == "..":
            if not names:
                raise BadPathError(text, "'..' leads above the root")
            names.pop()
        elif part not in ("", "."):
            names.append(part)
    return IpfsPath(root, tuple(names))


def resolve(get: Get, path: IpfsPath) -> Resolved:
    """Follow a path; of a sharded directory only the shards that lead to a name are fetched.

    Symlinks are given and never followed.  The block that the path ends at is not fetched, so it
    may be missing; a path without names fetches nothing.

    raises        BadPathError: a name that its directory does not have, a name below a file or a
                  symlink, or below something that is no UnixFS.  BadUnixFsError, BadNodeError: a
                  directory that breaks a rule.  And what ``get`` raises (NotFoundError).
    """
    visited: list[Cid] = []

    def watched(cid: Cid) -> bytes:
        block = get(cid)
        visited.append(cid)
        return block

    at = path.root
    for index, name in enumerate(path.names):
        where = str(IpfsPath(path.root, path.names[:index]))
        codec = cids.decode(at).codec
        if codec == cids.RAW:
            raise BadPathError(str(path), f"{where} is a file, nothing lies below it")
        if codec != cids.DAG_PB:
            raise BadPathError(str(path), f"{where} is no UnixFS (codec 0x{codec:02x})")
        walk = Walk(watched)
        node = walk.load(at, 0)
        kind = kind_of_node(node)
        if kind is not Kind.DIRECTORY:
            raise BadPathError(str(path), f"{where} is a {kind.value}, nothing lies below it")
        entry = find_entry(walk, node, name)
        if entry is None:
            raise BadPathError(str(path), f"no entry {name!r} in {where}")
        at = entry.cid
    return Resolved(at, tuple(visited))
