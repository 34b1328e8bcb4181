"""Predicates about consensus: what its checkers found (consensus.md section 9)."""

from typing import Protocol

from node.base.types import Address, Hash32
from node.sim.checkers.consensus_agreement import decision_of
from node.sim.checkers.consensus_deadlock import Deadlock
from node.sim.checkers.consensus_forks import Heads
from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import EvidenceReported, Fact, HeadAt
from node.sim.predicates.base import State


class Checker(Protocol):
    """Follows a run, and keeps the first thing that it finds wrong."""

    @property
    def fault(self) -> str | None:
        """The first fault, in a plain sentence."""
        ...

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        ...


class NoFault:
    """Holds until one of its checkers finds a fault."""

    def __init__(self, fine: str, *checkers: Checker) -> None:
        self._fine = fine
        self._checkers = checkers

    def observe(self, fact: Fact) -> None:
        """Pass the fact on."""
        for checker in self._checkers:
            checker.observe(fact)

    def state(self) -> State:
        """Give the first fault, if any."""
        for checker in self._checkers:
            if checker.fault is not None:
                return State(holds=False, why=checker.fault)
        return State(holds=True, why=self._fine)


class Deadlocked:
    """All blocks are delivered, and nobody online may seal (C8)."""

    def __init__(self, checker: Deadlock) -> None:
        self._checker = checker

    def observe(self, fact: Fact) -> None:
        """Pass the fact on."""
        self._checker.observe(fact)

    def state(self) -> State:
        """Look, if anything changed."""
        found = self._checker.found()
        return State(holds=found is not None, why=found or "somebody online may seal")


class NeverDeadlocked:
    """Of engines other than Clique: no rule keeps a validator from its next block."""

    def observe(self, fact: Fact) -> None:
        """Take no note: nothing can change this."""

    def state(self) -> State:
        """Say why there is none."""
        return State(holds=False, why="only Clique keeps those who sealed lately from sealing")


class ReorgDeeperThan:
    """An honest node left more than so many blocks at once (C6)."""

    def __init__(self, heads: Heads, blocks: int) -> None:
        self._heads = heads
        self._blocks = blocks

    def observe(self, fact: Fact) -> None:
        """Pass the fact on."""
        self._heads.observe(fact)

    def state(self) -> State:
        """Compare the deepest so far."""
        return State(holds=self._heads.deepest > self._blocks, why=self._heads.told)


class FinalisedAtLeast:
    """Every honest node holds a block of that number for final."""

    def __init__(self, observed: Observed, blocks: int) -> None:
        self._observed = observed
        self._blocks = blocks
        self._final = dict.fromkeys(observed.addresses, 0)

    def observe(self, fact: Fact) -> None:
        """Note a final block; of a BFT engine every head is one."""
        self._observed.note(fact)
        decision = decision_of(fact, is_bft=self._observed.is_bft)
        if decision is not None:
            final = self._final.get(decision.node, 0)
            self._final[decision.node] = max(final, decision.number)

    def state(self) -> State:
        """Compare the lowest final block of the honest nodes."""
        honest = [node for node in self._final if self._observed.is_honest(node)]
        node = min(honest, key=lambda name: (self._final[name], name), default=None)
        if node is None:
            return State(holds=False, why="no node is honest")
        return State(
            holds=self._final[node] >= self._blocks,
            why=f"the lowest final block is {self._final[node]}, at {node}; wants {self._blocks}",
        )


class InValidatorSet:
    """The key of a node may seal on the highest head."""

    def __init__(self, observed: Observed, node: str) -> None:
        self._observed = observed
        self._node = node
        self._highest: tuple[int, Hash32] = (0, observed.genesis)

    def observe(self, fact: Fact) -> None:
        """Follow the highest head of an honest node."""
        self._observed.note(fact)
        if (
            isinstance(fact, HeadAt)
            and fact.number > self._highest[0]
            and self._observed.is_honest(fact.node)
        ):
            self._highest = (fact.number, fact.hash)

    def state(self) -> State:
        """Look the key up in the set after that head."""
        number, block_hash = self._highest
        members = self._observed.seals.after(block_hash) or ()
        holds = self._observed.addresses.get(self._node) in members
        word = "one" if holds else "none"
        return State(
            holds=holds,
            why=f"after block {number} there are {len(members)} validators, {self._node} is {word}",
        )


class EvidenceAgainst:
    """A node reported that the key of another broke a rule."""

    def __init__(self, node: str, key: Address) -> None:
        self._node = node
        self._key = key
        self._told: str | None = None

    def observe(self, fact: Fact) -> None:
        """Note the first report against the key."""
        if isinstance(fact, EvidenceReported) and fact.offender == self._key:
            self._told = self._told or f"{fact.node} reported {fact.kind} by {self._node}"

    def state(self) -> State:
        """Say who reported what."""
        why = self._told or f"nobody reported anything about {self._node}"
        return State(holds=self._told is not None, why=why)
