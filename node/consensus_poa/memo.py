"""What pure functions of bytes gave, so that equal bytes are decoded and recovered once."""

from collections.abc import Callable
from typing import Final, TypeVar

from node.consensus_poa.bounded import Bounded

T = TypeVar("T")
_NOTHING: Final = object()
ENTRIES_COUNT_MAX: Final = 65_536
"""A round of 100 validators is 20,000 messages."""


class Memo:
    """A bounded table of results.  Sharing it cannot change what an engine decides.

    ``kind`` is a function's name: one kind always holds results of one type.
    """

    def __init__(self, entries_max: int = ENTRIES_COUNT_MAX) -> None:
        self._known: Bounded[tuple[str, bytes], object] = Bounded(entries_max)

    def of(self, kind: str, data: bytes, make: Callable[[bytes], T]) -> T:
        """Give ``make(data)``, from the table if it was asked before.

        ``make`` must be total: what cannot be decoded is a value too.
        """
        key = (kind, data)
        found = self._known.get(key, _NOTHING)
        if found is not _NOTHING:
            return found  # type: ignore[return-value]  # one kind, one type
        made = make(data)
        self._known[key] = made
        return made
