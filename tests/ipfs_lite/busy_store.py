"""A process that adds, unpins, collects and erases, and says what is durable.  It ends by SIGKILL.

``python -m tests.ipfs_lite.busy_store FOLDER SEED``: before each step a line ``begin STEP TREE``,
and ``done STEP TREE`` when the call has returned.  A tree is a number, from which its blocks follow.
"""

import sys
from hashlib import sha256
from pathlib import Path

from node.base.rng import TreeEntropy
from node.ipfs_lite.blocks import Batch, Block, BlockClass, EraseOrder, Guard, Pin
from node.ipfs_lite.cid import DAG_PB, make_cid
from node.ipfs_lite.dagpb import Link, Node, encode
from node.ipfs_lite.errors import TombstonedError
from tests.ipfs_lite.disks import INLINE_BYTES_MAX, PLAIN, SEALED, opened

SHARED_COUNT = 12
TREES_PER_PROCESS = 1_000
PINS_COUNT_MAX = 12
LATER_S = 10**9


def leaves_of(tree):
    """Give the leaves of a tree, rows and files, some of them in other trees too."""
    draw = TreeEntropy(tree, "tree")
    leaves = []
    for number in range(2 + draw.below(5)):
        is_shared = draw.below(3) == 0
        name = f"shared {draw.below(SHARED_COUNT)}" if is_shared else f"{tree} {number}"
        size = 1 + TreeEntropy(0, name).below(3 * INLINE_BYTES_MAX)
        leaves.append(TreeEntropy(1, name).take(size))
    return leaves


def root_of(tree):
    """Give the root of a tree, a block that no other tree has."""
    links = tuple(Link(make_cid(leaf), "", len(leaf)) for leaf in leaves_of(tree))
    data = encode(Node(links, str(tree).encode()))
    return Block(make_cid(data, DAG_PB), data)


def order_of(tree):
    """Give the order to erase a tree."""
    return EraseOrder(sha256(str(tree).encode()).digest(), root_of(tree).cid, at_s=0)


def add(store, tree):
    """Put the leaves under a guard, then the root with its pin."""
    leaves = tuple(Block(make_cid(leaf), leaf) for leaf in leaves_of(tree))
    session = f"add {tree}"
    store.commit(Batch(leaves, BlockClass.PUBLIC, guard=Guard(session, LATER_S)))
    root = root_of(tree)
    pins = (Pin(root.cid, name=str(tree)),)
    store.commit(Batch((root,), BlockClass.PUBLIC, pins=pins, release=session))


def work(folder, seed):
    """Go on until killed."""
    draw = TreeEntropy(seed, "work")
    store = opened(folder, SEALED if (folder / "sealed").exists() else PLAIN)
    tree = seed * TREES_PER_PROCESS
    while True:
        pinned = [int(pin.name) for pin in store.pins()]
        chance = draw.below(10)
        if not pinned or (chance < 6 and len(pinned) < PINS_COUNT_MAX):
            tree += 1
            step, of = "add", tree
        else:
            of = pinned[draw.below(len(pinned))]
            step = "unpin" if chance < 8 else "erase" if chance < 9 else "collect"
        print("begin", step, of, flush=True)
        try:
            _do(store, step, of)
        except TombstonedError:
            continue
        print("done", step, of, flush=True)


def _do(store, step, tree):
    match step:
        case "add":
            add(store, tree)
        case "unpin":
            store.unpin(root_of(tree).cid)
        case "erase":
            store.erase(order_of(tree))
        case "collect":
            list(store.collect(now_s=0))


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]))
