"""What pure functions of bytes gave, so that equal bytes are decoded and recovered once."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
ENTRIES_COUNT_MAX: Final = 65_536
"""A round of 100 validators is 20,000 messages."""


class Table(dict[K, T], Generic[K, T]):
    """Results of one function: ``table[data]`` works out what is not there; the oldest goes first.

    A dict, because a hit is then no call: one vote of 100 validators is looked up 100 times.
    """

    def __init__(self, make: Callable[[K], T], entries_max: int) -> None:
        super().__init__()
        self._make = make
        self._entries_max = entries_max

    def __missing__(self, data: K) -> T:
        return self.keep(data, self._make(data))

    def keep(self, data: K, made: T) -> T:
        """Remember a result that was worked out elsewhere, and give it."""
        if len(self) >= self._entries_max:
            del self[next(iter(self))]
        self[data] = made
        return made


class Memo:
    """One table for each kind of result.  Sharing it cannot change what an engine decides.

    ``kind`` is a function's name: one kind always holds results of one function, which must be
    total: what cannot be decoded is a value too.
    """

    def __init__(self, entries_max: int = ENTRIES_COUNT_MAX) -> None:
        self._entries_max = entries_max
        self._tables: dict[str, Table[Any, Any]] = {}

    def table(self, kind: str, make: Callable[[K], T]) -> Table[K, T]:
        """Give the table of a kind; the ``make`` of who asks first serves all."""
        found = self._tables.get(kind)
        if found is None:
            found = self._tables[kind] = Table(make, self._entries_max)
        return found

    def of(self, kind: str, data: bytes, make: Callable[[bytes], T]) -> T:
        """Give ``make(data)``, from the table if it was asked before."""
        table = self.table(kind, make)
        return table[data] if data in table else table.keep(data, make(data))
