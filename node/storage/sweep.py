"""Giving up the states of old blocks: live nodes of old chunks move to new ones, the rest goes.

What is written after a sweep began lies in chunks that it does not touch.  So all nodes that new
blocks write count as live, also those that come again after they were found dead.
"""

from collections.abc import Container
from typing import TypeAlias

from node.base.errors import CodecError, CorruptStoreError
from node.base.limits import SWEEP_CHUNKS_COUNT_MAX
from node.base.types import Hash32
from node.storage.database import Database
from node.storage.meta import KEPT_FROM, SWEEPING, Meta
from node.storage.node_chunks import Entry, entries
from node.storage.sqlite_state_nodes import SqliteStateNodes

Live: TypeAlias = Container[Hash32]


class Sweep:
    """One pass over the chunks that are there when it begins.

    Find the live nodes after it began and before the first step: what is written in between is
    live in any case.  A sweep that does not come to its end has given up some old states, and the
    next one gives up the rest; ``SqliteLedgerStore.sweep_pending`` tells that it is wanted.
    """

    def __init__(
        self, database: Database, meta: Meta, nodes: SqliteStateNodes, kept_from: int
    ) -> None:
        """Begin; from now on states below ``kept_from`` count as given up."""
        self._database = database
        self._meta = meta
        self._nodes = nodes
        self._done = 0
        with database.batch():
            self._last = nodes.flush()
            meta.set(KEPT_FROM, kept_from)
            meta.set(SWEEPING, 1)

    def step(self, live: Live) -> bool:
        """Rewrite up to SWEEP_CHUNKS_COUNT_MAX chunks in one batch; say whether more are left.

        ``live``      all nodes of the states that are kept.
        raises        CorruptStoreError: a chunk does not decode; nothing is done.
        """
        rows = self._database.read(
            "SELECT id, data FROM node_chunk WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
            self._done,
            self._last,
            SWEEP_CHUNKS_COUNT_MAX,
        )
        if not rows:
            with self._database.batch():
                self._meta.set(SWEEPING, 0)
            return False
        done = rows[-1][0]
        moved: list[tuple[Hash32, bytes]] = []
        dead: list[tuple[Hash32, int]] = []
        gone: list[tuple[int]] = []
        with self._database.batch():
            self._nodes.flush()
            for number, data in rows:
                found = _entries(number, data)
                kept = [entry for entry in found if self._is_kept(number, entry, live)]
                if len(kept) == len(found):
                    continue
                moved += ((entry.key, entry.raw) for entry in kept)
                dead += ((entry.key, number) for entry in found if entry.key not in live)
                gone.append((number,))
            write_many = self._database.write_many
            write_many("DELETE FROM node_index WHERE hash = ? AND chunk = ?", dead)
            write_many("DELETE FROM node_chunk WHERE id = ?", gone)
            self._nodes.append(moved)
            self._nodes.flush()
            if done >= self._last:
                self._meta.set(SWEEPING, 0)
        self._done = done
        return self._done < self._last

    def _is_kept(self, number: int, entry: Entry, live: Live) -> bool:
        """Say whether this copy of a node is the one that is read, and is needed."""
        return entry.key in live and self._nodes.place(entry.key) == (number, entry.offset)


def _entries(number: int, data: bytes) -> list[Entry]:
    try:
        return list(entries(data))
    except CodecError as error:
        raise CorruptStoreError("node_chunk", f"id {number}", error.what) from error
