"""Whether what nodes hold for decided is one chain (B1, B2, A4).

A decision is ``FinalAt``; of a BFT engine a head is one too.  Byzantine nodes decide nothing.
"""

from node.base.types import Hash32
from node.sim.checkers.consensus_blame import decision_round, explain
from node.sim.checkers.consensus_headers import BlockHeader, block_name
from node.sim.checkers.consensus_votes import HeightVotes, VoteLog
from node.sim.facts import Fact, FinalAt, HeadAt


def decision_of(fact: Fact, *, is_bft: bool) -> FinalAt | HeadAt | None:
    """Give the fact if it tells of a decision."""
    if isinstance(fact, FinalAt) or (is_bft and isinstance(fact, HeadAt)):
        return fact
    return None


class Agreement:
    """B1: of any two honest decided chains, at any two times, one is a prefix of the other."""

    def __init__(self, log: VoteLog) -> None:
        self._log = log
        self._observed = log.observed
        self._decided: dict[int, tuple[Hash32, str]] = {0: (self._observed.genesis, "genesis")}
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Follow a decision down to the ones that are known."""
        self._log.note(fact)
        decision = decision_of(fact, is_bft=self._observed.is_bft)
        if decision is None or self.fault is not None:
            return
        if not self._observed.is_honest(decision.node):
            return
        branch: list[BlockHeader] = []
        block = self._observed.blocks.get(decision.hash)
        while block is not None and self._first(block.header.number) != block.header.hash:
            branch.append(block.header)
            block = self._observed.blocks.get(block.header.parent)
        for header in reversed(branch):
            if self._first(header.number) is not None:
                self.fault = self._explained(decision.node, header)
                return
            self._decided[header.number] = (header.hash, decision.node)

    def _first(self, number: int) -> Hash32 | None:
        known = self._decided.get(number)
        return None if known is None else known[0]

    def _explained(self, node: str, header: BlockHeader) -> str:
        first, other = self._decided[header.number]
        votes = self._log.heights.get(header.number)
        told = (
            f"{other} decided {block_name(header.number, first)}{_round(votes, first)} "
            f"and {node} decided {header.name}{_round(votes, header.hash)}"
        )
        if votes is None:
            return told
        members = self._observed.seals.after(header.parent)
        return f"{told}; {explain(self._observed, votes, members)}"


class Integrity:
    """B2 and A4: what a node holds for decided only grows; one decision per height, ever."""

    def __init__(self, log: VoteLog) -> None:
        self._log = log
        self._observed = log.observed
        self._tips: dict[str, FinalAt | HeadAt] = {}
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Compare a decision with the last one of its node."""
        self._log.note(fact)
        decision = decision_of(fact, is_bft=self._observed.is_bft)
        if decision is None or not self._observed.is_honest(decision.node):
            return
        tip = self._tips.get(decision.node)
        if tip is None or tip.hash == decision.hash:
            self._tips[decision.node] = decision
            return
        low, high = sorted((tip, decision), key=lambda one: one.number)
        below = self._observed.block_below(high.hash, low.number)
        if below is not None and below != low.hash and self.fault is None:
            self.fault = (
                f"{decision.node} decided {block_name(tip.number, tip.hash)}, and later "
                f"{block_name(decision.number, decision.hash)}, which does not stand on one chain "
                f"with it"
            )
        self._tips[decision.node] = high


def _round(votes: HeightVotes | None, value: Hash32) -> str:
    round_ = None if votes is None else decision_round(votes, value)
    return "" if round_ is None else f" in round {round_}"
