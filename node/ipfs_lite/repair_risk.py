"""Sets of shares that cannot bear another loss: reported by all, a new deal asked for by one."""

from heapq import heappop, heappush

from node.base.types import Address, Cid
from node.ipfs_lite.placement import preference
from node.ipfs_lite.repair_events import RepairEffect, RequestRedeal, ShareKind, ShareSetAtRisk
from node.ipfs_lite.repair_state import GroupName, RepairBook, ShareGroup, live_shares


class RiskWatch:
    """Counts the live shares of each set.

    At risk: fewer than needed + 1 shares have a live copy, for longer than the grace.
    """

    def __init__(self, book: RepairBook, grace_us: int, *, asks: bool) -> None:
        self._book = book
        self._grace_us = grace_us
        self._asks = asks
        self._due: list[tuple[int, Cid, str]] = []

    def review(self, group: ShareGroup, now: int) -> None:
        """Count again after a change of a share or of its holders."""
        live = sum(1 for _ in live_shares(group, self._book))
        if live > group.order.needed:
            group.risky_since, group.is_reported, group.is_asked = None, False, False
            return
        if group.risky_since is None:
            group.risky_since = now
        due = max(now, group.risky_since + self._grace_us)
        heappush(self._due, (due, group.order.root, group.order.kind.value))

    def report(
        self, groups: dict[GroupName, ShareGroup], effects: list[RepairEffect], now: int
    ) -> None:
        """Say what has been at risk for too long."""
        while self._due and self._due[0][0] <= now:
            _, root, kind = heappop(self._due)
            group = groups.get((root, ShareKind(kind)))
            if group is None or group.risky_since is None:
                continue
            if now < group.risky_since + self._grace_us:
                continue  # was well in between: a later entry is there
            order = group.order
            if not group.is_reported:
                group.is_reported = True
                live = sum(1 for _ in live_shares(group, self._book))
                effects.append(ShareSetAtRisk(order.root, order.kind, live, order.needed))
            is_key = order.kind is ShareKind.KEY
            if self._asks and is_key and not group.is_asked and self._speaks(group):
                group.is_asked = True
                effects.append(RequestRedeal(order.root))

    def _speaks(self, group: ShareGroup) -> bool:
        """Say whether this node asks: the first live holder of the set, else the first member."""
        holders = [node for one in group.shares for node in self._book.live_holders(one)]
        speakers: list[Address] = list(dict.fromkeys(holders)) or list(self._book.live())
        return preference(speakers, group.order.root)[:1] == (self._book.me,)

    def wakes_at(self) -> int | None:
        """Give when a report may be due."""
        return self._due[0][0] if self._due else None
