"""Guards: what keeps the blocks of a running add, import or fetch (content-store.md, section 9).

All blocks of a session are kept until the latest end that was named for any of them: an import of
hours must not lose its first blocks before it can pin them.
"""

from collections.abc import Sequence

from node.storage.database import Database


class Guards:
    """Reads and writes guards; what is written is part of the running batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def guard(self, session: str, multihashes: Sequence[bytes], expires_s: int) -> None:
        """Keep blocks, and all others of their session, until ``expires_s`` (exclusive)."""
        self._database.write_many(
            "INSERT INTO guards VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET expires = max(expires, excluded.expires)",
            [(session, multihash, expires_s) for multihash in multihashes],
        )
        if not multihashes:
            self._extend(session, expires_s)

    def _extend(self, session: str, expires_s: int) -> None:
        """Keep what a session has; one row with a late end is enough for all."""
        self._database.write(
            "UPDATE guards SET expires = max(expires, ?) WHERE session = ? AND mh ="
            " (SELECT mh FROM guards WHERE session = ? ORDER BY expires DESC LIMIT 1)",
            *(expires_s, session, session),
        )

    def release(self, session: str) -> None:
        """End the guards of a session."""
        self._database.write("DELETE FROM guards WHERE session = ?", session)

    def end(self, now_s: int) -> None:
        """Take out the sessions whose time is over: every guard that is left keeps its block."""
        self._database.write(
            "DELETE FROM guards WHERE session IN"
            " (SELECT session FROM guards GROUP BY session HAVING max(expires) <= ?)",
            now_s,
        )

    def drop(self, multihashes: Sequence[bytes]) -> None:
        """Take the guards off some blocks; the others of their sessions lose nothing."""
        latest: dict[str, int] = {}
        for multihash in multihashes:
            rows = self._database.read(
                "SELECT session, (SELECT max(expires) FROM guards WHERE session = mine.session)"
                " FROM guards AS mine WHERE mh = ?",
                multihash,
            )
            latest = dict(rows) | latest
        self._database.write_many(
            "DELETE FROM guards WHERE mh = ?", [(multihash,) for multihash in multihashes]
        )
        for session, expires_s in sorted(latest.items()):
            self._extend(session, expires_s)

    def session_of(self, multihash: bytes, now_s: int) -> str | None:
        """Give the first session that keeps a block, by name."""
        row = self._database.row(
            "SELECT min(session) FROM guards AS mine WHERE mh = ? AND ? <"
            " (SELECT max(expires) FROM guards WHERE session = mine.session)",
            *(multihash, now_s),
        )
        return None if row is None else row[0]
