"""Steps of access: who asks, who grants, who reads."""

from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from node.base.limits_records import CONSENTS_COUNT_MAX
from node.sim.schema.base import Id, is_id, listed, refers_to
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import PositiveDuration, wants

ScopeName = Literal[
    "present_illness",
    "past_illness",
    "diagnosis",
    "treatment_summary",
    "lab_reports",
    "iomt",
    "insurance",
    "later",
]
"""What a consent may cover; ``later`` is bit 255.  One Literal: pydantic reports each of two."""
SCOPE_NAMES: Final[tuple[str, ...]] = get_args(ScopeName)
Purpose = Literal["TREAT", "ETREAT", "HPAYMT", "HRESCH", "PATRQT"]
RECIPIENTS: Final = ("doctor", "hospital", "insurer", "researcher")
"""Keys of a step that name who may read."""
ALL: Final = "all"


def _records(value: object) -> object:
    """Read a visit, a list of visits, or ``all``; one becomes a list of one."""
    if value is None or value == ALL:
        return value
    many = value if isinstance(value, tuple) else (value,)
    if not many or len(many) > CONSENTS_COUNT_MAX or not all(map(is_id, many)):
        raise wants(f"a visit, a list of 1 to {CONSENTS_COUNT_MAX} visits, or all")
    return many


Records: TypeAlias = Annotated[
    tuple[Id, ...] | Literal["all"],
    BeforeValidator(_records, json_schema_input_type=Id | tuple[Id, ...] | Literal["all"]),
]
Scope: TypeAlias = Annotated[tuple[ScopeName, ...], listed("a list of section names")]


class Recipient(StepBase):
    """A step of somebody who reads, or wants to: one of the four."""

    doctor: Id | None = refers_to("doctor", default=None)
    hospital: Id | None = refers_to("node", default=None)
    insurer: Id | None = refers_to("insurer", default=None)
    researcher: Id | None = refers_to("researcher", default=None)


class RequestAccess(Recipient):
    """A doctor, hospital, insurer or researcher asks a patient for access to a record."""

    do: Literal["request_access"]
    patient: Id = refers_to("patient")
    pmr: Id = refers_to("visit")
    purpose: Purpose = "TREAT"
    scope: Scope | None = None
    """None: every section."""


class Grant(Recipient):
    """A patient answers a request with yes, or grants directly to whom they name."""

    do: Literal["grant"]
    patient: Id = refers_to("patient")
    request: Id | None = refers_to("request", default=None)
    pmr: Records | None = refers_to("visits", default=None)
    """A list is relayed in one transaction, a Consent each; ``all``: one Consent for all."""
    purpose: Purpose = "TREAT"
    """Of a direct grant; an answer has the request's."""
    scope: Scope | None = None
    """The same; None: every section."""
    for_us: PositiveDuration = Field(alias="for")
    account: Literal["own", "lost"] = "own"
    """``lost``: with the keys that an ``essential_lost`` took away, by whoever has them."""


class Deny(StepBase):
    """A patient answers a request with no."""

    do: Literal["deny"]
    patient: Id = refers_to("patient")
    request: Id = refers_to("request")


class Revoke(StepBase):
    """A patient ends a grant before its time."""

    do: Literal["revoke"]
    patient: Id = refers_to("patient")
    grant: Id = refers_to("grant")


class Complain(StepBase):
    """A hospital, or the patient, says that a grant is misused; the authority decides."""

    do: Literal["complain"]
    grant: Id = refers_to("grant")
    hospital: Id | None = refers_to("node", default=None)
    """Which hospital noticed it; None: it is the patient who complains."""
    text: str = "The grant is used for what it was not given for."
    """What the authority gets to see; the ledger has a commitment to it."""


class UpholdComplaint(StepBase):
    """The authority finds a complaint proven: the grant has ended."""

    do: Literal["uphold_complaint"]
    complaint: Id = refers_to("complaint")


class ReadRecord(Recipient):
    """Somebody asks the custodians for shares under their grants, and opens the record."""

    do: Literal["read_record"]
    pmr: Id = refers_to("visit")


class SecondOpinion(StepBase):
    """Another doctor reads under a grant and adds an entry of their own."""

    do: Literal["second_opinion"]
    doctor: Id = refers_to("doctor")
    pmr: Id = refers_to("visit")


class MoveHospital(StepBase):
    """A patient goes to another hospital: nothing is entered anew, it reads what it is granted."""

    do: Literal["move_hospital"]
    patient: Id = refers_to("patient")
    hospital: Id = refers_to("node")
    for_us: PositiveDuration = Field(alias="for")
    """How long the new hospital may read, records still to come included."""


AccessStep: TypeAlias = (
    RequestAccess
    | Grant
    | Deny
    | Revoke
    | Complain
    | UpholdComplaint
    | ReadRecord
    | SecondOpinion
    | MoveHospital
)
