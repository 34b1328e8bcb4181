"""Codes of people and grants: what is written is read back, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.types import Address, Hash32
from node.privacy.person_codes import (
    CodeTextError,
    DoctorCode,
    GrantLink,
    PatientCode,
    checksum,
    read_address,
    read_code,
)
from node.privacy.qr import qr_svg, qr_version

NUMBERS = st.integers(1, 2**64 - 1)
ADDRESSES = st.binary(min_size=20, max_size=20).map(Address)
WORDS = st.binary(min_size=32, max_size=32)
CODES = st.one_of(
    st.builds(PatientCode, NUMBERS, NUMBERS, ADDRESSES),
    st.builds(DoctorCode, NUMBERS, NUMBERS, ADDRESSES, WORDS),
    st.builds(GrantLink, NUMBERS, ADDRESSES, WORDS.map(Hash32)),
)
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""Of the test cases of EIP-55."""


@given(code=CODES)
def test_what_is_written_is_read_back(code):
    assert read_code(str(code)) == code
    assert read_code(f" {code}\r\n") == code


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_capitals_are_those_of_eip_55(address):
    assert checksum(Address(bytes.fromhex(address[2:]))) == address
    assert read_address(address.lower()) == read_address(address)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no code"),
        ("https://example.org", "is no code"),
        (f"wardnet:patient/1/2/{ADDRESS[:-1]}", "is no code"),
        (f"wardnet:patient/1/2/{ADDRESS}/0x00", "is no code"),
        (f"wardnet:doctor/1/2/{ADDRESS}", "is no code"),
        (f"wardnet:patient/0/2/{ADDRESS}", "chain id 0"),
        (f"wardnet:patient/1/02/{ADDRESS}", "number 02"),
        (f"wardnet:patient/1/{2**64}/{ADDRESS}", "number 18446744073709551616"),
        (f"wardnet:patient/1/2/{ADDRESS.replace('B', 'b', 1)}", "checksum"),
        (f"ethereum:{ADDRESS}@1/transfer?bytes32=0x{'0' * 64}", "is no code"),
        (f"ethereum:{ADDRESS}@1/grant?bytes32=0x{'0' * 63}", "is no code"),
    ],
)
def test_other_texts_are_refused_by_what_is_wrong(text, what):
    with pytest.raises(CodeTextError, match=what):
        read_code(text)


def _read(text):
    """Give the code, or why there is none; anything else that is raised ends the test."""
    try:
        return read_code(text)
    except CodeTextError as error:
        return str(error)


@given(text=st.text(max_size=300))
def test_any_text_is_a_code_or_refused(text):
    found = _read(text)
    assert found if isinstance(found, str) else _read(str(found)) == found


def test_a_grant_link_fits_a_small_code():
    link = GrantLink(85_437, read_address(ADDRESS), Hash32(bytes([255]) * 32))
    assert qr_version(str(link)).endswith("-M")
    assert int(qr_version(str(link)).split("-")[0]) <= 8
    assert len(qr_svg(str(link))) < 10_000
