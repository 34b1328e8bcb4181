"""A tree of files becomes blocks, whatever it comes from: a disk, a form of the RPC, a test."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from node.base.limits import DAG_DEPTH_MAX
from node.ipfs_lite.errors import BadPathError
from node.ipfs_lite.hamt import Named
from node.ipfs_lite.profiles import DEFAULT_PROFILE, Profile
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_write import Added, Piece, Sink, write_file


class TreeFile(NamedTuple):
    """A file; its pieces are read once, when its turn has come."""

    pieces: Iterable[Piece]


class TreeLink(NamedTuple):
    """A symlink, kept and never followed."""

    target: bytes


class TreeFolder(NamedTuple):
    """A directory; its entries are read once, when its turn has come, in the order given."""

    entries: "Iterable[tuple[str, Tree]]"


Tree: TypeAlias = TreeFile | TreeLink | TreeFolder


class AddedEntry(NamedTuple):
    """What ``ipfs add`` prints a line about."""

    path: str
    """The root's name, then the names below it, with ``/`` between them."""
    added: Added


def add_tree(
    tree: Tree, sink: Sink | None, profile: Profile = DEFAULT_PROFILE, *, name: str = ""
) -> Iterator[AddedEntry]:
    """Write a tree, give each entry once its blocks are with ``sink``: the root comes last.

    raises        BadPathError: a wrong name, a name twice, folders more than DAG_DEPTH_MAX deep.
                  HamtTooDeepError, BlockTooLargeError; what the tree and ``sink`` raise.
    """
    return _add(tree, name, 0, sink, profile)


def write_tree(tree: Tree, sink: Sink | None, profile: Profile = DEFAULT_PROFILE) -> Added:
    """Write a tree, give its root; errors as ``add_tree``."""
    last: AddedEntry | None = None
    for entry in add_tree(tree, sink, profile):
        last = entry
    assert last is not None
    return last.added


def _add(
    tree: Tree, path: str, depth: int, sink: Sink | None, profile: Profile
) -> Generator[AddedEntry, None, Added]:
    if depth > DAG_DEPTH_MAX:  # no reader would follow
        raise BadPathError(path, f"more than {DAG_DEPTH_MAX} folders inside each other")
    match tree:
        case TreeFile(pieces):
            added = write_file(pieces, sink, profile)
        case TreeLink(target):
            added = write_symlink(target, sink, profile)
        case TreeFolder(entries):
            made: list[Named] = []
            for name, child in entries:
                below = f"{path}/{name}" if path else name
                child_added = yield from _add(child, below, depth + 1, sink, profile)
                made.append(Named(name, child_added))
            added = write_directory(made, sink, profile)
    yield AddedEntry(path, added)
    return added
