"""``network``: validators, their machines and clocks, and the links between them."""

from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from node.base.limits import VALIDATORS_COUNT_MAX
from node.sim.regions import REGIONS
from node.sim.schema.base import Id, Section, duration_field, listed, mapped, whole
from node.sim.schema.units import Bandwidth, Duration, Offset, Probability, wants

VALIDATORS_DEFAULT: Final = 4
_DRIFT_PPM_MAX: Final = 100_000
_GAS_PER_SECOND_MAX: Final = 10**12
_JITTER_PART: Final = 10
"""Jitter has a mean of a tenth of the latency unless the file says otherwise."""


class Link(Section):
    """What one end adds to a link; latencies of both ends add, losses combine."""

    base_us: Duration = Field(alias="base")
    """Added latency, one way."""
    jitter_us: Duration = Field(
        default=0, alias="jitter", json_schema_extra={"default": "a tenth of base"}
    )
    """Mean of the jitter."""
    dist: Literal["exponential", "constant", "uniform"] = "exponential"
    bandwidth_bps: Bandwidth = Field(
        default=10**9, alias="bandwidth", json_schema_extra={"default": "1Gbit"}
    )
    """Bit per second."""
    loss_ppm: Probability = Field(default=0, alias="loss")

    @model_validator(mode="after")
    def _tenth(self) -> "Link":
        if "jitter_us" in self.model_fields_set:
            return self
        return self.model_copy(update={"jitter_us": self.base_us // _JITTER_PART})


def _preset(bandwidth_bps: int, base_us: int, loss_ppm: int) -> Link:
    return Link.model_construct(
        base_us=base_us,
        jitter_us=base_us // _JITTER_PART,
        dist="exponential",
        bandwidth_bps=bandwidth_bps,
        loss_ppm=loss_ppm,
    )


PRESETS: Final[MappingProxyType[str, Link]] = MappingProxyType(
    {
        "lan": _preset(10**9, 200, 0),
        "reliable": _preset(10**9, 0, 0),
        "home": _preset(50_000_000, 20_000, 1_000),
        "laggy": _preset(50_000_000, 300_000, 50_000),
        "constrained": _preset(5_000_000, 20_000, 1_000),
        "bad": _preset(2_000_000, 500_000, 200_000),
    }
)
"""All but ``lan`` as documented by Ethshadow, commit 03c976d (simulation.md section 5)."""


def _preset_or_mapping(value: object) -> object:
    if isinstance(value, str) and value in PRESETS:
        return PRESETS[value]
    if not isinstance(value, dict):
        raise wants(f"one of {', '.join(PRESETS)}, or a mapping with base")
    return value


PresetName = Literal["lan", "reliable", "home", "laggy", "constrained", "bad"]
AnyLink: TypeAlias = Annotated[
    Link, BeforeValidator(_preset_or_mapping, json_schema_input_type=PresetName | Link)
]


class Clock(Section):
    """How a node's clock differs from world time."""

    offset_us: Offset = duration_field(0, "offset")
    drift_ppm: Annotated[int, whole(-_DRIFT_PPM_MAX, _DRIFT_PPM_MAX)] = 0


class Cpu(Section):
    """What work costs on a node, in virtual time."""

    message_us: Duration = duration_field(30, "message")
    signature_us: Duration = duration_field(45, "signature")
    gas_per_second: Annotated[int, whole(1, _GAS_PER_SECOND_MAX)] = 40_000_000


def _region(value: object) -> object:
    if value not in REGIONS:
        raise wants(f"one of {', '.join(REGIONS)}")
    return value


class NodeSettings(Section):
    """What is special about one node: ``network.nodes.ID``."""

    role: Literal["validator", "candidate", "observer"] = "validator"
    """An id outside ``network.validators`` is a node more, without a hospital: an observer, or a
    candidate, whose key the validators may admit later."""
    region: Annotated[str, BeforeValidator(_region)] | None = None
    link: AnyLink | None = None
    """None: the network's."""
    clock: Clock = Field(default_factory=Clock)
    cpu: Cpu = Field(default_factory=Cpu)
    verify: bool = False
    """Execute every block and check every signature itself, whatever the others share."""


def _selector(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, tuple) or not value:
        raise wants("a node, a list of nodes, or all")
    return value


Selector: TypeAlias = Annotated[
    tuple[Id, ...], BeforeValidator(_selector, json_schema_input_type=Id | tuple[Id, ...])
]
"""Node ids; the loader has replaced ``all`` by all of them."""


def _pair(value: object) -> object:
    if not isinstance(value, tuple) or len(value) != 2:
        raise wants("two groups of nodes, like [h0, h1] or [[h0, h1], all]")
    return value


class LinkOverride(Section):
    """Other values for the links between two groups of nodes; the last one that fits wins."""

    between: Annotated[tuple[Selector, Selector], BeforeValidator(_pair)]
    link: AnyLink
    oneway: bool = False
    """Only from the first group to the second."""


def _default_validators() -> tuple[str, ...]:
    return numbered("h", VALIDATORS_DEFAULT, first=0)


def numbered(prefix: str, count: int, *, first: int) -> tuple[str, ...]:
    """Give ids like h0, h1, ..."""
    return tuple(f"{prefix}{index}" for index in range(first, first + count))


class Network(Section):
    """The nodes and what lies between them: ``network:``."""

    validators: Annotated[
        tuple[Id, ...],
        listed(f"a number from 1 to {VALIDATORS_COUNT_MAX}, or a list of ids"),
        BeforeValidator(lambda value: value, json_schema_input_type=int | tuple[Id, ...]),
    ] = Field(default_factory=_default_validators, max_length=VALIDATORS_COUNT_MAX)
    """One hospital each."""
    topology: Literal["mesh"] = "mesh"
    gossip: Literal["relay", "direct"] = "relay"
    """relay: nodes pass on what they learn; direct: only makers send, for very many nodes."""
    link: AnyLink = Field(default=PRESETS["lan"], json_schema_extra={"default": "lan"})
    links: tuple[LinkOverride, ...] = ()
    nodes: Annotated[dict[Id, NodeSettings], mapped("a mapping of node ids")] = Field(
        default_factory=dict[str, NodeSettings]
    )

    @property
    def extras(self) -> tuple[str, ...]:
        """Give the nodes that are no validators, in the order of the file."""
        return tuple(name for name in self.nodes if name not in self.validators)
