"""The emergencies of the final chain: who broke the glass for which patient, and until when."""

from dataclasses import replace

from node.base.header import Header
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.privacy.release_facts import EmergencyFacts


class EmergencyBook:
    """Emergencies by id, and by patient."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, EmergencyFacts] = {}
        self._by_patient: dict[int, list[bytes]] = {}

    def read(self, event: EmergencyAccess | EmergencyReviewed, header: Header) -> None:
        """Take the next emergency, or the review of one, of a block."""
        if isinstance(event, EmergencyReviewed):
            self._end(event)
            return
        facts = EmergencyFacts(
            doctor=event.doctor,
            patient_id=event.patient_id,
            at_s=header.timestamp,
            until_s=event.until,
        )
        self._by_id[event.emergency_id] = facts
        self._by_patient.setdefault(event.patient_id, []).append(event.emergency_id)

    def get(self, emergency_id: bytes) -> EmergencyFacts | None:
        """Give an emergency, None if there is none."""
        return self._by_id.get(emergency_id)

    def of_patient(self, patient_id: int) -> tuple[EmergencyFacts, ...]:
        """Give the emergencies of a patient, oldest first."""
        return tuple(self._by_id[one] for one in self._by_patient.get(patient_id, ()))

    def _end(self, event: EmergencyReviewed) -> None:
        """Take the end that a review gives: now, if it was no emergency and ran."""
        facts = self._by_id.get(event.emergency_id)
        if facts is not None:
            self._by_id[event.emergency_id] = replace(facts, until_s=event.until)
