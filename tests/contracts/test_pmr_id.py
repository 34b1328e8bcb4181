from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.contracts.errors import PmrIdError
from node.contracts.pmr_id import (
    PmrIdParts,
    date_digits,
    date_from_digits,
    decode_pmr_id,
    encode_pmr_id,
)


def test_papers_example_holds() -> None:
    assert encode_pmr_id(85_437, date(2021, 1, 26)) == 8_543_726_012_021


def test_papers_example_decodes() -> None:
    assert decode_pmr_id(8_543_726_012_021) == PmrIdParts(85_437, date(2021, 1, 26))


def test_day_below_ten_loses_its_zero_and_decodes_again() -> None:
    pmr_id = encode_pmr_id(7, date(2024, 2, 1))
    assert pmr_id == 701_022_024
    assert decode_pmr_id(pmr_id) == PmrIdParts(7, date(2024, 2, 1))


@pytest.mark.parametrize("patient_id", [1, 2**64 - 1])
def test_border_patient_ids_fit(patient_id: int) -> None:
    assert decode_pmr_id(encode_pmr_id(patient_id, date(2021, 1, 1))).patient_id == patient_id


@pytest.mark.parametrize("patient_id", [0, -1, 2**64])
def test_patient_id_outside_uint64_is_refused(patient_id: int) -> None:
    with pytest.raises(PmrIdError, match="Patient-ID"):
        encode_pmr_id(patient_id, date(2021, 1, 1))


@pytest.mark.parametrize("pmr_id", [0, 26_012_021, -1, 2**64 * 10**8 + 26_012_021])
def test_pmr_id_without_a_patient_in_front_is_refused(pmr_id: int) -> None:
    with pytest.raises(PmrIdError, match="Patient-ID"):
        decode_pmr_id(pmr_id)


@pytest.mark.parametrize("digits", [0, 31_022_021, 29_022_021, 32_012_021, 1_132_021, 1_010_000])
def test_impossible_date_is_refused(digits: int) -> None:
    with pytest.raises(PmrIdError, match="no date"):
        date_from_digits(digits)


def test_leap_day_of_a_leap_year_is_a_date() -> None:
    assert date_from_digits(29_022_024) == date(2024, 2, 29)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 2**64 - 1), st.dates())
def test_every_id_comes_back(patient_id: int, visit: date) -> None:
    assert decode_pmr_id(encode_pmr_id(patient_id, visit)) == PmrIdParts(patient_id, visit)


@settings(deadline=None, max_examples=50)
@given(st.dates())
def test_every_date_comes_back(day: date) -> None:
    assert date_from_digits(date_digits(day)) == day
