"""Builds the predicates about shares over time: exposure, audit, readable or erased records."""

from typing import Final

from node.base.errors import WardnetError
from node.base.keccak import keccak256
from node.base.types import Cid
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.links import links_of
from node.sim.exposure import ExposureMeter
from node.sim.predicates.base import Predicate, State
from node.sim.predicates.records import NoUnauditedRelease, OverExposure, RecordState
from node.sim.schema import expectations as wanted
from node.sim.share_trial import opens_by_force, rebuild
from node.sim.step_ready import whole_seconds
from node.sim.steps import StepBook
from node.sim.world import World

_SHARE_RELEASED: Final = keccak256(b"ShareReleased(bytes32,bytes32,address,uint64,bytes32)")


def custody_predicate(
    world: World, book: StepBook, predicate: wanted.Predicate
) -> Predicate | None:
    """Give the judge of a predicate about shares over time; None: it is about something else."""
    match predicate:
        case wanted.OverExposure():
            return _over_exposure(world, predicate)
        case wanted.NoUnauditedRelease(blocks=blocks):
            return NoUnauditedRelease(
                lambda: _highest(world), lambda: _audited(world), blocks=blocks
            )
        case wanted.RecordReadable(record=step):
            return RecordState(step, _Paced(world, _Readable(world, book)))
        case wanted.Erased(record=step):
            return RecordState(step, _Paced(world, _Erasure(world, book)))
        case _:
            return None


def _over_exposure(world: World, predicate: wanted.OverExposure) -> OverExposure:
    meter = ExposureMeter(world)

    def measure(receipt: bytes) -> int | None:
        late = meter.measure(receipt, world.kernel.now)
        if late is None:
            return None
        return late.chain_s if predicate.by == "chain" else late.clock_s

    return OverExposure(measure, at_most_s=whole_seconds(predicate.at_most_us))


def _highest(world: World) -> int:
    return max(core.ledger.head.number for core in world.nodes.values())


def _audited(world: World) -> dict[bytes, int]:
    """Give the receipts that the highest chain has, by id, with the numbers of their blocks."""
    ledger = max(world.nodes.values(), key=lambda one: one.ledger.head.number).ledger
    found: dict[bytes, int] = {}
    for number in range(1, ledger.head.number + 1):
        block_hash = ledger.hash_by_number(number)
        assert block_hash is not None, "a chain has every number below its head"
        for receipt in ledger.receipts(block_hash):
            for log in receipt.logs:
                if log.topics and log.topics[0] == _SHARE_RELEASED:
                    found[log.data[32:64]] = number  # uint64 sequence, bytes32 receiptId
    return found


class _Paced:
    """Tries at most once in a block period: what shares and stores hold changes with blocks."""

    def __init__(self, world: World, trial: "_Readable | _Erasure") -> None:
        self._world = world
        self._trial = trial
        self._last: tuple[int, State | None] | None = None

    def __call__(self, step: str) -> State | None:
        now, period_us = self._world.kernel.now, self._world.scenario.chain.period_us
        if self._last is None or now >= self._last[0] + period_us:
            self._last = now, self._trial(step)
        return self._last[1]


class _Readable:
    """Opens a record with the wallet's share and what running custodians have."""

    def __init__(self, world: World, book: StepBook) -> None:
        self._world = world
        self._book = book

    def __call__(self, step: str) -> State | None:
        record = self._book.record(step)
        if record is None:
            return None
        world = self._world
        running = tuple(name for name in world.nodes if world.is_up(name))
        try:
            data = rebuild(world, record.patient.wallet, record.filed, running, essential=True)
        except WardnetError as error:
            return State(holds=False, why=f"{step} does not open: {error}")
        return State(holds=True, why=f"{step} opens: {len(data)} bytes")


class _Erasure:
    """Looks for anything that is left of a record, on the disk of every node."""

    def __init__(self, world: World, book: StepBook) -> None:
        self._world = world
        self._book = book
        self._blocks: dict[bytes, None] = {}
        """Every block of every fragment that was seen: what must be gone."""

    def __call__(self, step: str) -> State | None:
        records = self._book.generations(step)
        if not records:
            return None
        for record in records:
            for entry in record.filed.manifest.fragments:
                self._walk(entry.cid)
        found = [*self._shares(step), *self._fragments()]
        if found:
            return State(holds=False, why=f"of {step} is left: {found[0]} ({len(found)} in all)")
        for record in records:
            if opens_by_force(self._world, record.filed):
                return State(holds=False, why=f"all nodes together open {step}")
        return State(holds=True, why=f"nothing of {step} is left on {len(self._world.disks)} disks")

    def _walk(self, root: Cid) -> None:
        """Note the blocks of a file as far as some disk has them."""
        left = [root]
        while left:
            cid = left.pop()
            multihash = multihash_of(cid)
            self._blocks[multihash] = None
            held = (disk.blocks.stored(multihash) for disk in self._world.disks.values())
            data = next((one for one in held if one is not None), None)
            if data is not None:
                left.extend(links_of(cid, data))

    def _shares(self, step: str) -> list[str]:
        return [
            f"shares in the custody of {name}"
            for name, disk in self._world.disks.items()
            for record in self._book.generations(step)
            if not disk.custody.is_clear_of(record.filed.deal_id)
        ]

    def _fragments(self) -> list[str]:
        return [
            f"block 0x{multihash.hex()[:16]} in the store of {name}"
            for name, disk in self._world.disks.items()
            for multihash in self._blocks
            if disk.blocks.stored(multihash) is not None
        ]
