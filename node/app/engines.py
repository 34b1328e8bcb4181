"""What a node must know about an engine besides its interface, one plan for each engine.

The options behind a plan come from a genesis or from a scenario; whoever holds a plan can found a
chain of this engine, run it, and read its headers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.aura import engine as aura_engine
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.extra_data import VANITY_BYTES, clique_extra
from node.consensus_poa.interface import Capabilities, Engine, HeaderForm
from node.consensus_poa.wal import keep_newest
from node.evm.forks import LONDON, Profile
from node.p2p.blocks import WHOLE

MakeEngine: TypeAlias = Callable[[Capabilities], Engine]
PruneLog: TypeAlias = Callable[[Sequence[bytes], int], tuple[bytes, ...]]

_CLIQUE_KEEPS: Final = {"seal": 128, "snapshot": 2}
"""Entries of each kind that Clique can still use after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """One engine with its options."""

    name: str
    """As in ``chain.consensus`` of a scenario."""
    config_key: str
    """As under ``config`` of a genesis."""
    wire_id: int
    """Names the engine in frames of consensus messages."""
    profile: Profile
    period_s: int
    settings: Mapping[str, Any]
    """As under ``config.<config_key>`` of a genesis."""
    make: MakeEngine
    prune_log: PruneLog
    """(entries, number of the head) -> entries that can still matter."""
    genesis_extra: Callable[[Sequence[Address]], bytes]
    """Validators, ascending -> extraData of block 0."""
    mix_hash: Hash32 = ZERO_HASH
    form: HeaderForm = WHOLE
    registry: Literal["set", "votes", "deep votes"] = "votes"
    """What follows GovernmentRegistry: the engine's set itself, or votes in headers that a watcher
    casts, reading at the head or some blocks below it (consensus.md section 8)."""
    has_finality: bool = False
    """The engine says which blocks are final; else a depth below the head stands for it."""


def clique_plan(options: CliqueOptions) -> EnginePlan:
    """Give the plan of Clique (EIP-225)."""

    def prune(entries: Sequence[bytes], _head: int) -> tuple[bytes, ...]:
        return keep_newest(entries, _CLIQUE_KEEPS)

    return EnginePlan(
        name="clique",
        config_key="clique",
        wire_id=4,
        profile=LONDON,
        period_s=options.period,
        settings={"period": options.period, "epoch": options.epoch},
        make=lambda lent: CliqueEngine(options, lent),
        prune_log=prune,
        genesis_extra=_seal_genesis,
        registry="deep votes",
    )


def aura_plan(options: AuraOptions) -> EnginePlan:
    """Give the plan of AuRa."""
    durations = dict(options.step_durations)
    settings: dict[str, Any] = {"stepDuration": durations if len(durations) > 1 else durations[0]}
    if options.two_thirds:
        settings["twoThirdsMajorityTransition"] = 0
    return EnginePlan(
        name="aura",
        config_key="aura",
        wire_id=3,
        profile=LONDON,
        period_s=durations[0],
        settings=settings,
        make=lambda lent: AuraEngine(options, lent),
        prune_log=aura_engine.prune_wal,
        genesis_extra=_seal_genesis,
        registry="set",
        has_finality=True,
    )


def _seal_genesis(validators: Sequence[Address]) -> bytes:
    """Give extraData of engines that seal there: vanity, validators, no seal."""
    return clique_extra(bytes(VANITY_BYTES), validators)
