"""The PMR-ID: Patient-ID followed by the visit date DDMMYYYY (records.md section 4)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from node.contracts.errors import PmrIdError

_DATE_FACTOR: Final = 10**8
_PATIENT_ID_LIMIT: Final = 2**64


@dataclass(frozen=True, slots=True)
class PmrIdParts:
    """What a PMR-ID says."""

    patient_id: int
    visit: date


def encode_pmr_id(patient_id: int, visit: date) -> int:
    """Give ``patient_id * 10**8 + ddmmyyyy``; 85437 on 2021-01-26 is 8543726012021.

    raises        PmrIdError: the Patient-ID is not in 1 .. 2**64-1.
    """
    if not 0 < patient_id < _PATIENT_ID_LIMIT:
        raise PmrIdError(f"Patient-ID {patient_id} is not between 1 and 2**64-1")
    return patient_id * _DATE_FACTOR + date_digits(visit)


def decode_pmr_id(pmr_id: int) -> PmrIdParts:
    """Give Patient-ID and visit date; exact, because the date is always eight digits.

    raises        PmrIdError: no Patient-ID in front, or an impossible date.
    """
    patient_id, digits = divmod(pmr_id, _DATE_FACTOR)
    if not 0 < patient_id < _PATIENT_ID_LIMIT:
        raise PmrIdError(f"PMR-ID {pmr_id} has no Patient-ID between 1 and 2**64-1 in front")
    return PmrIdParts(patient_id, date_from_digits(digits))


def date_digits(day: date) -> int:
    """Give DDMMYYYY as a number (a leading zero is lost: 2021-02-01 is 1022021)."""
    return day.day * 1_000_000 + day.month * 10_000 + day.year


def date_from_digits(digits: int) -> date:
    """Read DDMMYYYY.

    raises        PmrIdError: there is no such day.
    """
    day, rest = divmod(digits, 1_000_000)
    month, year = divmod(rest, 10_000)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise PmrIdError(f"{digits:08d} is no date DDMMYYYY: {error}") from error
