"""What is a person's is never printed."""

import pytest

from node.base.rng import TreeEntropy
from node.privacy.pseudonym import PatientIdentity
from node.privacy.record import Study
from node.privacy.synthetic import make_consultation, make_person

PERSON = make_person(TreeEntropy(7, "person"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (PERSON, "Person(...)"),
        (PERSON.details, "PatientDetails(...)"),
        (PERSON.attendant, "AttendantDetails(...)"),
        (PERSON.identity, "PatientIdentity(...)"),
        (PatientIdentity("WARD", "1"), "PatientIdentity(...)"),
        (make_consultation(PERSON, TreeEntropy(7, "visit")), "PmrEntry(...)"),
        (Study(b"DICM"), "Study(...)"),
    ],
)
def test_repr_shows_the_kind_and_nothing_else(value: object, shown: str) -> None:
    assert (repr(value), str(value), f"{value}") == (shown,) * 3
