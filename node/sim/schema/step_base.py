"""What every step of a scenario has: when it starts, how long it may take, how it should end."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator

from node.sim.schema.base import (
    ErrorName,
    Id,
    PlacedSection,
    Section,
    duration_field,
    present,
    refers_to,
)
from node.sim.schema.units import Duration, PositiveDuration, duration_us, wants

TIMEOUT_DEFAULT_US: Final = 120_000_000


class At(Section):
    """When a step starts: after the start of the run, or after another step ended."""

    after: Annotated[Id | None, BeforeValidator(present)] = refers_to("step")
    delay_us: Duration = duration_field(0, "delay")


def _duration_or_mapping(value: object) -> object:
    if isinstance(value, dict):
        return value
    delay = duration_us(value)
    if delay is None or delay < 0:
        raise wants("a duration from the start like 30s, or {after: step, delay: 5s}")
    return At.model_construct(after=None, delay_us=delay)


AnyAt: TypeAlias = Annotated[
    At, BeforeValidator(_duration_or_mapping, json_schema_input_type=Duration | At)
]


class StepBase(PlacedSection):
    """What every step has."""

    id: Id = ""
    """The loader gives ``<do>-<k>`` to a step without one."""
    at: AnyAt | None = None
    """None: when the step before it has ended."""
    timeout_us: PositiveDuration = duration_field(TIMEOUT_DEFAULT_US, "timeout")
    expect: Literal["ok", "refused", "revert", "timeout", "any"] = "ok"
    error: ErrorName | None = None
    """Contract error, status of a custodian's refusal, or error class that is expected."""
