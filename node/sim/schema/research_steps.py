"""Steps of research: a study is funded, joined, left, exported and paid for."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from node.base.limits_records import FUNDS_WEI_MAX, STUDY_K_MAX, STUDY_PLACES_COUNT_MAX
from node.privacy.research_export import L_DEFAULT
from node.sim.schema.base import Id, refers_to, whole
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import PositiveDuration


class FundStudy(StepBase):
    """A researcher opens a study with the price of all places in escrow."""

    do: Literal["fund_study"]
    researcher: Id = refers_to("researcher")
    purpose: str = Field(min_length=1, max_length=200)
    """What the study is for, in words; stands on the ledger."""
    k: Annotated[int, whole(2, STUDY_K_MAX)] = 5
    """Fewer participants than this, and the study has failed."""
    places: Annotated[int, whole(2, STUDY_PLACES_COUNT_MAX)]
    price: Annotated[int, whole(0, FUNDS_WEI_MAX)]
    """Wei for each participant."""
    share_percent: Annotated[int, whole(0, 100)] = 0
    """Of each price, on top, for the hospital that registered the participant."""
    for_us: PositiveDuration = Field(alias="for")
    """Until the deadline: patients join and leave before it, the dataset comes after it."""


class JoinStudy(StepBase):
    """A patient opts in and opens the diagnosis of a visit to the researcher."""

    do: Literal["join_study"]
    patient: Id = refers_to("patient")
    study: Id = refers_to("study")
    pmr: Id = refers_to("visit")


class LeaveStudy(StepBase):
    """A patient takes the Consent back and opts out again."""

    do: Literal["leave_study"]
    patient: Id = refers_to("patient")
    joined: Id = refers_to("joined")


class ExportDataset(StepBase):
    """A researcher reads what participants opened, de-identifies it, and releases a dataset."""

    do: Literal["export_dataset"]
    researcher: Id = refers_to("researcher")
    study: Id = refers_to("study")
    l: Annotated[int, whole(1, STUDY_K_MAX)] = L_DEFAULT  # noqa: E741 - the letter of the literature
    """Different diagnoses in each class, at least."""


class PayOut(StepBase):
    """A participant pulls the price."""

    do: Literal["pay_out"]
    patient: Id = refers_to("patient")
    study: Id = refers_to("study")


class CollectShare(StepBase):
    """A hospital pulls its share for the participants whom it registered."""

    do: Literal["collect_share"]
    hospital: Id = refers_to("node")
    study: Id = refers_to("study")


class RefundStudy(StepBase):
    """A researcher pulls back what nobody is owed."""

    do: Literal["refund_study"]
    researcher: Id = refers_to("researcher")
    study: Id = refers_to("study")


ResearchStep: TypeAlias = (
    FundStudy | JoinStudy | LeaveStudy | ExportDataset | PayOut | CollectShare | RefundStudy
)
