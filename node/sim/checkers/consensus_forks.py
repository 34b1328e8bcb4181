"""How heads move: total difficulty, and the depth of reorganisations (C3, C6)."""

from node.base.types import Hash32
from node.sim.checkers.consensus_headers import block_name
from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import Fact, HeadAt


class Heads:
    """Follows the head of every honest node."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._heads: dict[str, Hash32] = {}
        self.fault: str | None = None
        """C3: a head of less total difficulty, or as much at a higher number."""
        self.deepest = 0
        self.told = "no head ever left a block"

    def observe(self, fact: Fact) -> None:
        """Compare a head with the one before it."""
        self._observed.note(fact)
        if not isinstance(fact, HeadAt) or not self._observed.is_honest(fact.node):
            return
        before = self._heads.get(fact.node, self._observed.genesis)
        self._heads[fact.node] = fact.hash
        new, old = self._observed.blocks.get(fact.hash), self._observed.blocks.get(before)
        if new is None or old is None or before in (new.header.parent, fact.hash):
            return
        if self.fault is None and new.total_difficulty < old.total_difficulty:
            self.fault = (
                f"{fact.node} left {old.header.name} of total difficulty {old.total_difficulty} "
                f"for {new.header.name} of {new.total_difficulty}"
            )
        if (
            self.fault is None
            and new.total_difficulty == old.total_difficulty
            and new.header.number > old.header.number
        ):
            self.fault = (
                f"{fact.node} left {old.header.name} for the longer {new.header.name} of equal "
                f"total difficulty {new.total_difficulty}"
            )
        common = self._observed.common_block(before, fact.hash)
        depth = 0 if common is None else old.header.number - common.number
        if depth > self.deepest:
            self.deepest = depth
            self.told = (
                f"{fact.node} left {depth} block{'s' * (depth != 1)} above "
                f"{block_name(common.number, common.hash) if common else 'genesis'}: "
                f"from {old.header.name} to {new.header.name}"
            )
