"""Binding of the emergencies in ``ConsentRegistry``: breaking the glass, and its review.

Source: records.md section 5.10, secret-sharing.md section 9.
"""

from dataclasses import dataclass
from typing import Final

from node.base.types import Address, Hash32
from node.contracts.abi import Function, LedgerEvent, View
from node.contracts.bindings import consent_registry as bound
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.contracts.lab_registry import code_word

EVENTS: Final[tuple[type[LedgerEvent], ...]] = (EmergencyAccess, EmergencyReviewed)
_NAMES: Final = frozenset(
    (
        "EMERGENCY_SECONDS_MAX",
        "REVIEW_SECONDS",
        "emergencyCount",
        "emergencyAccess",
        "emergencyOf",
        "reviewEmergency",
    )
)
FUNCTIONS: Final[tuple[Function, ...]] = tuple(
    each for each in bound.FUNCTIONS if each.name in _NAMES
)


@dataclass(frozen=True, slots=True)
class Emergency:
    """One emergency as the contract has it; all zero for an unknown id."""

    doctor: Address
    at_s: int
    """Block time of the event."""
    until_s: int
    """Half-open, at most 24 hours later; earlier if a review found that it was none."""
    is_reviewed: bool
    patient_id: int
    hospital_id: int


class EmergencyCalls:
    """Calls of the contract at ``address``."""

    __slots__ = ()
    address: Address

    def emergency_access(
        self, patient_id: int, *, hospital_id: int, reason: str, seconds: int
    ) -> bytes:
        """Break the glass, as an active doctor writing for a Verified hospital.

        raises        CallArgumentError: a reason code over 32 ASCII characters.
        """
        return bound.emergency_access(patient_id, hospital_id, _code(reason), seconds)

    def review_emergency(self, emergency_id: Hash32, *, outcome: str, is_justified: bool) -> bytes:
        """Review an emergency, as a member of the authority; one that was none ends at once.

        raises        CallArgumentError: an outcome code over 32 ASCII characters.
        """
        return bound.review_emergency(emergency_id, _code(outcome), is_justified)

    def emergency_of(self, emergency_id: Hash32) -> View[Emergency]:
        """One emergency."""
        asked = bound.emergency_of(self.address, emergency_id)
        return View(asked.to, asked.data, lambda data: Emergency(*asked.decode(data)))

    def emergency_count(self) -> View[int]:
        """How many emergencies there have been."""
        return bound.emergency_count(self.address)

    def emergency_seconds_max(self) -> View[int]:
        """The longest window of an emergency."""
        return bound.emergency_seconds_max(self.address)

    def review_seconds(self) -> View[int]:
        """How long after its event a review is on time."""
        return bound.review_seconds(self.address)


def _code(text: str) -> bytes:
    # an empty code is sent as it is: refusing it (ReasonMissing) is the contract's rule
    return code_word(text, 32, "reason") if text else bytes(32)
