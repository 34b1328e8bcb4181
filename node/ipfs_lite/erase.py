"""Erasure by order: a graph is destroyed so that no file of the store has its bytes any more.

The steps are those of content-store.md, section 10.  Not promised: flash memory and backups keep
old sectors.  Where the store is encrypted, a file that was left over opens with no key.
"""

from collections.abc import Sequence

from node.base.limits import ERASE_CHECKPOINTS_COUNT_MAX
from node.ipfs_lite import pins
from node.ipfs_lite.blocks import Erased, EraseOrder, Kept, PinState
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import ErasureUnfinishedError, RetentionError
from node.ipfs_lite.graph import LINKING, is_linking
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.hybrid_recover import drain
from node.ipfs_lite.hybrid_rows import Found
from node.storage.errors import StoreLockedError


def erase(parts: Parts, order: EraseOrder) -> Erased:
    """Carry out an order, or go on with it; see ``BlockStore.erase``.

    Repeating an order is safe at any time: it finishes what was begun, and takes what was kept for
    the sake of pins that are gone now.

    raises        ErasureUnfinishedError: everything is deleted, and a reader keeps old pages.
    """
    if order.at_s < order.retain_until_s:
        raise RetentionError(to_text(order.root), order.retain_until_s)
    with parts.writing():
        with parts.batch():
            erased, kept = _delete(parts, order)
        drain(parts)
        _truncate(parts, order)
    return Erased(order.order_id, erased, parts.tombstones.of_order(order.order_id), kept)


def _delete(parts: Parts, order: EraseOrder) -> tuple[tuple[bytes, ...], tuple[Kept, ...]]:
    """Steps 2 to 4; give what goes and what stays."""
    root = multihash_of(order.root)
    graph = _graph(parts, order)
    for pin in parts.holds.pins_of_block(root):
        parts.holds.unpin(pin.cid)
    parts.holds.guards.drop([found.multihash for found in graph])
    if order.force:
        _fail_pins(parts, graph)
    reasons = {
        found: reason
        for found in graph
        if (reason := parts.holds.why_live(found.multihash, order.at_s)) is not None
    }
    doomed = [found for found in graph if found not in reasons]
    kept = tuple(sorted(Kept(found.multihash, reason) for found, reason in reasons.items()))
    erased = tuple(sorted(found.multihash for found in doomed))
    parts.take_out(doomed, must_overwrite=True)
    forbidden = erased if any(one.multihash == root for one in kept) else (*erased, root)
    parts.tombstones.add(forbidden, order.order_id, order.at_s)
    parts.access.forget(order.root)
    parts.database.write("DELETE FROM placements WHERE root = ?", order.root)
    parts.database.write("DELETE FROM kept WHERE order_id = ?", order.order_id)
    parts.database.write_many(
        "INSERT INTO kept VALUES (?, ?, ?)", [(order.order_id, *one) for one in kept]
    )
    return erased, kept


def _graph(parts: Parts, order: EraseOrder) -> list[Found]:
    """Give the present blocks of a graph, and what an earlier attempt kept of it."""
    before = parts.database.read("SELECT mh FROM kept WHERE order_id = ?", order.order_id)
    starts = [multihash_of(order.root), *(mh for (mh,) in before)]
    graph = {found.id: found for mh in starts if (found := parts.rows.found(mh)) is not None}
    root = parts.rows.found(starts[0])
    nodes = {root.id} if root is not None and is_linking(order.root) else set[int]()
    stack = list(nodes)
    while stack:
        for codec, child in parts.rows.children(stack.pop()):
            graph[child.id] = child
            if codec in LINKING and child.id not in nodes:
                nodes.add(child.id)
                stack.append(child.id)
    return list(graph.values())


def _fail_pins(parts: Parts, graph: Sequence[Found]) -> None:
    """Let go of a graph whatever pins hold it; they fail as a whole."""
    for found in graph:
        for pin in parts.holds.pins_above(found.multihash):
            assert pins.holds(pin)
            parts.holds.set_state(pin, PinState.FAILED)


def _truncate(parts: Parts, order: EraseOrder) -> None:
    """Step 6: until the log is cut, it has every deleted page."""
    for _ in range(ERASE_CHECKPOINTS_COUNT_MAX):
        try:
            if parts.database.truncate_log():
                return
        except StoreLockedError:  # a walk of our own over the index is not at its end
            continue
    raise ErasureUnfinishedError(order.order_id.hex())
