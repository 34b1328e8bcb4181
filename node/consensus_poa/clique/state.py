"""Everything a Clique engine remembers, and its canonical bytes."""

from dataclasses import dataclass, field
from typing import Any

from node.base.limits import SIGN_GUARDS_COUNT_MAX
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import ChainState, fill, pack_int, unpack_int


@dataclass(slots=True)
class CliqueState(ChainState):
    """The state of one engine; hashes are those of blocks unless a name says otherwise."""

    seal_time: int = 0
    """Timestamp, in seconds, of the block that BLOCK or WIGGLE waits to build."""
    has_transactions: bool = False
    proposals: dict[Address, bool] = field(default_factory=dict[Address, bool])
    guards: Bounded[Hash32, Hash32] = field(default_factory=lambda: Bounded(SIGN_GUARDS_COUNT_MAX))
    """Parent -> the one child that this node sealed on it."""

    def to_fields(self) -> dict[str, object]:
        """Give what is remembered."""
        # no zero-argument super(): dataclass(slots=True) makes a second class
        return {
            **ChainState.to_fields(self),
            "seal_time": pack_int(self.seal_time),
            "has_transactions": self.has_transactions,
            "proposals": list(self.proposals.items()),
            "guards": list(self.guards.items()),
        }

    def take_fields(self, found: Any) -> None:  # noqa: ANN401 - as in the base class
        """Fill this empty state."""
        ChainState.take_fields(self, found)
        self.seal_time = unpack_int(found["seal_time"])
        self.has_transactions = found["has_transactions"]
        self.proposals.update(found["proposals"])
        fill(self.guards, found["guards"], lambda entry: (entry[0], entry[1]))
