"""What a node reads of emergencies in its final blocks, and who may have fragments then."""

from types import SimpleNamespace

from node.app.emergency_book import EmergencyBook
from node.base.types import Address, Hash32
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.privacy.release_facts import EmergencyFacts

DOCTOR, PATIENT = Address(b"\x01" * 20), Address(b"\x02" * 20)


def _event(number: int, patient_id: int) -> EmergencyAccess:
    emergency_id = Hash32(number.to_bytes(32))
    return EmergencyAccess(emergency_id, patient_id, DOCTOR, PATIENT, 1, Hash32(bytes(32)), 500)


def test_emergencies_are_found_by_id_and_by_patient() -> None:
    book = EmergencyBook()
    for number, patient_id in enumerate((7, 8, 7)):
        book.read(_event(number, patient_id), SimpleNamespace(timestamp=100 + number))
    first = EmergencyFacts(doctor=DOCTOR, patient_id=7, at_s=100, until_s=500)
    assert book.get(Hash32(bytes(32))) == first
    assert book.get(Hash32(b"\xff" * 32)) is None
    assert [one.at_s for one in book.of_patient(7)] == [100, 102]
    assert book.of_patient(9) == ()


def test_review_says_when_an_emergency_ended() -> None:
    book = EmergencyBook()
    for number in range(2):
        book.read(_event(number, 7), SimpleNamespace(timestamp=100))
    emergency_id = Hash32((1).to_bytes(32))
    review = EmergencyReviewed(emergency_id, DOCTOR, emergency_id, False, False, 130)
    book.read(review, SimpleNamespace(timestamp=130))
    assert [one.until_s for one in book.of_patient(7)] == [500, 130]
    assert book.get(emergency_id) == book.of_patient(7)[1]
