"""A bounded memory of what was used last."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most ``count_max`` values; the one that was not asked for longest goes first."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Give a value that is remembered, or None."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value  # last asked stands last
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._count_max:
            del self._values[next(iter(self._values))]

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
