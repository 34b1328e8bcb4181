"""Builds the predicates about what lies on the disks of the nodes."""

from collections.abc import Callable

from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.memory_store import MemoryStore
from node.sim.checkers.stored_blocks import is_whole, rotten
from node.sim.predicates.base import Predicate
from node.sim.predicates.storage import Copies, StoresSound
from node.sim.schema import expectations as wanted
from node.sim.steps import StepBook
from node.sim.world import World


def storage_predicate(
    world: World, book: StepBook, predicate: wanted.Predicate
) -> Predicate | None:
    """Give the judge of a predicate about disks; None: it is about something else."""
    match predicate:
        case wanted.Copies(record=step, at_least=at_least, at_most=at_most):
            return Copies(step, _Disks(world, book).copies, at_least=at_least, at_most=at_most)
        case wanted.StoresSound():
            return StoresSound(_Disks(world, book).rotten)
        case _:
            return None


class _Disks:
    """Reads the disks of running nodes, at most once in a block period.

    A node's own store marks what it finds bad, so it is not asked.
    """

    def __init__(self, world: World, book: StepBook) -> None:
        self._world = world
        self._book = book
        self._last: tuple[int, tuple[str, ...]] | None = None

    def copies(self, step: str) -> tuple[str, ...] | None:
        """Give who keeps a record's manifest for the network; None: there is no such record."""
        record = self._book.record(step)
        if record is None:
            return None
        root = record.filed.content.cid

        def keeps(blocks: MemoryStore) -> bool:
            pin = blocks.pin_of(root)
            return pin is not None and pin.rf_min > 0 and is_whole(blocks.stored, root)

        return self._at_times(keeps)

    def rotten(self) -> tuple[str, ...]:
        """Give who has a public block that is not what its name says."""

        def is_rotten(blocks: MemoryStore) -> bool:
            found = rotten(blocks.stored, blocks.multihashes())
            classes = (blocks.class_of(Cid(b"\x01\x55" + one)) for one in found)
            return BlockClass.PUBLIC in classes

        return self._at_times(is_rotten)

    def _at_times(self, fits: Callable[[MemoryStore], bool]) -> tuple[str, ...]:
        world = self._world
        now, period_us = world.kernel.now, world.scenario.chain.period_us
        if self._last is None or now >= self._last[0] + period_us:
            names = (one for one in world.disks if world.is_up(one))
            self._last = now, tuple(one for one in names if fits(world.disks[one].blocks))
        return self._last[1]
