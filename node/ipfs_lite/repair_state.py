"""What repair knows: who lives, who has what, and who may take one more copy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from node.base.types import Address, Cid
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.placement import preference
from node.ipfs_lite.repair_events import Held, Member, ShareKind, SharesTracked
from node.ipfs_lite.replication import EVERYWHERE, ranked

GroupName: TypeAlias = tuple[Cid, ShareKind]
"""A record, and which of its two sets of shares."""


@dataclass(slots=True)
class Copies:
    """One object, or one share, and its copies."""

    held: Held
    rf_min: int
    rf_max: int
    share: int = 0
    """Its number in its set."""
    group: "ShareGroup | None" = None
    holders: dict[Address, None] = field(default_factory=dict[Address, None])
    """Nodes that should have it, dead ones too: they may come back with it."""
    missed: dict[Address, None] = field(default_factory=dict[Address, None])
    """Holders that said they have it not."""
    claims: dict[Address, int] = field(default_factory=dict[Address, int])
    """Nodes that are copying it, and until when that is believed."""
    given_up: dict[Address, None] = field(default_factory=dict[Address, None])
    """Nodes whose copy did not come: they go last."""
    short_since: int | None = None
    """Since when there are fewer live copies than rf_min."""
    is_filling: bool = False
    """The grace is over: copies are made until there are rf_max."""
    waits_since: int = 0
    """From when the delay by rank counts."""

    @property
    def cid(self) -> Cid:
        """The object's name."""
        return self.held.cid


@dataclass(slots=True)
class ShareGroup:
    """The shares of one kind of one record."""

    order: SharesTracked
    shares: list[Copies]
    risky_since: int | None = None
    is_reported: bool = False
    is_asked: bool = False
    """This node asked the owner for a new deal."""


class RepairBook:
    """The members and who of them lives, by a window of time."""

    def __init__(self, me: Address, live_us: int) -> None:
        self.me = me
        self.operators: dict[Address, bytes] = {}
        self._proven: dict[Address, int] = {}
        self._live: set[Address] = set()
        self._live_us = live_us

    def set_members(self, members: Iterable[Member], now: int) -> tuple[Address, ...]:
        """Take the members over; give those whose being live changed."""
        before = set(self._live)
        self.operators = {member.address: member.operator for member in members}
        for address in self.operators:
            self._proven.setdefault(address, now)
        self._proven = {
            address: at for address, at in self._proven.items() if address in self.operators
        }
        self._live = {address for address in self.operators if self._is_fresh(address, now)}
        return tuple(sorted(before ^ self._live))

    def prove(self, peer: Address, now: int) -> bool:
        """Note an answer; say whether the peer counted as dead until now."""
        if peer not in self.operators:
            return False
        self._proven[peer] = now
        if peer in self._live:
            return False
        self._live.add(peer)
        return True

    def lapse(self, now: int) -> tuple[Address, ...]:
        """Give the peers that count as dead from now on."""
        gone = tuple(sorted(peer for peer in self._live if not self._is_fresh(peer, now)))
        self._live.difference_update(gone)
        return gone

    def next_lapse(self) -> int | None:
        """Give when the next peer counts as dead if it stays silent."""
        times = [self._proven[peer] + self._live_us for peer in self._live if peer != self.me]
        return min(times, default=None)

    def is_live(self, peer: Address) -> bool:
        """Say whether a peer answered lately; this node always has."""
        return peer in self._live

    def live(self) -> tuple[Address, ...]:
        """Give all live members, sorted."""
        return tuple(sorted(self._live))

    def _is_fresh(self, peer: Address, now: int) -> bool:
        return peer == self.me or now < self._proven[peer] + self._live_us

    def live_holders(self, copies: Copies) -> tuple[Address, ...]:
        """Give the nodes that have an object as far as anybody knows, in HRW order."""
        there = [
            node for node in copies.holders if node in self._live and node not in copies.missed
        ]
        return tuple(map(Address, preference(there, multihash_of(copies.cid))))

    def ceiling(self, copies: Copies) -> int:
        """Give how many live copies are wanted at most."""
        return len(self._live) if copies.rf_max == EVERYWHERE else copies.rf_max

    def open_places(self, copies: Copies) -> int:
        """Give how many more copies may be started."""
        return self.ceiling(copies) - len(self.live_holders(copies)) - len(copies.claims)

    def candidates(self, copies: Copies) -> tuple[Address, ...]:
        """Order the live nodes that may take one more copy; who gave up stands at the end."""
        if copies.group is None:
            order = self._for_object(copies)
        else:
            order = self._for_share(copies, copies.group)
        return tuple(sorted(order, key=lambda node: node in copies.given_up))

    def _for_object(self, copies: Copies) -> tuple[Address, ...]:
        busy = dict.fromkeys((*self.live_holders(copies), *copies.claims))
        taken: dict[bytes, int] = {}
        for node in busy:
            if node in self.operators:
                taken[self.operators[node]] = taken.get(self.operators[node], 0) + 1
        free = {node: self.operators[node] for node in self.live() if node not in busy}
        return ranked(free, multihash_of(copies.cid), taken)

    def _for_share(self, copies: Copies, group: ShareGroup) -> tuple[Address, ...]:
        """Order one node of each operator that may hold this share too.

        One operator's copies of a set go through one node, so that its own count of them is right.
        A holder that has lost its bytes takes the same share again, whatever the cap says.
        """
        healing = [node for node in copies.missed if node in self._live]
        key = multihash_of(copies.cid)
        order: list[Address] = [
            Address(node) for node in preference(healing, key) if node not in copies.claims
        ]
        nodes: dict[bytes, list[Address]] = {}
        for node in self.live():
            nodes.setdefault(self.operators[node], []).append(node)
        order.extend(
            Address(preference(nodes[name], group.order.root)[0])
            for name in preference(sorted(nodes), key)
            if self._may_take(name, copies, group)
        )
        return tuple(order)

    def _may_take(self, operator: bytes, copies: Copies, group: ShareGroup) -> bool:
        if self._has(operator, copies):
            return False
        return self.load(operator, group) < group.order.cap

    def _has(self, operator: bytes, copies: Copies) -> bool:
        nodes = chain(copies.holders, copies.claims)
        return any(self.operators.get(node) == operator for node in nodes)

    def load(self, operator: bytes, group: ShareGroup) -> int:
        """Count the distinct shares of a set that an operator has, may still have, or is taking."""
        return sum(self._has(operator, one) for one in group.shares)

    def may_hold(self, node: Address, copies: Copies) -> bool:
        """Say whether a finished copy of another node keeps the rules of its set."""
        group = copies.group
        if group is None or node in copies.holders:
            return True
        return self._may_take(self.operators[node], copies, group)

    def must_yield(self, own: Copies, peer: Address, other: Copies) -> bool:
        """Say whether this node's running copy ``own`` ends, since ``peer`` has started ``other``.

        Both sides ask this about each other and come to opposite answers.
        """
        mine, theirs = self.operators.get(self.me), self.operators[peer]
        group = own.group
        if group is not None and mine == theirs:
            if own is not other and self.load(theirs, group) <= group.order.cap:
                return False
            return preference((peer, self.me), group.order.root)[0] == peer
        if own is not other:
            return False
        order = preference(list(own.claims), multihash_of(own.cid))
        return order.index(self.me) >= self.ceiling(own) - len(self.live_holders(own))


def copies_of(held: Held, rf_min: int, rf_max: int) -> Copies:
    """Give the state of an object of which nothing is known but its holders."""
    return Copies(held, rf_min, rf_max, holders=dict.fromkeys(held.holders))


def group_of(order: SharesTracked) -> ShareGroup:
    """Give the state of a set of shares."""
    group = ShareGroup(order, [])
    for number, held in enumerate(order.shares):
        copies = copies_of(held, order.replicas, order.replicas)
        copies.share, copies.group = number, group
        group.shares.append(copies)
    return group


def live_shares(group: ShareGroup, book: RepairBook) -> Iterator[Copies]:
    """Give the shares of a set that have a live copy."""
    return (one for one in group.shares if book.live_holders(one))


def can_rebuild(copies: Copies, book: RepairBook) -> bool:
    """Say whether a share without a live copy is ciphertext that others can give back."""
    group = copies.group
    if group is None or group.order.kind is ShareKind.KEY:
        return False
    return sum(1 for _ in live_shares(group, book)) >= group.order.needed
