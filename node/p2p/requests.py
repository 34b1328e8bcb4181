"""Request ids per connection, and how many requests may be open at once (network.md, section 8).

One book per node: all cores that ask questions share it, so the limit holds for their sum.
"""

from collections.abc import Iterable
from typing import Final

from node.base.limits import REQUESTS_COUNT_MAX
from node.base.types import Address, Hash32

_ID_MAX: Final = 2**32 - 1


class RequestBook:
    """Gives out ids 1, 2, ... per peer; at most REQUESTS_COUNT_MAX of them are open."""

    def __init__(self) -> None:
        self._last: dict[Address, int] = {}
        self._open: dict[Address, int] = {}

    def may_ask(self, peer: Address) -> bool:
        """Say whether one more request to this peer may be sent."""
        return self._open.get(peer, 0) < REQUESTS_COUNT_MAX

    def open(self, peer: Address) -> int:
        """Give the id of a new request; the caller has asked ``may_ask``."""
        assert self.may_ask(peer), "too many open requests"
        last = self._last.get(peer, 0)
        self._last[peer] = last % _ID_MAX + 1
        self._open[peer] = self._open.get(peer, 0) + 1
        return self._last[peer]

    def close(self, peer: Address) -> None:
        """Note that a request was answered or given up."""
        assert self._open.get(peer, 0) > 0, "no request is open"
        self._open[peer] -= 1


def is_subsequence(names: Iterable[Hash32], asked: Iterable[Hash32]) -> bool:
    """Say whether an answer takes some of the question, in its order and none twice."""
    left = iter(asked)
    return all(name in left for name in names)
