"""Which hospital group keeps which share: exact, deterministic, and never above the cap.

Hard rule of content-store.md, section 13: no operator ever holds more than t-1 distinct shares.
Max-flow by augmenting paths finds a placement whenever there is one; greedy filling in order of
preference fails in 20 % of the cases at exact equality (measured there).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from node.ipfs_lite.errors import PlacementInfeasibleError, PlacementInputError

_DOMAIN: Final = b"wardnet/hrw/1"
SHARE_CAP_DEFAULT: Final = "default"
SHARE_CAP_RELAXED: Final = "t-1"
_OPERATOR_BYTES_MAX: Final = 255
"""The length goes into the score as one byte."""


def default_cap(threshold: int, *, has_essential: bool) -> int:
    """Give how many shares one operator may hold.

    ``threshold``  t, which counts the essential share, at least 2.
    returns        t-1 for plain t of n; max(1, t-2) with an essential share, because t-1 custodial
                   shares and one QR code shown at that hospital would open the record.
    raises         PlacementInputError: at t = 1 a single share opens the record.
    """
    if threshold < 2:
        raise PlacementInputError(f"threshold: wants at least 2, got {threshold}")
    return max(1, threshold - 2) if has_essential else threshold - 1


def cap_of(threshold: int, *, has_essential: bool, share_cap: str = SHARE_CAP_DEFAULT) -> int:
    """Give the cap under the setting ``share_cap``: ``default``, or ``t-1``, the hard rule alone.

    raises        PlacementInputError: another word; no setting goes above t-1.
    """
    if share_cap not in (SHARE_CAP_DEFAULT, SHARE_CAP_RELAXED):
        words = f"{SHARE_CAP_DEFAULT} or {SHARE_CAP_RELAXED}"
        raise PlacementInputError(f"share_cap: wants {words}, got {share_cap!r}")
    is_relaxed = share_cap == SHARE_CAP_RELAXED
    return default_cap(threshold, has_essential=has_essential and not is_relaxed)


def score(operator: bytes, key: bytes) -> bytes:
    """Give the rendezvous weight of an operator (or node) for a key; the lowest is preferred."""
    return sha256(_prefix(operator) + key).digest()


def preference(candidates: Sequence[bytes], key: bytes) -> tuple[bytes, ...]:
    """Order candidates by (score, name); inside an operator the first live node takes the share."""
    return _preference([(_prefix(name), name) for name in candidates], key)


def _prefix(name: bytes) -> bytes:
    return _DOMAIN + bytes((len(name),)) + name


def _preference(prefixes: Sequence[tuple[bytes, bytes]], key: bytes) -> tuple[bytes, ...]:
    scored = [(sha256(prefix + key).digest(), name) for prefix, name in prefixes]
    scored.sort()
    return tuple([name for _, name in scored])


def place(
    shares: Sequence[bytes],
    operators: Sequence[bytes],
    *,
    replicas: int,
    cap: int,
    keep: Mapping[bytes, Sequence[bytes]] | None = None,
) -> tuple[tuple[bytes, ...], ...]:
    """Give for each share the operators that keep it, in the share's own order of preference.

    ``shares``    multihashes of the stored shares; the essential one is never among them.
    ``operators`` names of 1 to 255 bytes: hospital groups, revoked and full ones left out.
    ``keep``      where shares lie now: legal assignments are the start, gaps are filled, and one
                  moves only where nothing else makes room.
    raises        PlacementInputError: doubled or empty names, replicas or cap below 1.
                  PlacementInfeasibleError: there is no placement; nothing was decided.
    """
    _check(shares, operators, replicas, cap)
    needed = len(shares) * replicas
    possible = most_copies(len(shares), len(operators), replicas=replicas, cap=cap)
    if possible < needed:
        remedy = _remedy(len(shares), len(operators), replicas, cap)
        raise PlacementInfeasibleError(needed, possible, len(operators), cap, remedy)
    flow = _Flow(shares, operators, cap)
    for share, key in enumerate(shares):
        for operator in (keep or {}).get(key, ()):
            flow.keep(share, operator, replicas)
    for _ in range(replicas):
        for share in range(len(shares)):
            if len(flow.holders[share]) < replicas:
                flow.augment(share)
    assert all(len(held) <= cap for held in flow.held.values())
    assert all(len(holders) == replicas for holders in flow.holders)
    return tuple(
        tuple(name for name in flow.order[share] if name in flow.holders[share])
        for share in range(len(shares))
    )


def most_copies(shares: int, operators: int, *, replicas: int, cap: int) -> int:
    """Give how many copies fit at most (Gale-Ryser: every share and operator is alike)."""
    return min(shares * min(replicas, operators), operators * min(cap, shares))


class _Flow:
    """The assignment while it grows.  Sets are only asked for membership and length."""

    def __init__(self, shares: Sequence[bytes], operators: Sequence[bytes], cap: int) -> None:
        prefixes = [(_prefix(name), name) for name in operators]
        self.order = [_preference(prefixes, key) for key in shares]
        self.holders: list[set[bytes]] = [set() for _ in shares]
        self.held: dict[bytes, set[int]] = {name: set() for name in operators}
        self._cap = cap

    def keep(self, share: int, operator: bytes, replicas: int) -> None:
        """Take over an assignment if it is legal."""
        held = self.held.get(operator)
        if held is None or len(self.holders[share]) == replicas or len(held) == self._cap:
            return
        self._give(share, operator)

    def augment(self, start: int) -> None:
        """Give ``start`` one more operator, along the shortest path of shifts."""
        reached_by: dict[bytes, int] = {}
        came_over: dict[int, bytes] = {}
        queue = deque((start,))
        while queue:
            share = queue.popleft()
            for operator in self.order[share]:
                if operator in self.holders[share] or operator in reached_by:
                    continue
                reached_by[operator] = share
                if len(self.held[operator]) < self._cap:
                    self._shift(start, operator, reached_by, came_over)
                    return
                for other in sorted(self.held[operator]):
                    if other != start and other not in came_over:
                        came_over[other] = operator
                        queue.append(other)
        raise AssertionError("most_copies promised a placement and no path was found")

    def _shift(
        self,
        start: int,
        found: bytes,
        reached_by: Mapping[bytes, int],
        came_over: Mapping[int, bytes],
    ) -> None:
        operator = found
        while True:
            share = reached_by[operator]
            if share == start:
                self._give(share, operator)
                return
            given_up = came_over[share]
            self.holders[share].remove(given_up)
            self.held[given_up].remove(share)
            self._give(share, operator)
            operator = given_up

    def _give(self, share: int, operator: bytes) -> None:
        self.holders[share].add(operator)
        self.held[operator].add(share)


def _check(shares: Sequence[bytes], operators: Sequence[bytes], replicas: int, cap: int) -> None:
    if len(dict.fromkeys(shares)) != len(shares):
        raise PlacementInputError("two shares have the same multihash")
    if len(dict.fromkeys(operators)) != len(operators):
        raise PlacementInputError("an operator is named twice: its nodes are one operator")
    for name in operators:
        if not 1 <= len(name) <= _OPERATOR_BYTES_MAX:
            raise PlacementInputError(f"operator {name!r}: wants 1 to {_OPERATOR_BYTES_MAX} bytes")
    if replicas < 1 or cap < 1:
        raise PlacementInputError(f"replicas {replicas} and cap {cap} must be at least 1")


def _remedy(shares: int, operators: int, replicas: int, cap: int) -> str:
    wanted = max(replicas, -(-shares * replicas // min(cap, shares)))
    more = wanted - operators
    words = f"{more} more operator{'s' if more > 1 else ''}"
    fits = min(operators, operators * min(cap, shares) // shares)
    return f"{words}, or replicas {fits}" if fits else words
