"""Files and rows are brought together: what is queued goes, and after a crash all are compared."""

from typing import Final

from node.ipfs_lite.hybrid_open import CLEAN
from node.ipfs_lite.hybrid_parts import Parts
from node.storage.meta import Meta

_UNLINKS_COUNT: Final = 1_000
"""Names that are taken off the queue together."""


def recover(parts: Parts, meta: Meta) -> None:
    """Finish what the last use of the store left undone; a second time changes nothing.

    Temporaries are gone already (``FlatFs``).  raises StorageError: the disk failed.
    """
    with parts.writing():
        drain(parts)
        if meta.number(CLEAN) != 1:
            _mark_lost(parts, drop_strays(parts))
        with parts.batch():
            meta.set(CLEAN, 0)


def drain(parts: Parts) -> None:
    """Delete the files whose rows are gone, those to be destroyed after writing zeros over them.

    A name leaves the queue only when its file is gone for good.
    """
    while True:
        queued = parts.database.read(
            "SELECT name, overwrite FROM unlink_queue ORDER BY name LIMIT ?", _UNLINKS_COUNT
        )
        if not queued:
            return
        for name, must_overwrite in queued:
            if must_overwrite:
                parts.flat.overwrite(name)
            parts.flat.unlink(name)
        parts.flat.sync(name for name, _ in queued)
        with parts.batch():
            parts.database.write_many(
                "DELETE FROM unlink_queue WHERE name = ?", ((name,) for name, _ in queued)
            )


def drop_strays(parts: Parts) -> frozenset[str]:
    """Delete the files that no row knows; give the names of those that stay."""
    known = {parts.name_of(multihash) for multihash in parts.rows.files(with_bad=True)}
    names = {found.name for found in parts.flat.names()}
    strays = sorted(names - known)
    for name in strays:
        parts.flat.unlink(name)
    parts.flat.sync(strays)
    return frozenset(names & known)


def _mark_lost(parts: Parts, names: frozenset[str]) -> None:
    """Mark the rows that have no file."""
    good = parts.rows.files(with_bad=False)
    lost = [multihash for multihash in good if parts.name_of(multihash) not in names]
    if lost:
        with parts.batch():
            parts.rows.mark_bad(lost)
