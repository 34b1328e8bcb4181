"""Everything an AuRa engine remembers, and its canonical bytes."""

from dataclasses import dataclass, field
from typing import Any

from node.base.limits import STEP_SEALS_COUNT_MAX
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import ChainState
from node.consensus_poa.evidence import SealKey


@dataclass(slots=True)
class AuraState(ChainState):
    """The state of one engine; ``sealed`` counts steps."""

    seals: Bounded[SealKey, bytes] = field(default_factory=lambda: Bounded(STEP_SEALS_COUNT_MAX))
    final: Hash32 = ZERO_HASH
    """The newest final block: the head stays above it."""
    final_number: int = 0

    def to_fields(self) -> dict[str, object]:
        """Give what is remembered."""
        # no zero-argument super(): dataclass(slots=True) makes a second class
        return {**ChainState.to_fields(self), "final": [self.final, self.final_number]}

    def take_fields(self, found: Any) -> None:  # noqa: ANN401 - as in the base class
        """Fill this empty state."""
        ChainState.take_fields(self, found)
        self.final, self.final_number = found["final"]
