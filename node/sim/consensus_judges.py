"""Builds the predicates about consensus; all of them share what they read (section 9)."""

from functools import cached_property
from typing import Final

from node.base.types import MICROS_PER_SECOND, Hash32
from node.sim.checkers.clique_seals import CliqueSealChecker
from node.sim.checkers.consensus_agreement import Agreement, Integrity
from node.sim.checkers.consensus_aura import AuraSeals
from node.sim.checkers.consensus_deadlock import Deadlock
from node.sim.checkers.consensus_forks import Heads
from node.sim.checkers.consensus_messages import MessageReader
from node.sim.checkers.consensus_observed import Observed
from node.sim.checkers.consensus_registry import Log, RegistryReader
from node.sim.checkers.consensus_rounds import Rounds
from node.sim.checkers.consensus_rules import Rules
from node.sim.checkers.consensus_sealed import SealedBlocks
from node.sim.checkers.consensus_seals import IbftSeals, OutsideSeals, QbftSeals, SealJudge
from node.sim.checkers.consensus_sets import RegistryRules, Sets
from node.sim.checkers.consensus_times import Times
from node.sim.checkers.consensus_votes import VoteLog
from node.sim.expectations import Mode
from node.sim.founding_plan import min_validators
from node.sim.kernel import Priority
from node.sim.predicates.base import Predicate
from node.sim.predicates.consensus import (
    Checker,
    Deadlocked,
    EvidenceAgainst,
    FinalisedAtLeast,
    InValidatorSet,
    NeverDeadlocked,
    NoFault,
    ReorgDeeperThan,
)
from node.sim.predicates.progress import HeightGrows, Stalled
from node.sim.schema import expectations as wanted
from node.sim.schema.scenario import Scenario
from node.sim.world import World

_FUTURE_US: Final = {"qbft": MICROS_PER_SECOND, "ibft1": MICROS_PER_SECOND}
"""How far ahead a block's time may be; Clique and AuRa park what is of the future at all."""


class ConsensusJudges:
    """Makes predicates for one run, each checker's readings once for all of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules = rules_of(world.scenario)

    def predicate(self, model: wanted.Predicate, *, mode: Mode, from_us: int) -> Predicate | None:
        """Give the predicate of a model; None: it is not about consensus."""
        world = self._world
        match model:
            case wanted.Deadlock():
                return self._deadlock()
            case wanted.ReorgDeeperThan():
                return ReorgDeeperThan(Heads(self._observed), model.blocks)
            case wanted.FinalisedAtLeast():
                return FinalisedAtLeast(self._observed, model.blocks)
            case wanted.InValidatorSet():
                return InValidatorSet(self._observed, model.node)
            case wanted.EvidenceAgainst():
                return EvidenceAgainst(model.node, world.addresses[model.node])
            case wanted.HeightGrows():
                is_any = mode == "never"
                return HeightGrows(model.nodes, self._now, from_us=from_us, is_any=is_any)
            case wanted.Stalled():
                return Stalled(model.nodes, model.for_us, self._now, self._wake, from_us=from_us)
            case _:
                return self._invariant(model)

    def _invariant(self, model: wanted.Predicate) -> Predicate | None:
        observed, log, engine = self._observed, self._log, self._rules.engine
        checkers: tuple[Checker, ...]
        match model:
            case wanted.SealAuthorised():
                fine, checkers = "all seals are authorised", (SealedBlocks(observed),)
            case wanted.Agreement():
                fine, checkers = "all decided chains of honest nodes are one", (Agreement(log),)
            case wanted.Integrity():
                fine, checkers = "no honest node took a decision back", (Integrity(log),)
            case wanted.ValidatorSetPure():
                fine, checkers = "one set after each block, at every node", (Sets(observed),)
            case wanted.NoHonestDoubleSign():
                fine, checkers = "no honest key signed two things in one slot", (log,)
            case wanted.BftRules():
                fine, checkers = "locks are kept and rounds rise", (Rounds(log),)
            case wanted.CliqueRules():
                fine = "seals, turns, lists and difficulties are right"
                checkers = (SealedBlocks(observed), Heads(observed)) if engine == "clique" else ()
            case wanted.AuraRules():
                fine = "steps, primaries, scores and finality are right"
                checkers = (SealedBlocks(observed), Integrity(log)) if engine == "aura" else ()
            case wanted.RegistryRules():
                fine = "removals keep the cap, sets the minimum"
                checkers = (RegistryRules(observed, self._registry),)
            case wanted.TimesPossible():
                fine, checkers = "all times are possible", (Times(observed),)
            case _:
                return None
        return NoFault(fine, *checkers)

    @cached_property
    def _observed(self) -> Observed:
        world = self._world
        return Observed(
            self._rules, self._genesis, world.addresses, self._seals, MessageReader(world.verifier)
        )

    @cached_property
    def _log(self) -> VoteLog:
        return VoteLog(self._observed)

    @cached_property
    def _seals(self) -> SealJudge:
        world, rules = self._world, self._rules
        match rules.engine:
            case "qbft":
                by_vote = world.scenario.chain.validators_from == "header"
                registry = None if by_vote else self._registry
                return QbftSeals(self._genesis, rules, world.verifier, registry)
            case "ibft1":
                return IbftSeals(self._genesis, rules, world.verifier)
            case "aura":
                first = tuple(world.addresses[name] for name in world.scenario.network.validators)
                return AuraSeals(self._genesis, first, rules, world.verifier, self._registry)
            case "clique":
                return self._clique
            case _:
                return OutsideSeals(self._genesis, world.verifier)

    @cached_property
    def _clique(self) -> CliqueSealChecker:
        return CliqueSealChecker(
            self._genesis, epoch=self._rules.epoch, verifier=self._world.verifier
        )

    @cached_property
    def _registry(self) -> RegistryReader:
        world = self._world
        first = tuple(world.addresses[name] for name in world.scenario.network.validators)
        genesis = next(iter(world.nodes.values())).ledger.genesis_header
        return RegistryReader(
            genesis.hash(),
            first,
            world.cast.ward.contracts.government.address,
            self._logs_of,
            minimum=min_validators(len(first)),
        )

    @cached_property
    def _genesis(self) -> bytes:
        return next(iter(self._world.nodes.values())).ledger.genesis_header.encode()

    def _logs_of(self, block_hash: Hash32) -> tuple[Log, ...] | None:
        """Give the logs of a block from any node that has it."""
        for core in self._world.nodes.values():
            if core.ledger.header(block_hash) is not None:
                return tuple(
                    (log.address, tuple(log.topics), log.data)
                    for receipt in core.ledger.receipts(block_hash)
                    for log in receipt.logs
                )
        return None

    def _deadlock(self) -> Predicate:
        if self._rules.engine != "clique":
            return NeverDeadlocked()
        return Deadlocked(Deadlock(self._observed, self._clique))

    def _now(self) -> int:
        """Give the time up to the horizon: what is under way then arrives, but nobody seals."""
        return min(self._world.kernel.now, self._world.scenario.run.until_us)

    def _wake(self, at_us: int) -> None:
        """Have expectations judged at a time at which nothing else may happen."""
        self._world.kernel.at(at_us, Priority.CHECK, "", self._check)

    def _check(self) -> None:
        for listener in self._world.on_change:
            listener()


def rules_of(scenario: Scenario) -> Rules:
    """Give the rules of a scenario's network, as the checkers take them."""
    chain = scenario.chain
    engine = chain.consensus
    return Rules(
        engine=engine,
        period=chain.period_us // MICROS_PER_SECOND,
        epoch=chain.epoch,
        quorum=chain.options.quorum,
        two_thirds=chain.options.two_thirds,
        future_us=_FUTURE_US.get(engine, 0),
    )
