"""Made-up people: repeatable, plausible, and each with values that nobody else has."""

import re

import pytest

from node.base.rng import TreeEntropy
from node.privacy.record import RecordKind, body_of, parse_body
from node.privacy.synthetic import Person, canaries, make_consultation, make_person


def person(index: int, seed: int = 7) -> Person:
    return make_person(TreeEntropy(seed, "person", index))


PEOPLE = [person(index) for index in range(300)]


def test_equal_entropy_gives_equal_people() -> None:
    assert person(3) == PEOPLE[3]


def test_another_seed_gives_other_people() -> None:
    assert person(3, seed=8) != PEOPLE[3]


def test_no_two_people_share_a_canary() -> None:
    values = [value for each in PEOPLE for value in canaries(each)]
    assert len(set(values)) == len(values) == 300 * 7


def test_canaries_are_long_enough_to_be_no_accident() -> None:
    assert min(len(value) for each in PEOPLE for value in canaries(each)) >= 10


def test_every_person_is_a_valid_record() -> None:
    for each in PEOPLE:
        assert parse_body(RecordKind.PATIENT, body_of(each.details)) == each.details
        assert parse_body(RecordKind.ATTENDANT, body_of(each.attendant)) == each.attendant


def test_names_and_numbers_look_like_names_and_numbers() -> None:
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]{15,31}", each.details.name) for each in PEOPLE)
    assert all(re.fullmatch(r"\+91[6-9][0-9]{9}", each.details.contact) for each in PEOPLE)


def test_both_genders_occur() -> None:
    assert {each.details.gender for each in PEOPLE} == {"female", "male"}


def test_consultation_is_repeatable() -> None:
    one, two = (make_consultation(PEOPLE[0], TreeEntropy(7, "visit", 0)) for _ in range(2))
    assert one == two


def test_consultation_is_a_valid_record() -> None:
    entry = make_consultation(PEOPLE[0], TreeEntropy(7, "visit", 0))
    assert parse_body(RecordKind.PMR, body_of(entry)) == entry


@pytest.mark.parametrize("index", [0, 1, 2])
def test_details_and_consultation_carry_every_canary_but_the_hospital_number(index: int) -> None:
    someone = PEOPLE[index]
    entry = make_consultation(someone, TreeEntropy(7, "visit", index))
    text = body_of(someone.details) + body_of(someone.attendant) + body_of(entry)
    missing = [value for value in canaries(someone) if value not in text]
    assert missing == [someone.identity.identifier.encode()]
