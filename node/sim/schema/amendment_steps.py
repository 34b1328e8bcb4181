"""Steps of corrections and of retention."""

from typing import Literal, TypeAlias

from node.sim.schema.base import Id, refers_to
from node.sim.schema.step_base import StepBase


class PetitionCorrection(StepBase):
    """A patient asks the author of an entry for a correction."""

    do: Literal["petition_correction"]
    patient: Id = refers_to("patient")
    record: Id = refers_to("record")
    text: str = "This is not what I said."


class AnswerPetition(StepBase):
    """The author amends the entry, or refuses with a reason."""

    do: Literal["answer_petition"]
    doctor: Id = refers_to("doctor")
    petition: Id = refers_to("petition")
    answer: Literal["accept", "deny"]
    text: str = "Corrected at the patient's request."
    """The treatment summary of the amendment, or the reason of the refusal."""


class ExtendPetition(StepBase):
    """The author takes 30 days more for an answer, once."""

    do: Literal["extend_petition"]
    doctor: Id = refers_to("doctor")
    petition: Id = refers_to("petition")
    reason: str = "The files of another hospital are awaited."


class Dispute(StepBase):
    """A patient disagrees with a refusal; the statement becomes an entry of the record."""

    do: Literal["dispute"]
    patient: Id = refers_to("patient")
    petition: Id = refers_to("petition")
    text: str = "I disagree: the entry is wrong."


class Retain(StepBase):
    """Somebody asks until when a record must be kept."""

    do: Literal["retain"]
    pmr: Id = refers_to("visit")


AmendmentStep: TypeAlias = PetitionCorrection | AnswerPetition | ExtendPetition | Dispute | Retain
