"""Messages of heights that are still to come, within limits (consensus.md section 3.6)."""

from typing import NamedTuple

from node.base.limits import FUTURE_MESSAGES_BYTES_MAX, FUTURE_MESSAGES_COUNT_MAX
from node.base.types import Address, Hash32


class Early(NamedTuple):
    """A message that came too early."""

    height: int
    message: bytes
    raw_hash: Hash32
    peer: Address


class FutureMessages:
    """Keeps the messages that are needed first: the highest height goes first, then the oldest."""

    def __init__(
        self,
        count_max: int = FUTURE_MESSAGES_COUNT_MAX,
        bytes_max: int = FUTURE_MESSAGES_BYTES_MAX,
    ) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._kept: dict[Hash32, Early] = {}
        self._bytes = 0

    def add(self, early: Early) -> None:
        """Keep a message; one that is there stays as it is."""
        if early.raw_hash in self._kept:
            return
        self._kept[early.raw_hash] = early
        self._bytes += len(early.message)
        while len(self._kept) > self._count_max or self._bytes > self._bytes_max:
            highest = max(found.height for found in self._kept.values())
            self._drop(next(key for key, found in self._kept.items() if found.height == highest))

    def _drop(self, raw_hash: Hash32) -> Early:
        early = self._kept.pop(raw_hash)
        self._bytes -= len(early.message)
        return early

    def take(self, height: int) -> list[Early]:
        """Take out the messages of ``height``, in their order, and forget those below."""
        due = [key for key, found in self._kept.items() if found.height <= height]
        taken = [self._drop(key) for key in due]
        return [early for early in taken if early.height == height]

    def listed(self) -> list[Early]:
        """Give all, in their order."""
        return list(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)
