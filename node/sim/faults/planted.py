"""Mistakes that clients of Clique once made, planted into the engine of a node.

The engine of wardnet has no switch for them: a planted one is a second engine over another block
tree, which differs in the one place where the client went wrong (consensus.md section 10, F6, F8).
"""

from dataclasses import dataclass, replace

from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.clique.branches import Branches
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import Refused, Snapshot
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.interface import Capabilities, Engine
from node.sim.faults.tally import Tally
from node.sim.schema.injection import PlantedBug
from node.sim.schema.scenario import Scenario


@dataclass(slots=True)
class Plant:
    """The mistake of one node; it is made while there is a tally to count it."""

    bug: str
    """As in ``PlantedBug``."""
    tally: Tally | None = None

    def instead_of(self, engine: Engine, lent: Capabilities) -> Engine:
        """Give the engine of the node: the same with the mistake."""
        assert isinstance(engine, CliqueEngine), "only nodes of Clique are in plants()"
        return PlantedClique(engine.options, lent, self)

    def makes(self, bug: str) -> bool:
        """Say whether this mistake is made now."""
        return self.tally is not None and self.bug == bug

    def count(self) -> None:
        """Count an effect."""
        if self.tally is not None:
            self.tally.count()


def plants(scenario: Scenario) -> dict[str, Plant]:
    """Give the mistakes of a run by node; engines other than Clique have no room for them."""
    if str(scenario.chain.consensus) != "clique":
        return {}
    return {
        name: Plant(fault.bug)
        for fault in scenario.faults
        if isinstance(fault, PlantedBug)
        for name in fault.nodes.ids
    }


class PlantedClique(CliqueEngine):
    """Clique with a mistake."""

    def __init__(self, options: CliqueOptions, capabilities: Capabilities, plant: Plant) -> None:
        self._plant = plant
        super().__init__(options, capabilities)

    def _make_branches(self, state: CliqueState) -> Branches:
        return PlantedBranches(self._capabilities, self._options, state, self._plant)


class PlantedBranches(Branches):
    """The tree as software with a mistake sees it."""

    def __init__(
        self, lent: Capabilities, options: CliqueOptions, state: CliqueState, plant: Plant
    ) -> None:
        super().__init__(lent.chain, lent.verifier, options, state.imported, lent.memo)
        self._epoch = options.epoch
        self._plant = plant

    def check(self, header: Header, parent: Header, before: Snapshot) -> Snapshot | Refused:
        """Judge as the mistaken software does."""
        after = super().check(header, parent, before)
        signer = self.signer(header)
        if isinstance(after, Snapshot) or signer is None:
            return after
        if after.error == "recently_signed" and self._underflows(before):
            return _Phantom(header.number, before.signers, {header.number: signer}, (), {})
        return after

    def after(self, before: Snapshot, header: Header, signer: Address) -> Snapshot | Refused:
        """Give the snapshot that the mistaken software makes; count those that it cannot make."""
        after = super().after(before, header, signer)
        if isinstance(after, Snapshot):
            return self._forgetful(after)
        if after.error == "recently_signed" and self._underflows(before):
            self._plant.count()
        return after

    def keep(self, block_hash: Hash32, snapshot: Snapshot) -> None:
        """Keep what the mistaken software would, if there is anything."""
        if not isinstance(snapshot, _Phantom):
            super().keep(block_hash, self._forgetful(snapshot))

    def snapshot(self, block_hash: Hash32) -> Snapshot | None:
        """Give the snapshot with the mistaken question for who is recent."""
        found = super().snapshot(block_hash)
        if found is None or not self._underflows(found):
            return found
        return _Unsigned(found.number, found.signers, found.recents, found.votes, found.tally)

    def _forgetful(self, after: Snapshot) -> Snapshot:
        is_lost = after.number % self._epoch == 0 and bool(after.recents)
        if not is_lost or not self._plant.makes("recents_lost_at_epoch"):
            return after
        self._plant.count()
        return replace(after, recents={})

    def _underflows(self, before: Snapshot) -> bool:
        """Say whether ``number - limit`` wraps for the block behind ``before``."""
        is_low = before.number + 1 < before.limit
        return is_low and self._plant.makes("underflow_near_genesis")


class _Unsigned(Snapshot):
    """``seen > number - limit`` on unsigned numbers below the limit: never true."""

    def is_recent(self, number: int, signer: Address) -> bool:
        """Say no: the right side has wrapped to almost 2**64."""
        return number >= self.limit and super().is_recent(number, signer)


class _Phantom(Snapshot):
    """What lets a header pass whose snapshot nobody can make: never kept."""
