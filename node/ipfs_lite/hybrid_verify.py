"""The whole of a durable store is read and compared: bytes, files, rows and the index itself."""

from collections.abc import Iterator

from node.base.errors import CorruptStoreError
from node.ipfs_lite.blocks import Problem
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.hybrid_rows import Stored


def verify(parts: Parts) -> Iterator[Problem]:
    """Hash every block, and compare files with rows; blocks found corrupt are marked.

    A problem that is no block's has the empty multihash.
    """
    try:
        yield from _index(parts)
        yield from _blocks(parts)
        yield from _stray_files(parts)
    except CorruptStoreError as error:
        yield Problem(b"", f"the index cannot be read any further: {error}")


def _index(parts: Parts) -> Iterator[Problem]:
    for (what,) in parts.database.read("PRAGMA integrity_check"):
        if what != "ok":
            yield Problem(b"", f"the index: {what}")
    counted = parts.rows.usage()
    found = parts.rows.count_usage()
    if counted != found:
        yield Problem(
            b"",
            f"the index counts {counted[0]} blocks of {counted[1]} bytes, "
            f"there are {found[0]} of {found[1]}",
        )


def _blocks(parts: Parts) -> Iterator[Problem]:
    for stored in parts.rows.each_stored():
        if parts.verified(stored) is None:
            if not stored.is_bad:
                parts.mark_bad(stored.multihash)
            yield Problem(stored.multihash, _what(parts, stored))
        elif stored.is_bad:
            yield Problem(stored.multihash, "it was found corrupt before")


def _what(parts: Parts, stored: Stored) -> str:
    if parts.opened(stored) is not None:
        return "its bytes have another hash"
    if stored.data is None and parts.flat.read(parts.name_of(stored.multihash)) is None:
        return "its file is missing"
    return "its bytes do not open under their key"


def _stray_files(parts: Parts) -> Iterator[Problem]:
    """Give the files that no row knows, in the order of their names."""
    names = {parts.name_of(multihash) for multihash in parts.rows.files(with_bad=True)}
    for found in parts.flat.names():
        if found.name not in names:
            yield Problem(b"", f"file {found.name} belongs to no block")
