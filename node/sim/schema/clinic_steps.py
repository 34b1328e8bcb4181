"""Steps of the clinic's desk: slots, appointments, policies and claims."""

import re
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import BeforeValidator, Field

from node.sim.schema.base import Id, duration_field, listed, refers_to, whole
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import PositiveDuration, wants

CoverName = Literal["consultation", "second_opinion", "amendment", "lab", "iomt"]
"""Kinds of entries that a policy can cover."""
SLOT_DEFAULT_US: Final = 15 * 60 * 1_000_000
SLOTS_MAX: Final = 24
ENTRIES_MAX: Final = 8
ENTRY_INDEX_MAX: Final = 255
AMOUNT_MAX: Final = 10**12
_REASON: Final = re.compile(r"[\x21-\x7e]{1,32}")


def _reason(value: object) -> object:
    if not isinstance(value, str) or _REASON.fullmatch(value) is None:
        raise wants("a reason code of 1 to 32 characters without spaces")
    return value


def _entries(value: object) -> object:
    if (
        not isinstance(value, tuple)
        or not 0 < len(cast("tuple[object, ...]", value)) <= ENTRIES_MAX
    ):
        raise wants(f"a list of 1 to {ENTRIES_MAX} indices of entries")
    return cast("tuple[object, ...]", value)


Entries: TypeAlias = Annotated[
    tuple[Annotated[int, whole(0, ENTRY_INDEX_MAX)], ...], BeforeValidator(_entries)
]


class OpenSlot(StepBase):
    """A doctor opens slots, one after the other, on the grid of five minutes."""

    do: Literal["open_slot"]
    doctor: Id = refers_to("doctor")
    in_us: PositiveDuration = Field(alias="in")
    """How long after the block that the step starts at the first one begins, at least."""
    length_us: PositiveDuration = duration_field(SLOT_DEFAULT_US, "length")
    count: Annotated[int, whole(1, SLOTS_MAX)] = 1


class BookAppointment(StepBase):
    """A patient books one of a doctor's slots."""

    do: Literal["book_appointment"]
    patient: Id = refers_to("patient")
    slots: Id = refers_to("slots")
    slot: Annotated[int, whole(0, SLOTS_MAX - 1)] = 0
    """Which of them, from 0."""


class MoveAppointment(StepBase):
    """A patient gives one slot back and takes another."""

    do: Literal["move_appointment"]
    appointment: Id = refers_to("appointment")
    """The step that booked it, or moved it last."""
    slots: Id = refers_to("slots")
    slot: Annotated[int, whole(0, SLOTS_MAX - 1)] = 0


class CancelAppointment(StepBase):
    """A patient gives a slot back, or the doctor takes it away."""

    do: Literal["cancel_appointment"]
    appointment: Id = refers_to("appointment")
    by: Literal["patient", "doctor"] = "patient"


class BindPolicy(StepBase):
    """An insurer offers a policy from now on, and the patient binds it."""

    do: Literal["bind_policy"]
    insurer: Id = refers_to("insurer")
    patient: Id = refers_to("patient")
    covers: Annotated[tuple[CoverName, ...], listed("a list of kinds of entries")] | None = None
    """None: all kinds."""
    for_us: PositiveDuration = Field(alias="for")


class ClaimInsurance(StepBase):
    """A patient, or a hospital that treated, claims for entries of a record."""

    do: Literal["claim_insurance"]
    policy: Id = refers_to("policy")
    pmr: Id = refers_to("visit")
    entries: Entries | None = None
    """None: the entry of that visit."""
    amount: Annotated[int, whole(1, AMOUNT_MAX)]
    """In paise."""
    note: str = ""
    """Goes into the sealed record of the claim."""
    hospital: Id | None = refers_to("node", default=None)
    """None: the patient files."""


class DecideClaim(StepBase):
    """An insurer reads what is claimed under its grant, and decides."""

    do: Literal["decide_claim"]
    claim: Id = refers_to("claim")
    approved: Annotated[int, whole(0, AMOUNT_MAX)] | None = None
    """None: all that was claimed."""
    reason: Annotated[str, BeforeValidator(_reason, json_schema_input_type=str)] | None = None
    """A code; the contract wants one below the claimed amount."""


ClinicStep: TypeAlias = (
    OpenSlot
    | BookAppointment
    | MoveAppointment
    | CancelAppointment
    | BindPolicy
    | ClaimInsurance
    | DecideClaim
)
