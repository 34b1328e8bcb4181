"""What holds blocks, counted: so that garbage is found by an index and not by a walk.

    held(b) = recursive pins of b + number of distinct present parents p with held(p) > 0

When a count leaves or reaches zero, every present child gains or loses one (content-store.md,
section 9).  ``direct`` counts the pins that mean a block alone.  A block is live while one of the
two is above zero, or a guard keeps it.  Everything here happens inside the transaction of the
caller; ``holds_check`` works the counts out anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from node.base.limits import MISSING_NAMED_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite import pins
from node.ipfs_lite.blocks import Pin, PinMode, PinState
from node.ipfs_lite.cid import encode_uvarint, multihash_of, to_text
from node.ipfs_lite.errors import IncompleteError, PinConflictError
from node.ipfs_lite.graph import LINKING, codec_of, is_linking
from node.ipfs_lite.guards import Guards
from node.ipfs_lite.pin_rows import PinRows
from node.storage.database import Database


class Holds:
    """Pins, guards and the counts of one index."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pins = PinRows(database)
        self.guards = Guards(database)
        self.guard = self.guards.guard
        self.release = self.guards.release
        self.pin_of = self._pins.get

    # blocks that come and go

    def arrived(self, block_id: int, multihash: bytes, links: Sequence[Cid]) -> None:
        """Count what holds a block whose row is new, and let it hold what it links to."""
        codecs: dict[bytes, int] = {}
        for link in links:
            child = multihash_of(link)
            if child not in codecs or is_linking(link):
                codecs[child] = codec_of(link)
        if codecs:
            self._database.write_many(
                "INSERT INTO links VALUES (?, ?, ?)",
                [(block_id, child, codec) for child, codec in codecs.items()],
            )
        held, direct = self._count(multihash)
        if held or direct:
            self._database.write(
                "UPDATE blocks SET held = ?, direct = ? WHERE id = ?", held, direct, block_id
            )
        if held:
            self._spread(block_id, 1)

    def _count(self, multihash: bytes) -> tuple[int, int]:
        row = self._database.row(
            "SELECT count(*) FROM links JOIN blocks ON id = parent WHERE child = ? AND held > 0",
            multihash,
        )
        held, direct = row[0] if row else 0, 0
        for pin in self._pins.of_block(multihash):
            own_held, own_direct = _weight(pin)
            held, direct = held + own_held, direct + own_direct
        return held, direct

    def leaving(self, block_id: int, multihash: bytes) -> None:
        """Take back what a block holds: its row and its links are about to go, by force."""
        row = self._database.row("SELECT held FROM blocks WHERE mh = ?", multihash)
        if row is not None and row[0] > 0:
            self._spread(block_id, -1)

    def _spread(self, block_id: int, step: int) -> None:
        """Tell the children of a block that it began (1) or ceased (-1) to be held."""
        stack = [block_id]
        while stack:
            parent = stack.pop()
            self._database.write(
                "UPDATE blocks SET held = held + ?"
                " WHERE mh IN (SELECT child FROM links WHERE parent = ?)",
                *(step, parent),
            )
            turned = self._database.read(
                "SELECT id FROM links JOIN blocks ON mh = child WHERE parent = ? AND held = ?",
                *(parent, 1 if step > 0 else 0),
            )
            stack.extend(child for (child,) in turned)

    # pins

    def pin(self, pin: Pin) -> None:
        """Set a pin.

        raises        PinConflictError; IncompleteError: a block that it wants is absent or bad.
        """
        old = self.pin_of(pin.cid)
        new = pins.settled(old, pin)
        if new is old:
            return
        if pins.holds(new):
            missing = dict.fromkeys(self._missing(new))
            if missing:
                raise IncompleteError(to_text(new.cid), tuple(missing))
        self._pins.put(new)
        self._shift(new.cid, _weight(old), _weight(new))

    def unpin(self, cid: Cid) -> Pin:
        """Take a pin off and give it.  raises PinConflictError: there is none."""
        pin = self.pin_of(cid)
        if pin is None:
            raise PinConflictError(to_text(cid), "is not pinned")
        self._pins.delete(cid)
        self._shift(cid, _weight(pin), (0, 0))
        return pin

    def set_state(self, pin: Pin, state: PinState) -> None:
        """Move a pin to a state in which it holds nothing."""
        assert state is not PinState.PINNED, "what comes to stand has to be complete"
        self._pins.put(replace(pin, state=state))
        self._shift(pin.cid, _weight(pin), (0, 0))

    def pins(self) -> Iterator[Pin]:
        """Give all pins in the order of their CIDs."""
        return self._pins.each()

    def pins_of_block(self, multihash: bytes) -> tuple[Pin, ...]:
        """Give the pins of every CID of a block."""
        return self._pins.of_block(multihash)

    def _shift(self, cid: Cid, old: tuple[int, int], new: tuple[int, int]) -> None:
        """Count a pin that has changed."""
        held, direct = new[0] - old[0], new[1] - old[1]
        multihash = multihash_of(cid)
        self._database.write(
            "UPDATE blocks SET held = held + ?, direct = direct + ? WHERE mh = ?",
            *(held, direct, multihash),
        )
        row = self._database.row("SELECT id, held FROM blocks WHERE mh = ?", multihash)
        if held and row is not None and row[1] == max(held, 0):
            self._spread(row[0], held)

    def _missing(self, pin: Pin) -> Iterator[str]:
        """Name the first blocks that a pin wants and that are absent or bad."""
        root = self._database.row("SELECT id, bad FROM blocks WHERE mh = ?", multihash_of(pin.cid))
        if root is None or root[1]:
            yield to_text(pin.cid)
            return
        stack, seen = [root[0]] if pins.is_deep(pin) else [], {root[0]}
        named = 0
        while stack:
            rows = self._database.read(
                "SELECT child, links.codec, id, bad FROM links LEFT JOIN blocks ON mh = child"
                " WHERE parent = ?",
                stack.pop(),
            )
            for child, codec, block_id, is_bad in rows:
                if block_id is None or is_bad:
                    yield to_text(b"\x01" + encode_uvarint(codec) + child)
                    named += 1
                    if named == MISSING_NAMED_COUNT_MAX:
                        return
                elif codec in LINKING and block_id not in seen:
                    seen.add(block_id)
                    stack.append(block_id)

    # who holds what

    def why_live(self, multihash: bytes, now_s: int) -> str | None:
        """Say in words what keeps a present block, None for garbage and for an absent one."""
        row = self._database.row("SELECT held, direct FROM blocks WHERE mh = ?", multihash)
        if row is None:
            return None
        if any(row):
            own = [pin for pin in self._pins.of_block(multihash) if pins.holds(pin)]
            for mode in PinMode:
                if any(pin.mode is mode for pin in own):
                    return pins.reason_of_own(mode)
            return pins.reason_below(min(pin.cid for pin in self.pins_above(multihash)))
        session = self.guards.session_of(multihash, now_s)
        return None if session is None else pins.reason_guarded(session)

    def pins_above(self, multihash: bytes) -> tuple[Pin, ...]:
        """Give the pins that hold a block, its own and those of blocks above, by their CIDs."""
        found = {pin.cid: pin for pin in self._pins.of_block(multihash) if pins.holds(pin)}
        stack, seen = [multihash], {multihash}
        while stack:
            rows = self._database.read(
                "SELECT mh FROM links JOIN blocks ON id = parent WHERE child = ? AND held > 0",
                stack.pop(),
            )
            for (parent,) in rows:
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
                    above = self._pins.of_block(parent)
                    found |= {pin.cid: pin for pin in above if _weight(pin)[0]}
        return tuple(found[cid] for cid in sorted(found))


def _weight(pin: Pin | None) -> tuple[int, int]:
    """Give what a pin adds to ``held`` and ``direct`` of its block."""
    if pin is None or not pins.holds(pin):
        return 0, 0
    return (1, 0) if pins.is_deep(pin) else (0, 1)
