"""What a node must know about an engine besides its interface, one plan for each engine.

The options behind a plan come from a genesis or from a scenario; whoever holds a plan can found a
chain of this engine, run it, and read its headers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from node.base.errors import CodecError
from node.base.header_form import WHOLE, HeaderForm
from node.base.types import MICROS_PER_SECOND, ZERO_HASH, Address, Hash32
from node.consensus_poa.aura import engine as aura_engine
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique import engine as clique_engine
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.extra_data import genesis_extra
from node.consensus_poa.ibft1 import header as ibft1_header
from node.consensus_poa.ibft1 import log as ibft1_log
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.interface import Capabilities, Engine
from node.consensus_poa.qbft import header as qbft_header
from node.consensus_poa.qbft import log as qbft_log
from node.consensus_poa.qbft.engine import QbftEngine
from node.consensus_poa.qbft.options import QbftOptions
from node.evm.forks import CANCUN, LONDON, Profile

MakeEngine: TypeAlias = Callable[[Capabilities], Engine]
PruneLog: TypeAlias = Callable[[Sequence[bytes], int], tuple[bytes, ...]]

CONTRACT_KEY: Final = "validatorcontractaddress"
"""Under ``config.<engine>``: the contract that names the validators (Besu)."""


BREACH_RULES: Final = frozenset({"QBFT.PeerBreached", "IBFT1.PeerBreached"})
"""A peer sent what it must have seen to be no message (consensus.md section 11)."""
TOLD_RULES: Final = frozenset(
    {
        "Clique.BlockRefused",
        "Clique.BlockParked",
        "Clique.BlockInvalid",
        "Clique.Abstained",
        "AuRa.skipped_primary",
        *("agreement_violation", "AuRa.agreement_violation", "IBFT1.agreement_violation"),
        *("QBFT.ValidatorsUnavailable", "AuRa.SetUnavailable", "IBFT1.ValidatorSetUnavailable"),
        *("QBFT.WalRefused", "Clique.WalRefused", "AuRa.WalRefused", "IBFT1.WalRefused"),
    }
)
"""Rules of engines that a history should tell; the last three lines are alarms (consensus.md
sections 8 and 11)."""


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
    """As under ``config.<config_key>`` of a genesis, without the contract."""
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

    def pruned(self, entries: tuple[bytes, ...], head: int) -> tuple[bytes, ...]:
        """Give what of a log can still matter; all of one that the engine will refuse to read."""
        try:
            return self.prune_log(entries, head)
        except CodecError:
            return entries

    def settings_of(self, registry: Address) -> dict[str, Any]:
        """Give the settings of a network, whose set ``registry`` may name."""
        named = {CONTRACT_KEY: f"0x{registry.hex()}"} if self.registry == "set" else {}
        return {**self.settings, **named}


def clique_plan(options: CliqueOptions) -> EnginePlan:
    """Give the plan of Clique (EIP-225)."""
    return EnginePlan(
        name="clique",
        config_key="clique",
        wire_id=4,
        profile=LONDON,
        period_s=options.period,
        settings={"period": options.period, "epoch": options.epoch},
        make=lambda lent: CliqueEngine(options, lent),
        prune_log=clique_engine.prune_wal,
        genesis_extra=genesis_extra,
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
        genesis_extra=genesis_extra,
        registry="set",
        has_finality=True,
    )


def qbft_plan(options: QbftOptions) -> EnginePlan:
    """Give the plan of QBFT (EEA)."""
    is_contract = options.validators_from == "contract"
    settings: dict[str, Any] = {
        "blockperiodseconds": options.period,
        "requesttimeoutseconds": -(-options.request_timeout_us // MICROS_PER_SECOND),
        "epochlength": options.epoch,
    }
    if options.empty_period is not None:
        settings["emptyblockperiodseconds"] = options.empty_period
    return EnginePlan(
        name="qbft",
        config_key="qbft",
        wire_id=1,
        profile=CANCUN,
        period_s=options.period,
        settings=settings,
        make=lambda lent: QbftEngine(options, lent),
        prune_log=qbft_log.prune_wal,
        genesis_extra=lambda members: qbft_header.genesis_extra(() if is_contract else members),
        mix_hash=qbft_header.MIX_HASH,
        form=qbft_header.QbftForm(),
        registry="set" if is_contract else "votes",
        has_finality=True,
    )


def ibft1_plan(options: Ibft1Options) -> EnginePlan:
    """Give the plan of IBFT 1, as GoQuorum has it."""
    settings: dict[str, Any] = {
        "epochlength": options.epoch,
        "blockperiodseconds": options.period,
        "requesttimeoutseconds": -(-options.request_timeout_us // MICROS_PER_SECOND),
    }
    if options.quorum == "ceil_2n_3":
        settings["ceil2Nby3Block"] = 0
    return EnginePlan(
        name="ibft1",
        config_key="ibft",
        wire_id=2,
        profile=LONDON,
        period_s=options.period,
        settings=settings,
        make=lambda lent: Ibft1Engine(options, lent),
        prune_log=ibft1_log.prune_wal,
        genesis_extra=ibft1_header.genesis_extra,
        mix_hash=ibft1_header.MIX_HASH,
        form=ibft1_header.Ibft1HeaderForm(),
        has_finality=True,
    )
