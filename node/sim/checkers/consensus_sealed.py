"""Whether what honest nodes store was sealed by those who may (I2, B4, C1, C2, C4, A1 to A3)."""

from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import BlockStored, Fact


class SealedBlocks:
    """Judges every block and certificate that an honest node stores."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Judge a block once for each certificate that it comes with."""
        self._observed.note(fact)
        if not isinstance(fact, BlockStored) or self.fault is not None:
            return
        if self._observed.is_honest(fact.node):
            fault = self._observed.seals.judge(fact.header, fact.certificate)
            self.fault = None if fault is None else f"{fact.node}: {fault}"
