"""``steps``: what the actors do, one model per action of records.md section 5."""

import re
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from node.sim.schema.access_steps import AccessStep
from node.sim.schema.amendment_steps import AmendmentStep
from node.sim.schema.base import Id, Section, listed, mapped, refers_to, whole
from node.sim.schema.clinic_steps import ClinicStep
from node.sim.schema.custody_steps import CustodyStep
from node.sim.schema.emergency_steps import EmergencyStep
from node.sim.schema.iomt_steps import IomtStep
from node.sim.schema.research_steps import ResearchStep
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import Date, PositiveDuration, wants

SectionName = Literal[
    "present_illness",
    "past_illness",
    "diagnosis",
    "treatment_summary",
    "lab_reports",
    "iomt",
    "insurance",
]
"""Sections of a visit's record, in the order of the consent's scope bits 0..6."""
_MODALITY: Final = re.compile("[A-Z]{2,6}")
_STUDY_SHIPPED: Final = re.compile(r"[A-Za-z0-9_+.-]{1,64}")
_STUDY_PATH: Final = re.compile(r"[A-Za-z0-9_+.-]{1,64}(/[A-Za-z0-9_+.-]{1,64}){0,8}")


def _modality(value: object) -> object:
    if not isinstance(value, str) or _MODALITY.fullmatch(value) is None:
        raise wants("a DICOM modality like CT or MR")
    return value


Modality: TypeAlias = Annotated[str, BeforeValidator(_modality)]


def _essential(value: object) -> object:
    if value is not True and value is not False and value != "stolen":
        raise wants("true, false or stolen")
    return value


def _validator(value: object) -> object:
    if value is not True:
        raise wants("true: every hospital of network.validators is a validator")
    return value


class Study(Section):
    """A DICOM study: a file that pydicom ships, or one beside the scenario file."""

    source: Literal["pydicom", "file"]
    name: str


def _study(value: object) -> object:
    if isinstance(value, str):
        head, colon, name = value.partition(":")
        if colon and head == "pydicom" and _STUDY_SHIPPED.fullmatch(name):
            return Study.model_construct(source="pydicom", name=name)
        if _STUDY_PATH.fullmatch(value) and ".." not in value.split("/"):
            return Study.model_construct(source="file", name=value)
    raise wants("pydicom:NAME, or the path of a file beside this one")


class RegisterHospital(StepBase):
    """Apply, be verified by the authority, get a certificate, be admitted as validator."""

    do: Literal["register_hospital"]
    hospital: Id = refers_to("node")
    validator: Annotated[bool, BeforeValidator(_validator)] = True
    """Every hospital of a network has a validator's key in its genesis, so far."""


class OnboardDoctor(StepBase):
    """A hospital onboards its doctor."""

    do: Literal["onboard_doctor"]
    doctor: Id = refers_to("doctor")


class RegisterPatient(StepBase):
    """A hospital's desk registers a patient."""

    do: Literal["register_patient"]
    patient: Id = refers_to("patient")


class Consult(StepBase):
    """A visit: its sections are sealed, stored and committed; mints or appends to a PMR."""

    do: Literal["consult"]
    doctor: Id = refers_to("doctor")
    patient: Id = refers_to("patient")
    date: Date | None = None
    """None: the day of the block that it starts at, in ``records.timezone``."""
    sections: Annotated[dict[SectionName, str], mapped("a mapping of sections to text")] | None = (
        None
    )


class OrderLab(StepBase):
    """A doctor orders a study for a visit."""

    do: Literal["order_lab"]
    doctor: Id = refers_to("doctor")
    pmr: Id = refers_to("visit")
    lab: Id | None = refers_to("lab", default=None)
    """None: the one that performs the order later, else the first of the doctor's hospital."""
    modality: Modality
    reason: str | None = None


class PerformLab(StepBase):
    """A lab captures, anonymises, splits, stores and files the ordered study."""

    do: Literal["perform_lab"]
    lab: Id = refers_to("lab")
    order: Id = refers_to("order")
    study: Annotated[Study, BeforeValidator(_study, json_schema_input_type=str)]


class Rebuild(StepBase):
    """Collusion: take custodians' shares out of their stores and try to open the record."""

    do: Literal["rebuild"]
    record: Id = refers_to("record")
    custodians: Annotated[tuple[Id, ...], listed("a list of nodes")] = refers_to("node")
    essential: Annotated[
        bool | Literal["stolen"],
        BeforeValidator(_essential, json_schema_input_type=bool | Literal["stolen"]),
    ]
    """Whether the patient's share takes part; ``stolen``: what an ``essential_stolen`` copied."""
    generation: Annotated[int, whole(0, 1_000)] | None = None
    """How often the record's key had been rotated; None: the newest generation."""
    shares: Literal["now", "stolen"] = "now"
    """Those in the custodians' stores now, or those that a ``custody_stolen`` copied."""


class SuspendDoctor(StepBase):
    """The authority suspends a doctor, for a time or for good."""

    do: Literal["suspend_doctor"]
    doctor: Id = refers_to("doctor")
    for_us: PositiveDuration | None = Field(default=None, alias="for")
    """None: for good."""


class Audit(StepBase):
    """The rules of ``wardnet audit`` on the world as it is now; any finding refuses the step."""

    do: Literal["audit"]


class AdmitValidator(StepBase):
    """The authority lets a hospital's key into the validator set."""

    do: Literal["admit_validator"]
    hospital: Id = refers_to("node")


class WithdrawValidator(StepBase):
    """The authority takes a hospital's key out of the validator set."""

    do: Literal["withdraw_validator"]
    hospital: Id = refers_to("node")


class EmergencyWithdraw(StepBase):
    """All members take a hospital's key out of the set, whatever its minimum."""

    do: Literal["emergency_withdraw"]
    hospital: Id = refers_to("node")


class RotateValidatorKey(StepBase):
    """A hospital validates with a new key; both keys sign, nobody votes."""

    do: Literal["rotate_validator_key"]
    hospital: Id = refers_to("node")


class SuspendHospital(StepBase):
    """The authority stops a hospital for a time; its keys are withdrawn."""

    do: Literal["suspend_hospital"]
    hospital: Id = refers_to("node")


class LiftSuspension(StepBase):
    """The authority lets a suspended hospital act again; its keys are still out."""

    do: Literal["lift_suspension"]
    hospital: Id = refers_to("node")


class RevokeHospital(StepBase):
    """The authority stops a hospital for good; its keys are withdrawn."""

    do: Literal["revoke_hospital"]
    hospital: Id = refers_to("node")


class SetLicence(StepBase):
    """The authority lets a hospital's licence end, or last for good."""

    do: Literal["set_licence"]
    hospital: Id = refers_to("node")
    for_us: PositiveDuration | None = Field(default=None, alias="for")
    """None: without an end."""


class SweepExpired(StepBase):
    """Somebody withdraws the keys of a hospital whose licence has ended."""

    do: Literal["sweep_expired"]
    hospital: Id = refers_to("node")


class Vote(StepBase):
    """Operators have their engines vote on a key in headers; without such votes nothing follows.

    The government decides by contract (the steps above); this is what EIP-225 knows instead.
    """

    do: Literal["vote"]
    nodes: Annotated[tuple[Id, ...], listed("a list of nodes")] = refers_to("node")
    """Whose operators."""
    subject: Id = refers_to("member")
    authorize: bool | None
    """true: to let it in; false: to drop it; null: no vote on it any more."""


GovernmentStep: TypeAlias = (
    AdmitValidator
    | WithdrawValidator
    | EmergencyWithdraw
    | RotateValidatorKey
    | SuspendHospital
    | LiftSuspension
    | RevokeHospital
    | SetLicence
    | SweepExpired
)
OwnStep: TypeAlias = (
    RegisterHospital
    | OnboardDoctor
    | RegisterPatient
    | Consult
    | OrderLab
    | PerformLab
    | Rebuild
    | Audit
    | SuspendDoctor
    | Vote
)
Step: TypeAlias = (
    OwnStep
    | AccessStep
    | AmendmentStep
    | ClinicStep
    | CustodyStep
    | EmergencyStep
    | GovernmentStep
    | IomtStep
    | ResearchStep
)
AnyStep: TypeAlias = Annotated[Step, Field(discriminator="do")]
STEP_MODELS: Final[dict[str, type[StepBase]]] = {
    get_args(model.model_fields["do"].annotation)[0]: model for model in get_args(Step)
}
"""Name of each action that is built, and its model."""
