"""Whole networks in one process: how much simulated time a second of CPU buys.

Real signatures, the real world of the simulator, no steps: blocks are empty.
"""

import time
from dataclasses import dataclass
from typing import Final, Literal

from node.base.types import MICROS_PER_SECOND, Hash32
from node.bench.errors import CandidateFaultError
from node.sim.garbage import calm_collector
from node.sim.judges import build_expectations
from node.sim.loader import load
from node.sim.steps import StepBook
from node.sim.world import World

PERIOD_S: Final = 5
WARM_S: Final = 2 * PERIOD_S
"""Founding and connecting are over, every link has carried a vote: what follows is steady."""
_EVERYWHERE: Final = (
    "agreement",
    "integrity",
    "seal_authorised",
    "validator_set_pure",
    "no_honest_double_sign",
    "registry_rules",
    "times_possible",
)
_OWN: Final = {"qbft": ("bft_rules",), "clique": ("clique_rules",)}
"""Predicates about consensus, of every engine and of one."""
_TEXT: Final = """\
wardnet: 1
name: bench
run: {{seed: 1, until: {until}s, verify: {verify}}}
chain: {{consensus: {engine}, period: {period}s{fork_choice}}}
network: {{validators: {validators}, gossip: direct}}
expect: [{expect}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run."""

    warm_s: int
    """Simulated seconds before the steady part."""
    steady_s: int
    """Simulated seconds of the steady part."""
    founding_cpu_s: float
    warm_cpu_s: float
    steady_cpu_s: float
    frames: int
    """In the steady part."""
    blocks: int
    heads: frozenset[Hash32]
    digest: str
    violated: tuple[str, ...]

    @property
    def steady_rate(self) -> float:
        """Simulated seconds per CPU second, when all is connected."""
        return self.steady_s / self.steady_cpu_s

    @property
    def whole_rate(self) -> float:
        """The same of the whole run, founding and connecting included."""
        cpu_s = self.founding_cpu_s + self.warm_cpu_s + self.steady_cpu_s
        return (self.warm_s + self.steady_s) / cpu_s


def run_world(
    engine: Literal["qbft", "clique"],
    validators: int,
    *,
    seconds: int,
    checkers: bool = False,
    verify: Literal["shared", "full"] = "shared",
) -> Ran:
    """Run a network for ``WARM_S`` and then for ``seconds``.

    ``checkers``  with every predicate about consensus; without: none, not even the audit.
    ``verify``    ``full``: each node recovers every signature itself.
    """
    marks = [time.process_time()]
    until = WARM_S + seconds
    scenario = load(_text(engine, validators, until, verify, checkers=checkers), "bench.yaml")
    world = World(scenario)
    expectations = build_expectations(world, StepBook(world, {})) if checkers else ()
    for one in expectations:
        world.listeners.append(one.observe)

    def check() -> None:
        for one in expectations:
            one.check(world.kernel.now)

    world.on_change.append(check)
    marks.append(time.process_time())
    with calm_collector():
        world.start()
        world.kernel.run_until(WARM_S * MICROS_PER_SECOND)
        frames, number = world.counters.frames, _height(world)
        marks.append(time.process_time())
        world.kernel.run_until(until * MICROS_PER_SECOND)
        marks.append(time.process_time())
    found = [one.conclude(world.kernel.now) for one in expectations]
    if _height(world) <= number:
        raise CandidateFaultError(engine, f"no block in {seconds} s")
    return Ran(
        warm_s=WARM_S,
        steady_s=seconds,
        founding_cpu_s=marks[1] - marks[0],
        warm_cpu_s=marks[2] - marks[1],
        steady_cpu_s=marks[3] - marks[2],
        frames=world.counters.frames - frames,
        blocks=_height(world) - number,
        heads=frozenset(core.ledger.head_hash for core in world.nodes.values()),
        digest=world.trace.digest(),
        violated=tuple(f"{one.terms.text}: {one.why}" for one in found if one.holds is False),
    )


def _height(world: World) -> int:
    return max(core.ledger.head.number for core in world.nodes.values())


def _text(engine: str, validators: int, until: int, verify: str, *, checkers: bool) -> str:
    names = (*_EVERYWHERE, *_OWN[engine]) if checkers else ()
    return _TEXT.format(
        until=until,
        verify=verify,
        engine=engine,
        period=PERIOD_S,
        fork_choice=", fork_choice: eip3436" if engine == "clique" else "",
        validators=validators,
        expect=", ".join(f"{{always: {name}}}" for name in names),
    )
