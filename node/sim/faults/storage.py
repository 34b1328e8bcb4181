"""Faults of what nodes keep: it is gone, or it is not what was written."""

from typing import Literal, assert_never

from node.ipfs_lite.memory_store import MemoryStore
from node.privacy.custody_store import MemoryStore as MemoryCustody
from node.sim.faults.stage import Stage
from node.sim.faults.tally import Tally
from node.sim.schema import injection as todo
from node.sim.world import World


def begin(stage: Stage, fault: todo.StorageFault, tally: Tally) -> None:
    """Do a fault; it counts the blocks or deals that are gone, or the bits that turned."""
    names = stage.nodes(fault.nodes)
    tally.hit(names)
    for name in names:
        match fault:
            case todo.Wipe():
                _wipe(stage.world, name, fault.of, tally)
            case todo.BitRot():
                _rot(stage, name, fault.flips, tally)
            case _:
                assert_never(fault)


def _wipe(world: World, name: str, what: Literal["store", "custody"], tally: Tally) -> None:
    """Take the blocks, or the shares, and all noted about them; who runs starts again."""
    disk = world.disks[name]
    is_up = world.is_up(name)
    if is_up:
        world.stop_node(name)
    if what == "store":
        tally.count(disk.blocks.count())
        disk.blocks = MemoryStore()
    else:
        tally.count(len(disk.custody.deals()))
        disk.custody = MemoryCustody()
    if is_up:
        world.start_node(name)


def _rot(stage: Stage, name: str, flips: int, tally: Tally) -> None:
    """Turn bits over, each in another block that has any; start again when all have had one."""
    blocks = stage.world.disks[name].blocks
    left = list[bytes]()
    for _ in range(flips):
        left = left or [one for one in blocks.multihashes() if blocks.stored(one)]
        if not left:
            return
        multihash = left.pop(stage.below(len(left)))
        data = blocks.stored(multihash)
        assert data, "a block without bytes is not drawn"
        blocks.rot(multihash, stage.below(8 * len(data)))
        tally.count()
