"""Messages for later heights, kept until their height is under way (consensus.md section 3.6)."""

from node.base.limits import (
    FUTURE_HEIGHTS_COUNT_MAX,
    FUTURE_MESSAGES_BYTES_MAX,
    FUTURE_MESSAGES_COUNT_MAX,
)
from node.base.types import Hash32
from node.consensus_poa.ibft1.state import Early, Ibft1State


class Backlog:
    """The messages of the near future in one engine's state."""

    def __init__(self, state: Ibft1State) -> None:
        self._state = state
        self._bytes = sum(len(early.raw) for early in state.backlog.values())

    def add(self, raw_hash: Hash32, early: Early) -> bool:
        """Keep a message; say whether its height is near enough.

        Where there are too many the highest height goes first, there the oldest message.
        """
        kept = self._state.backlog
        if early.height > self._state.height - 1 + FUTURE_HEIGHTS_COUNT_MAX:
            return False
        if raw_hash in kept:
            return True
        kept[raw_hash] = early
        self._bytes += len(early.raw)
        while len(kept) > FUTURE_MESSAGES_COUNT_MAX or self._bytes > FUTURE_MESSAGES_BYTES_MAX:
            highest = max(entry.height for entry in kept.values())
            self._drop(next(key for key, entry in kept.items() if entry.height == highest))
        return True

    def take(self) -> list[Early]:
        """Give the messages of the height under way, in order; those of older ones go too."""
        height = self._state.height
        due = [(key, early) for key, early in self._state.backlog.items() if early.height <= height]
        for key, _ in due:
            self._drop(key)
        return [early for _, early in due if early.height == height]

    def _drop(self, key: Hash32) -> None:
        self._bytes -= len(self._state.backlog.pop(key).raw)
