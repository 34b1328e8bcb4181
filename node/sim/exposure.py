"""How long after the end of a grant shares were still released, by two clocks.

Chain time is that of the block which the custodian judged by, true time the world's.  The first is
what the finalised-time rule makes 0; the second is longer by the lag of finality, at most
STALL_MS_MAX and one block period (secret-sharing.md section 9).
"""

from dataclasses import dataclass
from typing import Final

from node.base.types import MICROS_PER_SECOND, Hash32
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.contracts.consent_registry import Granted
from node.sim.checkers.release_window import read_receipt
from node.sim.world import World

_RELEASED: Final = 0


@dataclass(frozen=True, slots=True)
class LateRelease:
    """One release, and how late it was; 0 of one inside its grant."""

    chain_s: int
    clock_s: int


class ExposureMeter:
    """Measures receipts; reads the end of a grant from whichever chain has it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ends: dict[bytes, int] = {}
        self._read: set[bytes] = set()

    def measure(self, receipt: bytes, at_us: int) -> LateRelease | None:
        """Give how late a receipt's release was; None: it releases nothing under a known grant.

        ``at_us``     world time of the release.
        """
        read = read_receipt(receipt)
        if read is None or read.status != _RELEASED:
            return None
        until_s = self._end_of(read.grant_id)
        block_s = self._time_of(read.head_hash)
        if until_s is None or block_s is None:
            return None
        after_us = self._world.scenario.run.epoch_us + at_us - until_s * MICROS_PER_SECOND
        # half-open: the second of the end is the first one too late
        return LateRelease(
            chain_s=max(0, block_s - until_s + 1),
            clock_s=max(0, after_us // MICROS_PER_SECOND + 1),
        )

    def all(self) -> tuple[LateRelease, ...]:
        """Give every release of the run so far."""
        world = self._world
        pairs = zip(world.receipts, world.counters.receipt_times, strict=True)
        return tuple(one for pair in pairs if (one := self.measure(*pair)) is not None)

    def _time_of(self, block_hash: Hash32) -> int | None:
        headers = (one.ledger.header(block_hash) for one in self._world.nodes.values())
        return next((one.timestamp for one in headers if one is not None), None)

    def _end_of(self, grant_id: bytes) -> int | None:
        if grant_id not in self._ends:
            self._read_chains()
        return self._ends.get(grant_id)

    def _read_chains(self) -> None:
        """Read the blocks that no reading has seen, of every node: one may be behind."""
        contracts = self._world.cast.ward.contracts
        for core in self._world.nodes.values():
            ledger = core.ledger
            block_hash = ledger.head_hash
            while block_hash not in self._read and (header := ledger.header(block_hash)):
                self._read.add(block_hash)
                for receipt in ledger.receipts(block_hash):
                    for log in receipt.logs:
                        event = contracts.decode_log(log.address, log.topics, log.data)
                        if isinstance(event, Granted):
                            self._ends[event.grant_id] = event.valid_until
                        elif isinstance(event, EmergencyAccess | EmergencyReviewed):
                            # newest block first: a review's end is no later than the announced
                            known = self._ends.get(event.emergency_id, event.until)
                            self._ends[event.emergency_id] = min(known, event.until)
                block_hash = header.parent_hash
