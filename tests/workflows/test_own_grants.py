from types import SimpleNamespace

from node.workflows.own_grants import note_end
from node.workflows.ward import GivenGrant


def test_an_end_is_noted_once_and_never_moved_on() -> None:
    patient = SimpleNamespace(granted={b"g": GivenGrant(0, 500)})
    for at_s in (300, 400):
        note_end(patient, b"g", at_s)
    note_end(patient, b"another", 5)
    assert patient.granted[b"g"].ends_s == 300
