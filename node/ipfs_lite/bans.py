"""Who sent wrong bytes, and for how long it is not asked (content-store.md, section 11, Banning).

A plain book: it is told the time, and its rows can be written down and read back.  TLS proves
nothing to third parties, so an entry is a claim for the own operator and never a reason to punish
on chain.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.base.limits import BANNED_PEERS_COUNT_MAX
from node.base.types import MICROS_PER_SECOND, Address, Cid

BAN_US: Final = 3_600 * MICROS_PER_SECOND
_DAY_US: Final = 86_400 * MICROS_PER_SECOND
_LIES_MAX: Final = 3
"""So many within a day: then the ban lasts until the operator lifts it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One lie."""

    peer: Address
    cid: Cid
    """The oldest block that the peer owed: wrong bytes do not say what they stand for."""
    digest: bytes
    """The sha2-256 of what came."""
    at_us: int
    certificate: bytes = b""
    """Serial of the connection's certificate, empty where there is none."""


@dataclass(slots=True)
class _Lies:
    """The last lies of a peer, and whether three of them fell into one day."""

    rows: list[Evidence]
    is_lasting: bool = False


class BanBook:
    """The lies of each peer, newest last; one book for the whole node."""

    def __init__(self, rows: Iterable[Evidence] = ()) -> None:
        self._lies: dict[Address, _Lies] = {}
        for row in rows:
            self.record(row)

    def record(self, evidence: Evidence) -> None:
        """Ban a peer for BAN_US, or after three lies in a day until it is cleared.

        At most BANNED_PEERS_COUNT_MAX peers are remembered: the one that lied longest ago is
        forgotten first.
        """
        lies = self._lies.pop(evidence.peer, None) or _Lies([])
        self._lies[evidence.peer] = lies
        if lies.is_lasting:
            return  # the three that count stay on record
        lies.rows = [*lies.rows, evidence][-_LIES_MAX:]
        took_us = evidence.at_us - lies.rows[0].at_us
        lies.is_lasting = len(lies.rows) == _LIES_MAX and took_us < _DAY_US
        if len(self._lies) > BANNED_PEERS_COUNT_MAX:
            del self._lies[next(iter(self._lies))]

    def is_banned(self, peer: Address, now: int) -> bool:
        """Say whether a peer is not to be asked, nor listened to."""
        until_us = self.until_us(peer)
        return until_us is None or now < until_us

    def until_us(self, peer: Address) -> int | None:
        """Give when a peer's ban ends: None when the operator clears it; 0 without a ban."""
        lies = self._lies.get(peer)
        if lies is None:
            return 0
        return None if lies.is_lasting else lies.rows[-1].at_us + BAN_US

    def clear(self, peer: Address) -> None:
        """Lift a peer's ban and forget its lies: the operator wants so."""
        self._lies.pop(peer, None)

    def rows(self) -> tuple[Evidence, ...]:
        """Give all that is remembered, for the disk: a book made of it is the same."""
        return tuple(row for lies in self._lies.values() for row in lies.rows)
