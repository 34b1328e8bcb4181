"""Seeded histories of block stores: what is done, and what the store has promised afterwards."""

from dataclasses import replace

from node.base.rng import TreeEntropy
from node.ipfs_lite.blocks import Batch, Block, BlockClass
from node.ipfs_lite.cid import make_cid, multihash_of

INLINE_BYTES_MAX = 100
SIZES = (0, 1, 99, 100, 101, 511, 512, 513, 1_300)


def content(entropy):
    """Give the bytes of a new block; longer ones than INLINE_BYTES_MAX become files."""
    return entropy.take(SIZES[entropy.below(len(SIZES))])


def a_batch(entropy, known):
    """Give one to four blocks, now and then one that is there already."""
    data = [content(entropy) for _ in range(1 + entropy.below(4))]
    if known and entropy.below(3) == 0:
        data.append(known[entropy.below(len(known))])
    return Batch(tuple(Block(make_cid(each), each) for each in data), BlockClass.PUBLIC)


def run(recording, seed, steps_count):
    """Do a history of puts, deletions and reopenings."""
    entropy = TreeEntropy(seed, "history")
    for _ in range(steps_count):
        model = recording.models[-1]
        kind = entropy.below(10)
        if kind < 6 or not model.blocks:
            batch = a_batch(entropy, sorted(model.blocks.values()))
            new = {multihash_of(cid): data for cid, data in batch.blocks}
            recording.step(
                replace(model, blocks=model.blocks | new),
                lambda store, put=batch: store.commit(put),
            )
        elif kind < 9:
            gone = sorted(model.blocks)[entropy.below(len(model.blocks))]
            cid = make_cid(model.blocks[gone])
            left = {key: data for key, data in model.blocks.items() if key != gone}
            recording.step(replace(model, blocks=left), lambda store, cid=cid: store.delete(cid))
        else:
            recording.reopen()
    recording.end()
