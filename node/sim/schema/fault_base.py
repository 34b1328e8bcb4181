"""What every fault of a scenario has: when it begins, whether it lasts, whether it comes again."""

from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field

from node.sim.schema.base import Id, PlacedSection, Section, duration_field, refers_to, whole
from node.sim.schema.units import Duration, PositiveDuration, duration_us, wants

_REPEATS_MAX: Final = 10_000
_BLOCK_MAX: Final = 2**32


class FaultAt(Section):
    """When a fault begins: after the start of the run or of the end of a step, or at a height."""

    after: Id | None = refers_to("step", default=None)
    delay_us: Duration = duration_field(0, "delay")
    block: Annotated[int, whole(1, _BLOCK_MAX)] | None = None
    """When more than half of the validators have a head of this number or above."""


def _moment(value: object) -> object:
    if isinstance(value, dict):
        if (value.get("after") is None) == (value.get("block") is None):
            raise wants("either after: a step, or block: a number")
        return value
    delay = duration_us(value)
    if delay is None or delay < 0:
        raise wants("a duration from the start like 30s, {block: 12}, or {after: step, delay: 5s}")
    return FaultAt.model_construct(after=None, delay_us=delay, block=None)


AnyFaultAt: TypeAlias = Annotated[
    FaultAt, BeforeValidator(_moment, json_schema_input_type=Duration | FaultAt)
]


class Repeat(Section):
    """A fault that comes again."""

    every_us: PositiveDuration = Field(alias="every")
    count: Annotated[int, whole(2, _REPEATS_MAX)]
    """The first time counts."""


class FaultBase(PlacedSection):
    """What every fault has."""

    id: Id = ""
    """The loader gives ``<do>-<k>`` to a fault without one."""
    at: AnyFaultAt
    repeat: Repeat | None = None
    may_miss: bool = False
    """Whether a run in which the fault changed nothing is one that says something."""


class LastingFault(FaultBase):
    """A fault that begins and ends."""

    lasting_us: PositiveDuration | None = Field(default=None, alias="lasting")
    """None: to the end of the run."""


def _no_lasting(_value: object) -> None:
    raise wants("no such key: this fault happens at one instant")


class InstantFault(FaultBase):
    """A fault that happens at one instant."""

    lasting_us: Annotated[None, BeforeValidator(_no_lasting)] = Field(default=None, alias="lasting")
