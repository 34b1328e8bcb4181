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
            _compare(parts)
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


def _compare(parts: Parts) -> None:
    """Delete files without a row, mark rows without a file."""
    rows = {parts.name_of(mh): mh for mh in parts.rows.files(with_bad=True)}
    good = frozenset(parts.rows.files(with_bad=False))
    names = {found.name for found in parts.flat.names()}
    strays = sorted(names - rows.keys())
    for name in strays:
        parts.flat.unlink(name)
    parts.flat.sync(strays)
    lost = sorted(mh for name, mh in rows.items() if name not in names and mh in good)
    if lost:
        with parts.batch():
            parts.rows.mark_bad(lost)
