"""A dict that never grows past its limit: the oldest entry goes first."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V], Generic[K, V]):
    """A dict in order of insertion with at most ``entries_max`` entries.

    Writing a key that is there keeps its place; ``touch`` moves it behind all others.
    """

    def __init__(self, entries_max: int) -> None:
        super().__init__()
        assert entries_max > 0
        self.entries_max = entries_max

    def __setitem__(self, key: K, value: V) -> None:
        if len(self) >= self.entries_max and key not in self:
            dict.__delitem__(self, next(iter(self)))
        dict.__setitem__(self, key, value)

    def touch(self, key: K) -> None:
        """Make ``key``, which must be there, the newest entry."""
        super().__setitem__(key, self.pop(key))
