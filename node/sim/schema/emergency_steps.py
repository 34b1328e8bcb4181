"""Steps of emergencies and of copies: what happens without a grant, and what a patient may ask."""

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from node.sim.schema.base import Id, refers_to
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import PositiveDuration, wants

_CODE: Final = re.compile("[!-~]{1,32}")
_DAY_US: Final = 86_400_000_000


def _code(value: object) -> object:
    if not isinstance(value, str) or _CODE.fullmatch(value) is None:
        raise wants("a code of 1 to 32 ASCII characters without spaces, like unconscious")
    return value


Code: TypeAlias = Annotated[str, BeforeValidator(_code)]


class EmergencyAccess(StepBase):
    """A doctor breaks the glass; a ``read_record`` of theirs then needs no grant."""

    do: Literal["emergency_access"]
    doctor: Id = refers_to("doctor")
    patient: Id = refers_to("patient")
    reason: Code
    for_us: PositiveDuration = Field(default=_DAY_US, alias="for")
    """At most 24 hours; the contract refuses more."""


class ReviewEmergency(StepBase):
    """A member of the authority says what came of an emergency."""

    do: Literal["review_emergency"]
    emergency: Id = refers_to("emergency")
    outcome: Code
    justified: bool = True


class RequestCopy(StepBase):
    """A patient asks for a copy of the own records; a clock of 72 hours starts."""

    do: Literal["request_copy"]
    patient: Id = refers_to("patient")
    pmr: Id | None = refers_to("visit", default=None)
    """None: all records."""


class IssueCopy(StepBase):
    """A hospital makes the copy, seals it to the patient, and records that it is there."""

    do: Literal["issue_copy"]
    hospital: Id = refers_to("node")
    copied: Id = refers_to("copy", alias="copy")


EmergencyStep: TypeAlias = EmergencyAccess | ReviewEmergency | RequestCopy | IssueCopy
