"""Faults of what nodes keep: it is gone, or it is not what was written."""

from typing import assert_never

from node.ipfs_lite.memory_store import MemoryStore
from node.sim.faults.stage import Stage
from node.sim.faults.tally import Tally
from node.sim.schema import injection as todo
from node.sim.world import World


def begin(stage: Stage, fault: todo.StorageFault, tally: Tally) -> None:
    """Do a fault; it counts the blocks that are gone, or the bits that turned."""
    names = stage.nodes(fault.nodes)
    tally.hit(names)
    for name in names:
        match fault:
            case todo.Wipe():
                _wipe(stage.world, name, tally)
            case todo.BitRot():
                _rot(stage, name, fault.flips, tally)
            case _:
                assert_never(fault)


def _wipe(world: World, name: str, tally: Tally) -> None:
    """Take the blocks and all that was noted about them; a machine that runs starts again."""
    tally.count(world.disks[name].blocks.count())
    is_up = world.is_up(name)
    if is_up:
        world.stop_node(name)
    world.disks[name].blocks = MemoryStore()
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
