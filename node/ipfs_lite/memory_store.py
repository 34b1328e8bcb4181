"""A block store that lives as long as its process, by the plainest rules: simulations and tests.

What is live is worked out anew, by walking from the pins, whenever somebody asks.  So it is the
model against which the durable store is tested, and a ``put`` costs a hash and no walk.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

from node.base.limits import (
    BLOCK_BYTES_MAX,
    GC_BATCH_BLOCKS_COUNT_MAX,
    MISSING_NAMED_COUNT_MAX,
    STORE_BYTES_MAX,
)
from node.base.types import Cid
from node.ipfs_lite import access_rules, pins
from node.ipfs_lite.blocks import (
    AccessRule,
    Batch,
    BlockClass,
    Erased,
    EraseOrder,
    Kept,
    Pin,
    PinMode,
    PinState,
    Problem,
)
from node.ipfs_lite.cid import is_block_of, multihash_of, to_text
from node.ipfs_lite.errors import (
    BlockMismatchError,
    BlockTooLargeError,
    CorruptBlockError,
    IncompleteError,
    NotFoundError,
    PinConflictError,
    PinnedError,
    RetentionError,
    StoreFullError,
    TombstonedError,
)
from node.ipfs_lite.graph import is_linking, links_in
from node.ipfs_lite.tombstones import double_hash


@dataclass(slots=True)
class _Row:
    data: bytes
    klass: BlockClass
    links: tuple[Cid, ...]
    is_bad: bool = False


@dataclass(slots=True)
class _Guards:
    """Blocks of one session; all are kept until the latest end that was named."""

    expires_s: int = 0
    multihashes: set[bytes] = field(default_factory=set[bytes])


_Look: TypeAlias = Callable[[bytes], _Row | None]


class MemoryStore:
    """See ``BlockStore`` for every method."""

    def __init__(self, bytes_max: int = STORE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._rows: dict[bytes, _Row] = {}
        self._pins: dict[Cid, Pin] = {}
        self._guards: dict[str, _Guards] = {}
        self._claims: dict[bytes, set[Cid]] = {}
        self._rules: dict[Cid, tuple[AccessRule, ...]] = {}
        self._tombstones: dict[bytes, bytes] = {}
        self._kept: dict[bytes, tuple[Kept, ...]] = {}

    # blocks

    def put(self, cid: Cid, data: bytes, klass: BlockClass) -> None:
        """Keep one block."""
        key = multihash_of(cid)
        old = self._rows.get(key)
        free = self._bytes_max - self._bytes + (len(old.data) if old else 0)
        self._keep(key, self._row(cid, data, klass, old, free))

    def get(self, cid: Cid) -> bytes:
        """Give verified bytes."""
        key = multihash_of(cid)
        row = self._rows.get(key)
        if row is None:
            raise NotFoundError(to_text(cid))
        if not _is_good(key, row):
            raise CorruptBlockError(to_text(cid))
        return row.data

    def stored(self, multihash: bytes) -> bytes | None:
        """Give the bytes as they lie, unhashed and unmarked: for who judges from outside."""
        row = self._rows.get(multihash)
        return None if row is None else row.data

    def rot(self, multihash: bytes, bit: int) -> None:
        """Turn over one bit of a present block behind the store's back: a disk that forgets."""
        row = self._rows[multihash]
        data = bytearray(row.data)
        data[bit // 8] ^= 1 << bit % 8
        row.data = bytes(data)

    def has(self, cid: Cid) -> bool:
        """Say whether a good block is here."""
        return self.size(cid) is not None

    def size(self, cid: Cid) -> int | None:
        """Give the length of a good block."""
        row = self._rows.get(multihash_of(cid))
        return None if row is None or row.is_bad else len(row.data)

    def class_of(self, cid: Cid) -> BlockClass:
        """Give what the writer said."""
        row = self._rows.get(multihash_of(cid))
        if row is None:
            raise NotFoundError(to_text(cid))
        return row.klass

    def count(self) -> int:
        """Give the number of blocks."""
        return len(self._rows)

    def multihashes(self) -> Iterator[bytes]:
        """Give every key in ascending order."""
        return iter(sorted(self._rows))

    def bad(self) -> tuple[bytes, ...]:
        """Give the keys of blocks known to be corrupt."""
        return tuple(sorted(key for key, row in self._rows.items() if row.is_bad))

    def delete(self, cid: Cid) -> bool:
        """Forget a block by force."""
        return self._drop(multihash_of(cid))

    def remove(self, cid: Cid, *, now_s: int) -> bool:
        """Forget a block that nothing holds."""
        reason = self.why_live(cid, now_s=now_s)
        if reason is not None:
            raise PinnedError(to_text(cid), reason)
        return self.delete(cid)

    def verify(self) -> Iterator[Problem]:
        """Hash every block."""
        for key in self.multihashes():
            row = self._rows.get(key)
            if row is not None and not _is_good(key, row):
                yield Problem(key, "its bytes have another hash")

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    # batches

    def commit(self, batch: Batch) -> None:
        """Keep a batch, or nothing of it."""
        made = self._made(batch)
        if batch.pins:
            self._pins = self._pinned(batch.pins, lambda key: made.get(key) or self._rows.get(key))
        for key, row in made.items():
            self._keep(key, row)
        if batch.claim is not None:
            for key in made:
                self._claims.setdefault(key, set()).add(batch.claim)
        if batch.guard is not None and (made or batch.guard.session in self._guards):
            guards = self._guards.setdefault(batch.guard.session, _Guards())
            guards.expires_s = max(guards.expires_s, batch.guard.expires_s)
            guards.multihashes.update(made)
        if batch.release is not None:
            self._guards.pop(batch.release, None)

    def _made(self, batch: Batch) -> dict[bytes, _Row]:
        made: dict[bytes, _Row] = {}
        free = self._bytes_max - self._bytes
        for cid, data in batch.blocks:
            key = multihash_of(cid)
            old = made.get(key) or self._rows.get(key)
            free += len(old.data) if old else 0
            made[key] = self._row(cid, data, batch.klass, old, free)
            free -= len(data)
        return made

    def _row(self, cid: Cid, data: bytes, klass: BlockClass, old: _Row | None, free: int) -> _Row:
        if len(data) > BLOCK_BYTES_MAX:
            raise BlockTooLargeError(to_text(cid), len(data), BLOCK_BYTES_MAX)
        if not is_block_of(cid, data):
            raise BlockMismatchError(to_text(cid))
        if self.is_tombstoned(multihash_of(cid)):
            raise TombstonedError(to_text(cid))
        if len(data) > free:
            raise StoreFullError(to_text(cid), len(data), free)
        if old is not None and old.klass is BlockClass.SEALED:
            klass = BlockClass.SEALED
        return _Row(data, klass, links_in(data))

    def _keep(self, key: bytes, row: _Row) -> None:
        old = self._rows.get(key)
        self._bytes += len(row.data) - (len(old.data) if old else 0)
        self._rows[key] = row

    # pins

    def _pinned(self, asked: Iterable[Pin], look: _Look) -> dict[Cid, Pin]:
        held = dict(self._pins)
        for pin in asked:
            old = held.get(pin.cid)
            new = pins.settled(old, pin)
            if new is old:
                continue
            if pins.holds(new):
                missing = _missing(new, look)
                if missing:
                    raise IncompleteError(to_text(new.cid), missing)
            held[new.cid] = new
        return held

    def unpin(self, cid: Cid) -> Pin:
        """Take a pin off."""
        if cid not in self._pins:
            raise PinConflictError(to_text(cid), "is not pinned")
        return self._pins.pop(cid)

    def pin_of(self, cid: Cid) -> Pin | None:
        """Give the pin of exactly this CID."""
        return self._pins.get(cid)

    def pins(self) -> Iterator[Pin]:
        """Give all pins in the order of their CIDs."""
        return (self._pins[cid] for cid in sorted(self._pins))

    def why_live(self, cid: Cid, *, now_s: int) -> str | None:
        """Say what keeps a present block."""
        key = multihash_of(cid)
        if key not in self._rows:
            return None
        held = [pin for pin in self.pins() if pins.holds(pin)]
        for mode in (PinMode.RECURSIVE, PinMode.DIRECT):
            if any(pin.mode is mode and multihash_of(pin.cid) == key for pin in held):
                return pins.reason_of_own(mode)
        for pin in held:
            if key in self._reach((pin,)):
                return pins.reason_below(pin.cid)
        for session, guards in sorted(self._guards.items()):
            if key in guards.multihashes and guards.expires_s > now_s:
                return pins.reason_guarded(session)
        return None

    def _reach(self, held: Iterable[Pin]) -> set[bytes]:
        """Give what pins hold: a deep one all that can be reached over present blocks."""
        live: set[bytes] = set()
        shallow: set[bytes] = set()
        stack: list[bytes] = []
        for pin in held:
            if pins.holds(pin):
                (stack.append if pins.is_deep(pin) else shallow.add)(multihash_of(pin.cid))
        while stack:
            key = stack.pop()
            row = self._rows.get(key)
            if row is not None and key not in live:
                live.add(key)
                stack.extend(map(multihash_of, row.links))
        return live | shallow

    # garbage

    def collect(self, *, now_s: int) -> Iterator[bytes]:
        """Delete what nothing holds."""
        self._guards = {
            session: guards for session, guards in self._guards.items() if guards.expires_s > now_s
        }
        while garbage := tuple(islice(self._garbage(now_s), GC_BATCH_BLOCKS_COUNT_MAX)):
            for key in garbage:
                self._drop(key)
            yield from garbage

    def _garbage(self, now_s: int) -> Iterator[bytes]:
        live = self._reach(self._pins.values())
        for guards in self._guards.values():
            if guards.expires_s > now_s:
                live |= guards.multihashes
        return (key for key in self.multihashes() if key not in live)

    def _drop(self, key: bytes) -> bool:
        row = self._rows.pop(key, None)
        if row is None:
            return False
        self._bytes -= len(row.data)
        self._claims.pop(key, None)
        return True

    # erasure

    def erase(self, order: EraseOrder) -> Erased:
        """Destroy a graph."""
        if order.at_s < order.retain_until_s:
            raise RetentionError(to_text(order.root), order.retain_until_s)
        root = multihash_of(order.root)
        before = (one.multihash for one in self._kept.get(order.order_id, ()))
        graph = self._below(order.root) | (set(before) & self._rows.keys())
        for cid in [cid for cid in self._pins if multihash_of(cid) == root]:
            del self._pins[cid]
        for guards in self._guards.values():
            guards.multihashes -= graph
        self._guards = {session: one for session, one in self._guards.items() if one.multihashes}
        if order.force:
            for cid, pin in self._pins.items():
                if pins.holds(pin) and self._reach((pin,)) & graph:
                    self._pins[cid] = replace(pin, state=PinState.FAILED)
        live = self._reach(self._pins.values())
        erased = tuple(sorted(graph - live))
        for key in erased:
            self._drop(key)
        for key in erased if root in live else {root, *erased}:
            self._tombstones.setdefault(double_hash(key), order.order_id)
        for roots in self._claims.values():
            roots.discard(order.root)
        self._rules.pop(order.root, None)
        self._kept[order.order_id] = tuple(
            Kept(key, self.why_live(Cid(key), now_s=order.at_s) or "")
            for key in sorted(graph & live)
        )
        stones = sorted(h2 for h2, by in self._tombstones.items() if by == order.order_id)
        return Erased(order.order_id, erased, tuple(stones), self._kept[order.order_id])

    def _below(self, root: Cid) -> set[bytes]:
        """Give the present blocks of a graph."""
        nodes: set[tuple[bytes, bool]] = set()
        stack = [root]
        while stack:
            cid = stack.pop()
            node = multihash_of(cid), is_linking(cid)
            row = self._rows.get(node[0])
            if row is not None and node not in nodes:
                nodes.add(node)
                stack.extend(row.links if node[1] else ())
        return {key for key, _ in nodes}

    def is_tombstoned(self, multihash: bytes) -> bool:
        """Say whether a block was erased by order."""
        return bool(self._tombstones) and double_hash(multihash) in self._tombstones

    # access

    def set_rules(self, root: Cid, rules: tuple[AccessRule, ...]) -> None:
        """Replace who may read what a root claims."""
        self._rules[root] = access_rules.settled(root, rules)

    def rules_for(self, multihash: bytes, subject: bytes) -> tuple[AccessRule, ...]:
        """Give the rules of a subject over all roots that claim a block."""
        rules = (rule for root in self.claims_of(multihash) for rule in self._rules.get(root, ()))
        return tuple(rule for rule in rules if rule.subject == subject)

    def claims_of(self, multihash: bytes) -> tuple[Cid, ...]:
        """Give the roots that claim a block."""
        return tuple(sorted(self._claims.get(multihash, ())))


def _is_good(key: bytes, row: _Row) -> bool:
    """Hash a block; what was bad once stays bad."""
    row.is_bad = row.is_bad or sha256(row.data).digest() != key[2:]
    return not row.is_bad


def _missing(pin: Pin, look: _Look) -> tuple[str, ...]:
    """Name some blocks that a pin wants and that are not here, or bad."""
    missing: list[str] = []
    seen: set[tuple[bytes, bool]] = set()
    stack = [pin.cid]
    while stack and len(missing) < MISSING_NAMED_COUNT_MAX:
        cid = stack.pop()
        node = multihash_of(cid), is_linking(cid)
        if node in seen:
            continue
        seen.add(node)
        row = look(node[0])
        if row is None or row.is_bad:
            missing.append(to_text(cid))
        elif node[1] and pin.mode is PinMode.RECURSIVE:
            stack.extend(reversed(row.links))
    return tuple(missing)
