"""An engine whose validator does not keep to the protocol: the place between engine and driver.

The engine itself stays honest; behaviours change what it hears and what leaves it.  The adversary
sends replays, messages signed by its own keys and compositions of signed payloads that it has seen,
nothing else (adversary model of the QBFT Dafny specification; consensus.md section 13).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from node.app.chain_desk import BuildHabits
from node.app.engines import EnginePlan
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import Event
from node.consensus_poa.interface import Capabilities, Engine
from node.evm.transactions import Transaction
from node.sim.faults.planted import Plant


class Behaviour:
    """One way of being Byzantine; this one changes nothing."""

    def hear(self, event: Event, now: int) -> tuple[Event, int]:
        """Give what the engine hears instead, and at what time."""
        return event, now

    def bend(self, event: Event, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Give what leaves the node instead of ``effects``, which ``event`` brought about."""
        del event
        return effects

    def pick(self, candidates: Iterable[Transaction]) -> Iterable[Transaction]:
        """Give the transactions that may go into a block of this node."""
        return candidates

    def gas_limit(self, parent: Header) -> int | None:
        """Give the gas limit of a block of this node; None: no other than an honest one's."""
        del parent
        return None


class Bends:
    """The behaviours of all nodes of a world; they outlive restarts."""

    def __init__(
        self, *, is_honest: bool, plants: Mapping[str, Plant] = MappingProxyType({})
    ) -> None:
        self.plants = plants
        """Nodes whose software has a mistake."""
        self._is_honest = is_honest
        """No fault of the run needs a bent engine: all stay as they are."""
        self._engines: dict[str, Engine] = {}
        self._active: dict[str, list[Behaviour]] = {}

    def plan(self, name: str, plan: EnginePlan) -> EnginePlan:
        """Give the plan of a node's engine."""
        plant = self.plants.get(name)
        if plant is None:
            return plan

        def make(lent: Capabilities) -> Engine:
            return plant.instead_of(plan.make(lent), lent)

        return replace(plan, make=make)

    def wrap(self, name: str, engine: Engine) -> Engine:
        """Give the engine that the driver of a node uses."""
        self._engines[name] = engine
        if self._is_honest:
            return engine
        return BentEngine(engine, self._active.setdefault(name, []))

    def habits(self, name: str) -> BuildHabits | None:
        """Give how a node builds blocks."""
        return None if self._is_honest else BentHabits(self._active.setdefault(name, []))

    def engine(self, name: str) -> Engine:
        """Give the honest engine of a node."""
        return self._engines[name]

    def add(self, name: str, behaviour: Behaviour) -> None:
        """Let a node behave so from now on."""
        self._active.setdefault(name, []).append(behaviour)

    def remove(self, name: str, behaviour: Behaviour) -> None:
        """End a behaviour."""
        self._active[name].remove(behaviour)

    def is_byzantine(self, name: str) -> bool:
        """Say whether a node misbehaves now."""
        return bool(self._active.get(name))


class BentEngine:
    """Engine of a node that may be Byzantine."""

    def __init__(self, engine: Engine, active: list[Behaviour]) -> None:
        self._engine = engine
        self._active = active

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event through all behaviours, the oldest first."""
        active = tuple(self._active)
        for behaviour in active:
            event, now = behaviour.hear(event, now)
        effects = self._engine.handle(event, now)
        for behaviour in active:
            effects = behaviour.bend(event, effects)
        return effects

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Ask the honest engine."""
        return self._engine.verify_header(header, parent)

    def signer_of(self, header: Header) -> Address | None:
        """Ask the honest engine."""
        return self._engine.signer_of(header)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Ask the honest engine."""
        return self._engine.validators_after_block(block_hash)

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Ask the honest engine."""
        return self._engine.fork_choice(current, candidate)

    def snapshot(self) -> bytes:
        """Give the state of the honest engine: behaviours are the simulator's."""
        return self._engine.snapshot()

    def restore(self, data: bytes) -> None:
        """Give the honest engine a state."""
        self._engine.restore(data)


class BentHabits:
    """``BuildHabits`` of a node that may be Byzantine."""

    def __init__(self, active: list[Behaviour]) -> None:
        self._active = active

    def pick(self, candidates: Iterable[Transaction]) -> Iterable[Transaction]:
        """Let every behaviour leave something out."""
        for behaviour in self._active:
            candidates = behaviour.pick(candidates)
        return candidates

    def gas_limit(self, parent: Header) -> int | None:
        """Take the limit of the newest behaviour that wants one."""
        wanted = (behaviour.gas_limit(parent) for behaviour in reversed(self._active))
        return next((limit for limit in wanted if limit is not None), None)
