"""The emergencies of the final chain: who broke the glass for which patient, and until when."""

from node.base.header import Header
from node.contracts.bindings.consent_registry import EmergencyAccess
from node.privacy.release_facts import EmergencyFacts


class EmergencyBook:
    """Emergencies by id, and by patient."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, EmergencyFacts] = {}
        self._by_patient: dict[int, list[EmergencyFacts]] = {}

    def read(self, event: EmergencyAccess, header: Header) -> None:
        """Take the next emergency, of a block."""
        facts = EmergencyFacts(
            doctor=event.doctor,
            patient_id=event.patient_id,
            at_s=header.timestamp,
            until_s=event.until,
        )
        self._by_id[event.emergency_id] = facts
        self._by_patient.setdefault(event.patient_id, []).append(facts)

    def get(self, emergency_id: bytes) -> EmergencyFacts | None:
        """Give an emergency, None if there is none."""
        return self._by_id.get(emergency_id)

    def of_patient(self, patient_id: int) -> tuple[EmergencyFacts, ...]:
        """Give the emergencies of a patient, oldest first."""
        return tuple(self._by_patient.get(patient_id, ()))
