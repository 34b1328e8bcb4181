"""What pure functions of bytes gave, so that equal bytes are decoded and recovered once."""

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
_NOTHING: Final = object()
ENTRIES_COUNT_MAX: Final = 65_536
"""A round of 100 validators is 20,000 messages."""
BYTES_MAX: Final = 64 * 2**20
"""What the inputs of the kept results may weigh: a peer chooses how long its messages are."""


class Memo:
    """A bounded table of results.  Sharing it cannot change what an engine decides.

    ``kind`` is a function's name: one kind always holds results of one type.
    """

    def __init__(self, entries_max: int = ENTRIES_COUNT_MAX, *, bytes_max: int = BYTES_MAX) -> None:
        assert entries_max > 0
        self._known: dict[tuple[str, bytes], object] = {}
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._bytes = 0

    def of(self, kind: str, data: bytes, make: Callable[[bytes], T]) -> T:
        """Give ``make(data)``, from the table if it was asked before.

        ``make`` must be total: what cannot be decoded is a value too.
        """
        key = (kind, data)
        found = self._known.get(key, _NOTHING)
        if found is not _NOTHING:
            return found  # type: ignore[return-value]  # one kind, one type
        made = make(data)
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, bytes], made: object) -> None:
        """Keep a result; the oldest ones make room."""
        known = self._known
        if key not in known:  # making it may have asked for it
            self._bytes += len(key[1])
        known[key] = made
        while len(known) > self._entries_max or self._bytes > self._bytes_max:
            oldest = next(iter(known))
            del known[oldest]
            self._bytes -= len(oldest[1])
