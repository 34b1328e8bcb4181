"""Small graphs of blocks, and short words for what the facts about stores do with them."""

import pytest

from node.base.types import Cid
from node.ipfs_lite import dagpb
from node.ipfs_lite.blocks import (
    Batch,
    Block,
    BlockClass,
    Pin,
    PinMode,
)
from node.ipfs_lite.cid import DAG_PB, make_cid, multihash_of

SEALED, PUBLIC = BlockClass.SEALED, BlockClass.PUBLIC
NOW_S = 1_000
ORDER = bytes(31) + b"\x01"


def leaf(number: int) -> Block:
    """Make a raw block."""
    data = b"leaf %d" % number
    return Block(make_cid(data), data)


def node(*children: Block, name: str = "") -> Block:
    """Make a dag-pb block over others."""
    links = tuple(dagpb.Link(child.cid, name, len(child.data)) for child in children)
    data = dagpb.encode(dagpb.Node(links, b"\x08\x01"))
    return Block(make_cid(data, DAG_PB), data)


A, B, C = leaf(1), leaf(2), leaf(3)
LEFT, RIGHT = node(A, B), node(B, C)
TOP = node(LEFT, RIGHT)
GRAPH = (A, B, C, LEFT, RIGHT, TOP)


def direct(cid: Cid, **more) -> Pin:
    return Pin(cid, PinMode.DIRECT, **more)


def keys(*blocks: Block) -> list[bytes]:
    return sorted(multihash_of(block.cid) for block in blocks)


def collected(store, now_s=NOW_S) -> list[bytes]:
    return sorted(store.collect(now_s=now_s))


def fill(store, *blocks: Block, pins=(), **more) -> None:
    store.commit(Batch(blocks, SEALED, pins=tuple(pins), **more))


class StoreFixture:
    """An open store, closed afterwards."""

    @pytest.fixture
    def store(self, make):
        store = make()
        yield store
        store.close()
