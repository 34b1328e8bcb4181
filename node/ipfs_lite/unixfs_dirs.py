"""Directories and symlinks become blocks; a large directory becomes shards."""

from collections.abc import Iterable

from node.base.limits import PLAIN_DIRECTORY_BYTES_MAX
from node.ipfs_lite import dagpb
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadPathError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.profiles import DEFAULT_PROFILE, Estimate, Profile
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY, encode_symlink
from node.ipfs_lite.unixfs_write import Added, Sink, put_node


def write_directory(
    entries: Iterable[Named], sink: Sink | None, profile: Profile = DEFAULT_PROFILE
) -> Added:
    """Write a directory over trees that are written already; memory is O(entries).

    Names are compared as UTF-8 bytes and not normalised: NFC and NFD twins are two entries.

    raises        BadPathError: a name twice, or one that no path could lead to.
                  HamtTooDeepError: names that cannot be told apart.  BlockTooLargeError.
    """
    ordered = sorted(entries, key=_name_bytes)
    before: str | None = None
    for entry in ordered:
        check_name(entry.name)
        if entry.name == before:
            raise BadPathError(entry.name, "twice in one directory")
        before = entry.name
    links = tuple(Link(added.cid, name, added.dag_bytes) for name, added in ordered)
    block = dagpb.encode(dagpb.Node(links, EMPTY_DIRECTORY))
    if _estimate(links, block, profile) > PLAIN_DIRECTORY_BYTES_MAX:
        return write_shards(ordered, sink, profile)
    below = sum(added.dag_bytes for _, added in ordered)
    content = sum(added.file_bytes for _, added in ordered)
    return Added(put_node(block, sink, profile), content, len(block) + below)


def write_symlink(target: bytes, sink: Sink | None, profile: Profile = DEFAULT_PROFILE) -> Added:
    """Write a symlink; what it points to is not looked at."""
    block = dagpb.encode(dagpb.Node((), encode_symlink(target)))
    return Added(put_node(block, sink, profile), len(target), len(block))


def check_name(name: str) -> None:
    """Refuse a name of an entry that no path leads to, or that is no UTF-8.

    raises        BadPathError.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise BadPathError(name, "no name for an entry of a directory")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadPathError(name, "the name is not UTF-8: rename it") from error


def _name_bytes(entry: Named) -> bytes:
    return entry.name.encode(errors="surrogatepass")  # check_name refuses what is no UTF-8


def _estimate(links: tuple[Link, ...], block: bytes, profile: Profile) -> int:
    match profile.estimate:
        case Estimate.BLOCK_BYTES:
            return len(block)
        case Estimate.LINKS_BYTES:
            return sum(len((link.name or "").encode()) + len(link.cid) for link in links)
