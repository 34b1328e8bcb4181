"""Pseudonyms: the formulas, and that purposes cannot be joined."""

import hmac
from base64 import b32encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.privacy.errors import MissingSiteKeyError
from node.privacy.pseudonym import (
    Domain,
    check_site_key,
    domain_pseudonym,
    patient_pseudonym,
    replacement_uid,
)

KEY = bytes(range(32))


def test_patient_pseudonym_is_the_formula() -> None:
    mac = hmac.digest(KEY, b"wardnet/pid/v1\0HOSP\0MRN-1", "sha256")
    assert patient_pseudonym(KEY, b"HOSP", b"MRN-1") == b32encode(mac).decode()[:16]


def test_issuer_and_number_cannot_be_shifted_into_each_other() -> None:
    pairs = [(b"A", b"B\0C"), (b"A\0B", b"C"), (b"AB", b"C"), (b"A", b"BC")]
    assert len({patient_pseudonym(KEY, *pair) for pair in pairs}) == 2


def test_domain_pseudonym_is_the_formula() -> None:
    mac = hmac.digest(KEY, b"wardnet/chain/v1\0id", "sha256")
    assert domain_pseudonym(KEY, Domain.CHAIN, b"id") == b32encode(mac).decode()[:26]


def test_domains_give_unrelated_pseudonyms() -> None:
    assert len({domain_pseudonym(KEY, domain, b"id") for domain in Domain}) == len(Domain)


def test_keys_give_unrelated_pseudonyms() -> None:
    assert domain_pseudonym(KEY, Domain.FHIR, b"id") != domain_pseudonym(
        bytes(32), Domain.FHIR, b"id"
    )


@settings(deadline=None, max_examples=50)
@given(uid=st.from_regex(r"1\.[1-9][0-9]{0,20}(\.[1-9][0-9]{0,9}){0,4}", fullmatch=True))
def test_replacement_is_a_version_8_uuid_below_2_25(uid: str) -> None:
    new = replacement_uid(KEY, uid.encode())
    if uid.startswith("1.2.840.10008."):
        return
    number = int(new.removeprefix(b"2.25."))
    assert (number >> 76 & 15, number >> 62 & 3, len(new) <= 44) == (8, 2, True)


def test_replacement_is_the_formula() -> None:
    drawn = int.from_bytes(hmac.digest(KEY, b"wardnet/uid/v1\x001.2.3", "sha256")[:16])
    drawn = drawn & ~(15 << 76) | 8 << 76
    drawn = drawn & ~(3 << 62) | 2 << 62
    assert replacement_uid(KEY, b"1.2.3") == f"2.25.{drawn}".encode()


@pytest.mark.parametrize("uid", [b"", b"1.2.840.10008.1.2", b"1.2.840.10008.5.1.4.1.1.2"])
def test_empty_and_standard_uids_stay(uid: bytes) -> None:
    assert replacement_uid(KEY, uid) == uid


def test_root_that_only_looks_like_the_standards_is_replaced() -> None:
    assert replacement_uid(KEY, b"1.2.840.100081.1").startswith(b"2.25.")


def test_padding_of_a_uid_does_not_count() -> None:
    assert replacement_uid(KEY, b"1.2.3\0") == replacement_uid(KEY, b" 1.2.3 ")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MissingSiteKeyError, match=str(length)):
        check_site_key(bytes(length))
