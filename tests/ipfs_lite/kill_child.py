"""A process that works on a block store until somebody kills it, and says what it has done.

Each line on stdout is an intent (``adding 7``) before an act or an acknowledgement (``added 7``)
after it; what is acknowledged must survive.  Every byte follows from the number of the object.
"""

import random
import sys
from contextlib import closing
from hashlib import shake_256
from pathlib import Path
from typing import NamedTuple

from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import Batch, Block, BlockClass, EraseOrder, Guard, Pin
from node.ipfs_lite.cid import DAG_PB, make_cid
from node.ipfs_lite.hybrid import StoreOptions, open_store

NOW_S = 1_800_000_000
LATER_S = NOW_S + 7_200
SIZES = (40, 1_500, 60_000, 300_000, 700_000)
"""Rows of the index and files, by default's border of 262,144."""
_BATCH_BLOCKS = 3


class Thing(NamedTuple):
    """An object: leaves of several sizes below one node."""

    root: Block
    leaves: tuple[Block, ...]


def thing(number: int) -> Thing:
    """Make object ``number``; every third one shares a leaf with all others of its kind."""
    fate = random.Random(number)
    datas = [
        shake_256(f"{number}/{at}".encode()).digest(fate.choice(SIZES))
        for at in range(fate.randrange(1, 7))
    ]
    if number % 3 == 0:
        datas.append(shake_256(b"shared").digest(SIZES[3]))
    leaves = tuple(Block(make_cid(data), data) for data in datas)
    links = tuple(dagpb.Link(leaf.cid, "", len(leaf.data)) for leaf in leaves)
    node = dagpb.encode(dagpb.Node(links, str(number).encode()))
    return Thing(Block(make_cid(node, DAG_PB), node), leaves)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _add(store, number: int) -> None:
    made = thing(number)
    session = f"add-{number}"
    guard = Guard(session, NOW_S + 3_600)
    _say(f"adding {number}")
    for at in range(0, len(made.leaves), _BATCH_BLOCKS):
        part = made.leaves[at : at + _BATCH_BLOCKS]
        store.commit(Batch(blocks=part, klass=BlockClass.PUBLIC, guard=guard))
    store.commit(
        Batch(
            blocks=(made.root,),
            klass=BlockClass.PUBLIC,
            guard=guard,
            pins=(Pin(made.root.cid, created_s=NOW_S),),
            release=session,
        )
    )
    _say(f"added {number}")


def _unpin(store, number: int) -> None:
    _say(f"unpinning {number}")
    store.unpin(thing(number).root.cid)
    _say(f"unpinned {number}")


def _pin_again(store, number: int) -> None:
    """Unpin and pin, so that a pin is also made without an add."""
    root = thing(number).root.cid
    _say(f"repinning {number}")
    store.commit(Batch(pins=(Pin(root, name="again", created_s=NOW_S),)))
    _say(f"repinned {number}")


def _erase(store, number: int) -> None:
    _say(f"erasing {number}")
    store.erase(EraseOrder(number.to_bytes(32), thing(number).root.cid, at_s=NOW_S))
    _say(f"erased {number}")


def _collect(store) -> None:
    _say("collecting")
    for _ in store.collect(now_s=NOW_S):
        pass
    _say("collected")


def work(folder: Path, first: int, pinned: list[int]) -> None:
    """Do one thing after the other for ever; ``first`` is the first free number."""
    fate = random.Random(first)
    with closing(open_store(folder, StoreOptions())) as store:
        _say("ready")
        number = first
        while True:
            act = fate.choices(("add", "unpin", "repin", "collect", "erase"), (6, 2, 1, 2, 2))[0]
            if act == "add" or not pinned:
                _add(store, number)
                pinned.append(number)
                number += 1
            elif act == "unpin":
                _unpin(store, pinned.pop(fate.randrange(len(pinned))))
            elif act == "repin":
                _pin_again(store, fate.choice(pinned))
            elif act == "erase":
                own = [one for one in pinned if one % 3]  # a shared leaf would never come back
                if own:
                    pinned.remove(chosen := fate.choice(own))
                    _erase(store, chosen)
            else:
                _collect(store)


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]])
