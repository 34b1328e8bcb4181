from node.ipfs_lite.blockstore import BlockKeeper, BlockReader, BlockStore
from node.ipfs_lite.memory_store import MemoryStore


def _promised(protocol):
    return {name for base in protocol.__mro__ for name in vars(base) if not name.startswith("_")}


def test_the_protocols_stand_on_one_another():
    assert _promised(BlockReader) < _promised(BlockKeeper) < _promised(BlockStore)


def test_a_store_in_memory_is_a_whole_one():
    store: BlockStore = MemoryStore()
    offered = {name for name in vars(type(store)) if not name.startswith("_")}
    assert offered - _promised(BlockStore) == {"stored", "rot"}  # a disk, seen from outside
    assert offered >= _promised(BlockStore)
