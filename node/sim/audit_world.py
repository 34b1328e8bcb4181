"""The live world as the source of an audit: the highest chain, and all disks as they are now."""

from dataclasses import dataclass

from node.app.audit.findings import Finding, Report
from node.app.audit.run import audit
from node.app.audit.source import Shelf
from node.app.node_core import safe_depth
from node.base.errors import RefusedError
from node.evm.ledger import Ledger
from node.sim.audit_wallets import masters_of
from node.sim.world import World
from node.workflows.requests import Flow


@dataclass(eq=False)
class AuditFindingsError(RefusedError):
    """An audit found that something is not as it was promised."""

    findings: int
    first: str

    def __str__(self) -> str:
        more = f" ({self.findings} in all)" if self.findings > 1 else ""
        return f"{self.first}{more}"


class LiveWorld:
    """``AuditSource`` of a run that goes on; its nodes have executed every block themselves."""

    def __init__(self, world: World) -> None:
        self.contracts = world.cast.ward.contracts
        self.lag_blocks = safe_depth(len(world.scenario.network.validators))
        self.masters = masters_of(world.scenario)
        self.shelves = tuple(
            Shelf(name, world.addresses[name], disk.blocks, disk.custody)
            for name, disk in world.disks.items()
        )
        self._nodes = world.nodes
        self._ledger = max(
            (core.ledger for core in world.nodes.values()), key=lambda one: one.head.number
        )

    def ledger(self) -> Ledger | None:
        """Give the highest chain."""
        return self._ledger

    def findings(self) -> tuple[Finding, ...]:
        """Give which heads lie on a branch that is longer than what may still be left."""
        found: list[Finding] = []
        for name, core in self._nodes.items():
            fork, height = self._fork(core.ledger), core.ledger.head.number
            if height - fork > self.lag_blocks:
                what = f"left the chain of the others after block {fork} and is at {height}"
                found.append(Finding(f"head of {name}", "heads", what))
        return tuple(found)

    def _fork(self, other: Ledger) -> int:
        """Give the last block that a chain has in common with the highest."""
        number = min(other.head.number, self._ledger.head.number)
        while other.hash_by_number(number) != self._ledger.hash_by_number(number):
            number -= 1
        return number


def audit_now(world: World) -> Flow[Report]:
    """Be a flow that asks nobody: it reads all disks at once, as an authority with a warrant.

    raises        AuditFindingsError.
    """
    yield from ()
    report, _ = audit(LiveWorld(world))
    if report.findings:
        raise AuditFindingsError(len(report.findings), str(report.findings[0]))
    return report
