"""Made-up people and consultations, repeatable from a source of entropy; no real data ever.

Each person carries values that occur nowhere else, so that a leak test can search for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from node.base.ports import Entropy
from node.privacy.pseudonym import PatientIdentity
from node.privacy.record import (
    AttendantDetails,
    Diagnosis,
    Insurance,
    PatientDetails,
    PmrEntry,
)
from node.privacy.unshown import Unshown

_T = TypeVar("_T")
_GIVEN: Final = {
    "female": ("Asha", "Divya", "Fatima", "Grace", "Lakshmi", "Meera", "Noor", "Priya"),
    "male": ("Arjun", "Bilal", "Dinesh", "Francis", "Imran", "Kiran", "Rahul", "Suresh"),
}
_GENDERS: Final = tuple(_GIVEN)
_SYLLABLES: Final = ("ba", "chel", "da", "gan", "ika", "jo", "kol", "la", "mur", "ni", "pal", "ran",
                     "sha", "thi", "var", "yan")  # fmt: skip
_RELATIONSHIPS: Final = ("brother", "daughter", "father", "mother", "sister", "son", "spouse")
_ILLNESSES: Final = (
    ("J45.9", "Asthma, unspecified", "cough and wheezing at night", "salbutamol inhaler"),
    ("E11.9", "Type 2 diabetes mellitus", "thirst and tiredness", "metformin 500 mg twice daily"),
    ("I10", "Essential hypertension", "headache in the morning", "amlodipine 5 mg once daily"),
    ("K21.9", "Gastro-oesophageal reflux", "burning behind the breastbone", "omeprazole 20 mg"),
    ("M54.5", "Low back pain", "pain on bending forward", "exercises, paracetamol when needed"),
    ("R91", "Abnormal finding of lung", "cough for six weeks", "CT of the chest, then review"),
)
_PAST: Final = (
    "appendicectomy in childhood",
    "no known allergies",
    "penicillin allergy",
    "chickenpox as a child",
)
_INSURERS: Final = ("Coastal Mutual", "Lotus Health", "Western Ghats Assurance")


@dataclass(frozen=True, slots=True, repr=False)
class Person(Unshown):
    """A patient, who comes along, and the numbers that the hospital and the insurer gave."""

    details: PatientDetails
    attendant: AttendantDetails
    identity: PatientIdentity
    policy: str
    marker: str
    """A file reference that every consultation text of this person mentions."""


def make_person(entropy: Entropy) -> Person:
    """Draw a person.  Name, phone numbers, policy and marker each carry at least 30 random bits."""
    gender = _pick(entropy, _GENDERS)
    surname = _surname(entropy)
    phone = _phone(entropy)
    return Person(
        details=PatientDetails(
            name=f"{_pick(entropy, _GIVEN[gender])} {surname}",
            age=entropy.below(90),
            gender=gender,
            weight_g=45_000 + entropy.below(50_000),
            height_mm=1_450 + entropy.below(450),
            contact=phone,
        ),
        attendant=AttendantDetails(
            name=f"{_pick(entropy, _GIVEN[_GENDERS[entropy.below(2)]])} {_surname(entropy)}",
            phone=_phone(entropy),
            relationship=_pick(entropy, _RELATIONSHIPS),
        ),
        identity=PatientIdentity("WARD", _digits(entropy, 12)),
        policy=f"POL-{_digits(entropy, 10)}",
        marker=f"OPD-{_digits(entropy, 10)}",
    )


def make_consultation(person: Person, entropy: Entropy) -> PmrEntry:
    """Draw the entry of one visit; the texts name the person and the marker."""
    code, wording, complaint, treatment = _pick(entropy, _ILLNESSES)
    days = 2 + entropy.below(40)
    return PmrEntry(
        present_illness=(
            f"{person.details.name} reports {complaint} for {days} days; file {person.marker}."
        ),
        past_illness=f"{_pick(entropy, _PAST)}; file {person.marker}.",
        diagnosis=(Diagnosis(code, wording),),
        treatment_summary=(
            f"{treatment}. Explained to {person.attendant.name}, reached at "
            f"{person.attendant.phone}."
        ),
        insurance=Insurance(_pick(entropy, _INSURERS), person.policy),
    )


def canaries(person: Person) -> tuple[bytes, ...]:
    """Give byte strings that identify this person and must appear in nothing that is public."""
    values = (
        person.details.name.split()[1],
        person.details.contact,
        person.attendant.name.split()[1],
        person.attendant.phone,
        person.identity.identifier,
        person.policy,
        person.marker,
    )
    return tuple(value.encode() for value in values)


def _pick(entropy: Entropy, choices: Sequence[_T]) -> _T:
    return choices[entropy.below(len(choices))]


def _surname(entropy: Entropy) -> str:
    return "".join(_pick(entropy, _SYLLABLES) for _ in range(8)).capitalize()


def _digits(entropy: Entropy, count: int) -> str:
    return f"{entropy.below(10**count):0{count}d}"


def _phone(entropy: Entropy) -> str:
    return f"+91{6 + entropy.below(4)}{_digits(entropy, 9)}"
