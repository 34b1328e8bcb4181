"""Whether the time of a block is possible (I6)."""

from node.base.types import MICROS_PER_SECOND
from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import BlockStored, Fact


class Times:
    """Parent's time + period <= time <= the storing node's own clock + allowance."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Judge a block by the clock of the honest node that stored it."""
        self._observed.note(fact)
        if not isinstance(fact, BlockStored) or self.fault is not None:
            return
        block = self._observed.blocks.get(fact.hash)
        if block is None or not self._observed.is_honest(fact.node):
            return
        header = block.header
        below = self._observed.blocks[header.parent].header
        rules = self._observed.rules
        # steps of AuRa give the rhythm; their order is judged with the seals
        earliest = below.timestamp + (0 if rules.engine == "aura" else rules.period)
        if header.timestamp < earliest:
            self.fault = (
                f"{fact.node} took {header.name} of time {header.timestamp}, "
                f"its parent allows {earliest} at the earliest"
            )
        elif fact.local_us and header.timestamp * MICROS_PER_SECOND > (
            fact.local_us + rules.future_us
        ):
            self.fault = (
                f"{fact.node} took {header.name} of time {header.timestamp} when its own clock "
                f"was {fact.local_us // MICROS_PER_SECOND}"
            )
