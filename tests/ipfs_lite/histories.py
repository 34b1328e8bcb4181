"""Seeded histories of block stores: what is done, and what the store has promised afterwards.

What ought to be garbage, and what an erasure takes, is found by walking from the pins: not as the
store does it, which counts holds.
"""

from dataclasses import replace

from node.base.rng import TreeEntropy
from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import Batch, Block, BlockClass, EraseOrder, Pin
from node.ipfs_lite.cid import DAG_PB, make_cid, multihash_of

INLINE_BYTES_MAX = 100
SIZES = (0, 1, 99, 100, 101, 511, 512, 513, 1_300)
NOW_S = 1_000


def content(entropy):
    """Give the bytes of a new block; longer ones than INLINE_BYTES_MAX become files."""
    return entropy.take(SIZES[entropy.below(len(SIZES))])


def a_batch(entropy, known):
    """Give one to four blocks, now and then one that is there already."""
    data = [content(entropy) for _ in range(1 + entropy.below(4))]
    if known and entropy.below(3) == 0:
        data.append(known[entropy.below(len(known))])
    return _batch(data)


def _batch(data, **more):
    return Batch(tuple(Block(make_cid(each), each) for each in data), BlockClass.PUBLIC, **more)


class History:
    """Drives a ``Recording``."""

    def __init__(self, recording, seed):
        self._recording = recording
        self._entropy = TreeEntropy(seed, "history")
        self._children = {}
        self._orders = 0

    @property
    def _model(self):
        return self._recording.models[-1]

    def run(self, steps_count, *, is_pinning=True):
        """Do some steps; without pins nothing is collected or erased either."""
        steps = [self._put, self._put, self._put, self._delete, self._reopen]
        if is_pinning:
            steps += [self._add, self._add, self._add, self._unpin, self._collect, self._erase]
        for _ in range(steps_count):
            self._one_of(steps)()
        self._recording.end()

    def _one_of(self, some):
        return some[self._entropy.below(len(some))]

    def _put(self):
        batch = a_batch(self._entropy, sorted(self._model.blocks.values()))
        blocks = tuple(block for block in batch.blocks if block.data not in self._model.erased)
        self._commit(replace(batch, blocks=blocks))

    def _add(self):
        """Put a graph with its pin: a root over new leaves, and over what is there already."""
        new = {multihash_of(make_cid(each)): each for each in (content(self._entropy), b"leaf")}
        new = {key: each for key, each in new.items() if each not in self._model.erased}
        below = sorted({*new, *(self._one_of(sorted(self._model.blocks) or [*new, b""]),)} - {b""})
        links = tuple(dagpb.Link(_cid(key, self._children), "", 0) for key in below)
        root = dagpb.encode(dagpb.Node(links, self._entropy.take(20)))
        cid = make_cid(root, DAG_PB)
        self._children[multihash_of(cid)] = below
        batch = _batch(new.values(), pins=(Pin(cid, created_s=NOW_S),))
        batch = replace(batch, blocks=(*batch.blocks, Block(cid, root)))
        graph = self._reachable([multihash_of(cid)])
        self._commit(batch, pins=self._model.pins | {cid: graph})

    def _commit(self, batch, **more):
        new = {multihash_of(cid): data for cid, data in batch.blocks}
        model = replace(self._model, blocks=self._model.blocks | new, **more)
        self._recording.step(model, lambda store: store.commit(batch))

    def _delete(self):
        """Take out by force, but nothing that a pin wants."""
        free = sorted(self._model.blocks.keys() - self._live(self._model.pins))
        if free:
            gone = self._one_of(free)
            model = self._without([gone])
            self._recording.step(model, lambda store: store.delete(_cid(gone, {})))

    def _reopen(self):
        self._recording.reopen()

    def _unpin(self):
        if self._model.pins:
            cid = self._one_of(sorted(self._model.pins))
            model = replace(self._model, pins=self._pins_but(cid))
            self._recording.step(model, lambda store: store.unpin(cid))

    def _collect(self):
        garbage = sorted(self._model.blocks.keys() - self._live(self._model.pins))

        def collect(store):
            assert sorted(store.collect(now_s=NOW_S)) == garbage

        self._recording.step(self._without(garbage), collect)

    def _erase(self):
        if not self._model.pins:
            return
        cid = self._one_of(sorted(self._model.pins))
        pins = self._pins_but(cid)
        gone = sorted(self._model.pins[cid] - self._live(pins))
        data = {self._model.blocks[key] for key in gone}
        self._orders += 1
        order = EraseOrder(self._orders.to_bytes(32), cid, NOW_S)

        def erase(store):
            assert list(store.erase(order).erased) == gone

        model = replace(self._without(gone), pins=pins, erased=self._model.erased | data)
        self._recording.step(model, erase)

    def _pins_but(self, cid):
        return {root: graph for root, graph in self._model.pins.items() if root != cid}

    def _live(self, pins):
        return frozenset().union(*pins.values())

    def _without(self, gone):
        left = {key: data for key, data in self._model.blocks.items() if key not in gone}
        return replace(self._model, blocks=left)

    def _reachable(self, keys):
        found, stack = set(), list(keys)
        while stack:
            key = stack.pop()
            if key not in found:
                found.add(key)
                stack += self._children.get(key, ())
        return frozenset(found)


def _cid(multihash, nodes):
    return b"\x01" + bytes((DAG_PB if multihash in nodes else 0x55,)) + multihash
