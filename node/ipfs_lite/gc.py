"""The garbage collector of a durable store: an index scan, no walk (content-store.md, section 9).

Rows go first and files after their COMMIT, by a queue that a crash does not lose: the other way
round a power cut would leave rows whose files are gone.
"""

from collections.abc import Iterator

from node.base.limits import GC_BATCH_BLOCKS_COUNT_MAX
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.hybrid_recover import drain
from node.ipfs_lite.hybrid_rows import Found


def collect(parts: Parts, *, now_s: int) -> Iterator[bytes]:
    """Delete what nothing holds; see ``BlockStore.collect``.

    Blocks are gone through once: what becomes garbage behind the collector waits for the next one.
    """
    last_id = 0
    while True:
        garbage = _collect_some(parts, last_id, now_s)
        yield from (found.multihash for found in garbage)
        if len(garbage) < GC_BATCH_BLOCKS_COUNT_MAX:
            return
        last_id = garbage[-1].id


def _collect_some(parts: Parts, last_id: int, now_s: int) -> list[Found]:
    with parts.writing():
        with parts.batch():
            if last_id == 0:
                parts.holds.guards.end(now_s)
            garbage = parts.rows.garbage(last_id, GC_BATCH_BLOCKS_COUNT_MAX)
            parts.take_out(garbage)
        if any(found.is_file for found in garbage):
            drain(parts)
    return garbage
