"""``faults``: what is done to the network, one model per kind (simulation.md section 10).

``schema.faults`` is about mistakes in a file; the models here are about harm that is meant.
"""

from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from node.sim.schema.base import Id, Section, duration_field, listed, whole
from node.sim.schema.custody_faults import CustodianFault, EssentialFault
from node.sim.schema.fault_base import FaultBase, InstantFault, LastingFault
from node.sim.schema.selectors import ALL_LINKS, AnyLinks, AnyNodes, NamedNodes
from node.sim.schema.units import Duration, Offset, PositiveDuration, Probability, wants

_DRIFT_PPM_MAX: Final = 100_000
_FLIPS_MAX: Final = 10_000


def _groups(value: object) -> object:
    groups = value if isinstance(value, tuple) else ()
    if len(groups) < 2 or any(not isinstance(group, tuple) or not group for group in groups):
        raise wants("two groups of nodes or more, like [[h0, h1], [h2, h3]]")
    return value


Groups: TypeAlias = Annotated[tuple[tuple[Id, ...], ...], BeforeValidator(_groups)]


class Partition(LastingFault):
    """Frames pass only inside groups; a node that no group names is alone."""

    do: Literal["partition"]
    shape: Literal["groups", "halves", "random"] = "groups"
    """halves: the order of the file, cut in the middle; random: the same, in drawn order."""
    groups: Groups | None = None


class PartitionOneway(LastingFault):
    """Frames of some nodes do not reach some others; the other direction works."""

    do: Literal["partition_oneway"]
    from_: AnyNodes = Field(alias="from")
    to: AnyNodes


class Isolate(LastingFault):
    """Nodes are cut off from everybody, each for itself."""

    do: Literal["isolate"]
    nodes: AnyNodes


class Latency(LastingFault):
    """Frames take longer."""

    do: Literal["latency"]
    links: AnyLinks = ALL_LINKS
    add_us: PositiveDuration = Field(alias="add")
    jitter_us: Duration = duration_field(0, "jitter")
    """Mean of what is added besides, drawn as the link draws its jitter."""


class Loss(LastingFault):
    """More frames are lost and sent again."""

    do: Literal["loss"]
    links: AnyLinks = ALL_LINKS
    p_ppm: Probability = Field(alias="p")


class Clog(LastingFault):
    """Frames are held, and released in order at the end."""

    do: Literal["clog"]
    links: AnyLinks = ALL_LINKS


class Disconnect(InstantFault):
    """Connections break and are made again; what is under way is lost."""

    do: Literal["disconnect"]
    links: AnyLinks = ALL_LINKS


class Crash(LastingFault):
    """Nodes stop at once, and start again from their disks."""

    do: Literal["crash"]
    nodes: AnyNodes


class RollingRestart(InstantFault):
    """Nodes stop and start one after another."""

    do: Literal["rolling_restart"]
    nodes: AnyNodes
    gap_us: PositiveDuration = duration_field(5_000_000, "gap")
    """From one stop to the next."""
    down_us: PositiveDuration = duration_field(2_000_000, "down")
    """How long each is down."""


class Pause(LastingFault):
    """Nodes handle nothing; what reaches them waits, timers are late."""

    do: Literal["pause"]
    nodes: AnyNodes


class LateJoin(InstantFault):
    """Nodes start only now, with empty disks."""

    do: Literal["late_join"]
    nodes: NamedNodes


class Wipe(InstantFault):
    """Nodes restart and what they kept is gone: ``store``, their blocks; ``custody``, shares too.

    Of custody goes all: shares, deposits, receipts.  Chain and keys stay.
    """

    do: Literal["wipe"]
    nodes: AnyNodes
    of: Literal["store", "custody"]


class BitRot(InstantFault):
    """Bits of what nodes keep turn over, and nobody is told: ``of: store``, of their blocks."""

    do: Literal["bit_rot"]
    nodes: AnyNodes
    of: Literal["store"]
    flips: Annotated[int, whole(1, _FLIPS_MAX)] = 1
    """Each in another block, as long as there are more."""


class ClockOffset(LastingFault):
    """Clocks are off by some time."""

    do: Literal["clock_offset"]
    nodes: AnyNodes
    by_us: Offset = Field(alias="by")


class ClockDrift(LastingFault):
    """Clocks run fast or slow; set right at the end."""

    do: Literal["clock_drift"]
    nodes: AnyNodes
    ppm: Annotated[int, whole(-_DRIFT_PPM_MAX, _DRIFT_PPM_MAX)]


class ClockStep(InstantFault):
    """Clocks jump, and stay there; timers that are armed do not move."""

    do: Literal["clock_step"]
    nodes: AnyNodes
    by_us: Offset = Field(alias="by")


class ByzantineFault(LastingFault):
    """A validator that does not keep to the protocol."""

    nodes: AnyNodes


class Silent(ByzantineFault):
    """Sends no consensus message and no block of its own."""

    do: Literal["silent"]


class WithholdBlock(ByzantineFault):
    """Keeps the blocks that it makes to itself; votes as others do."""

    do: Literal["withhold_block"]


class EquivocateProposal(ByzantineFault):
    """Tells one half of the others another block than the other half."""

    do: Literal["equivocate_proposal"]


class EquivocateVote(ByzantineFault):
    """Votes for one value to one half of the others, for another to the other half."""

    do: Literal["equivocate_vote"]


class OutOfTurn(ByzantineFault):
    """Makes blocks without waiting for its turn."""

    do: Literal["out_of_turn"]


class BadSeal(ByzantineFault):
    """Signs its blocks or commits wrongly."""

    do: Literal["bad_seal"]


class Amnesia(ByzantineFault):
    """Forgets what it signed: its log is empty when it starts again."""

    do: Literal["amnesia"]


class AlwaysRoundChange(ByzantineFault):
    """Asks for the next round instead of voting."""

    do: Literal["always_round_change"]


class Censor(ByzantineFault):
    """Leaves transactions out of its blocks."""

    do: Literal["censor"]
    sender: Id | None = None
    """A hospital, doctor, patient, lab or regulator; None: all transactions."""


class ReplayVotes(ByzantineFault):
    """Sends old messages of others again."""

    do: Literal["replay_votes"]


class RaiseGasLimit(ByzantineFault):
    """Raises the gas limit of its blocks by the most that the rules allow."""

    do: Literal["raise_gas_limit"]


class Flood(ByzantineFault):
    """Sends blocks that it sealed with its own key, whoever may."""

    do: Literal["flood"]
    blocks: Annotated[int, whole(1, 64)] = 4
    """For each new head."""


class PlantedBug(ByzantineFault):
    """Nodes run software with a mistake that a client of Clique once made; others have none.

    ``recents_lost_at_epoch``    who sealed lately is forgotten at a checkpoint (go-ethereum 17593).
    ``underflow_near_genesis``   ``number - SIGNER_LIMIT`` of unsigned numbers: below SIGNER_LIMIT
                                 nobody counts as recent, except to the snapshot.
    """

    do: Literal["planted_bug"]
    nodes: NamedNodes
    bug: Literal["recents_lost_at_epoch", "underflow_near_genesis"]


class CloneKey(LastingFault):
    """The key of a node also lives in a second one, ``<id>-clone``, with a disk of its own."""

    do: Literal["clone_key"]
    nodes: NamedNodes


NetFault: TypeAlias = Partition | PartitionOneway | Isolate | Latency | Loss | Clog | Disconnect
ProcessFault: TypeAlias = Crash | RollingRestart | Pause | LateJoin
StorageFault: TypeAlias = Wipe | BitRot
ClockFault: TypeAlias = ClockOffset | ClockDrift | ClockStep
EngineFault: TypeAlias = (
    Silent
    | WithholdBlock
    | EquivocateProposal
    | EquivocateVote
    | OutOfTurn
    | BadSeal
    | Amnesia
    | AlwaysRoundChange
    | Censor
    | ReplayVotes
    | RaiseGasLimit
    | Flood
    | PlantedBug
)
AccessFault: TypeAlias = CustodianFault | EssentialFault
Fault: TypeAlias = (
    NetFault | ProcessFault | StorageFault | ClockFault | EngineFault | AccessFault | CloneKey
)
AnyFault: TypeAlias = Annotated[Fault, Field(discriminator="do")]
FAULT_MODELS: Final[dict[str, type[FaultBase]]] = {
    get_args(model.model_fields["do"].annotation)[0]: model for model in get_args(Fault)
}
"""Name of each kind that is built, and its model."""


class Chaos(Section):
    """Random faults, drawn from the seed before the run (simulation.md section 11)."""

    families: Annotated[
        tuple[Literal["net", "process", "clock", "byzantine"], ...],
        listed("a list of net, process, clock, byzantine"),
    ]
    every_us: PositiveDuration = duration_field(5_000_000, "every")
    """Mean time from the beginning of one fault to that of the next."""
    active: Annotated[int, whole(1, 16)] = 3
    """At most so many at a time."""
    until_us: PositiveDuration = Field(alias="until")
    """All faults have ended by then."""


def is_engine_fault(fault: Fault) -> bool:
    """Say whether a fault makes a node's engine, or its blocks, do what no honest one does."""
    return isinstance(fault, ByzantineFault)
