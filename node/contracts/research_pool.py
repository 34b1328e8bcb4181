"""Binding of ``ResearchPool``: researchers, studies, who joined them, and their money.

Amounts are wei; times are block times in seconds.  Source: records.md sections 3 and 6.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.base.types import Address
from node.contracts.abi import View
from node.contracts.bindings import research_pool as bound
from node.contracts.bindings.research_pool import (
    DatasetReleased,
    HospitalPaid,
    OptedIn,
    OptedOut,
    Paid,
    PartyAdmitted,
    PartyDescribed,
    PartyStruck,
    Refunded,
    StudyFunded,
)
from node.contracts.cids import Content
from node.contracts.parties import Parties

__all__ = [
    "DatasetReleased",
    "HospitalPaid",
    "OptedIn",
    "OptedOut",
    "Paid",
    "PartyAdmitted",
    "PartyDescribed",
    "PartyStruck",
    "Refunded",
    "StudyFunded",
]

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor
GRACE_SECONDS: Final = 30 * 86_400
"""After the deadline of a study that did not fail, when payments are due without a release."""


class Standing(IntEnum):
    """Where a patient stands in a study; the numbers are those of the contract."""

    NONE = 0
    JOINED = 1
    LEFT = 2
    PAID = 3


@dataclass(frozen=True, slots=True)
class StudyTerms:
    """What a researcher promises."""

    deadline_s: int
    """Joining and leaving end here, exclusive."""
    k: int
    """Fewer participants than this, and the study has failed; 2 .. 65,535."""
    places: int
    """At most so many join."""
    price_wei: int
    """For each participant."""
    share_wei: int = 0
    """On top of each price, for the hospital that registered the participant."""

    @property
    def escrow_wei(self) -> int:
        """What the study is funded with: exactly this."""
        return self.places * (self.price_wei + self.share_wei)


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it stands."""

    researcher: Address
    terms: StudyTerms
    is_released: bool
    is_refunded: bool
    participants: int


@dataclass(frozen=True, slots=True)
class Participation:
    """A patient's place in a study."""

    standing: Standing
    hospital_id: int
    """Who registered the patient; 0 for one who never joined."""


@dataclass(frozen=True, slots=True)
class ResearchPool(Parties):
    """Calls of the contract at ``address``."""

    def fund(self, purpose: str, terms: StudyTerms) -> bytes:
        """Open a study, as a listed researcher; the call carries ``terms.escrow_wei``."""
        return bound.fund(
            purpose,
            (terms.deadline_s, terms.k, terms.places, terms.price_wei, terms.share_wei),
        )

    def join(self, study_id: int) -> bytes:
        """Opt in, as a patient."""
        return bound.join(study_id)

    def leave(self, study_id: int) -> bytes:
        """Opt out again, as the patient, before the deadline."""
        return bound.leave(study_id)

    def release(self, study_id: int, *, rows: int, dataset: Content) -> bytes:
        """Commit to the dataset, as the researcher, after the deadline.

        raises        CidFormError: a foreign CID.
        """
        return bound.release(study_id, rows, dataset.as_abi())

    def pay_out(self, study_id: int) -> bytes:
        """Pull a participant's payment, with the patient's account of now."""
        return bound.pay_out(study_id)

    def pay_hospital(self, study_id: int) -> bytes:
        """Pull a hospital's shares for all participants whom it registered."""
        return bound.pay_hospital(study_id)

    def refund(self, study_id: int) -> bytes:
        """Pull back what nobody is owed, as the researcher, after the deadline."""
        return bound.refund(study_id)

    def study(self, study_id: int) -> View[Study]:
        """One study; refused with StudyUnknown for an id that was never given."""
        question = bound.study(self.address, study_id)
        return View(question.to, question.data, lambda data: _study(question.decode(data)))

    def study_count(self) -> View[int]:
        """How many studies there are: the id of the newest."""
        return bound.study_count(self.address)

    def participation(self, study_id: int, patient_id: int) -> View[Participation]:
        """Where a patient stands."""
        question = bound.participation(self.address, study_id, patient_id)

        def read(data: bytes) -> Participation:
            standing, hospital_id = question.decode(data)
            return Participation(Standing(standing), hospital_id)

        return View(question.to, question.data, read)

    def unpaid_of(self, study_id: int, hospital_id: int) -> View[int]:
        """How many participants of a hospital its share is still to be paid for."""
        return bound.unpaid_of(self.address, study_id, hospital_id)


def _study(values: tuple[Address, int, int, bool, bool, int, int, int, int]) -> Study:
    researcher, deadline_s, k, is_released, is_refunded, price, share, places, joined = values
    terms = StudyTerms(deadline_s, k, places, price, share)
    return Study(researcher, terms, is_released, is_refunded, joined)
