from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.privacy.erasure import CERTIFICATE_BYTES, ErasureCertificate
from node.privacy.release_errors import BadCertificateError, ReleaseFormatError
from tests.privacy.ward import HOSPITALS, STRANGER, hash_of

MADE = ErasureCertificate(
    index=3,
    chain_id=7,
    deal_id=b"\xdd" * 32,
    head_number=100,
    head_hash=hash_of(100),
    objects_destroyed=9,
).signed(HOSPITALS[2])


def test_the_bytes_stand_where_the_layout_says():
    raw = MADE.encode()
    assert len(raw) == CERTIFICATE_BYTES == 157
    assert raw[:8] == b"WSE1\x01\x03\x00\x00"
    assert raw[8:16] == (7).to_bytes(8)
    assert raw[16:48] == b"\xdd" * 32
    assert raw[48:56] == (100).to_bytes(8)
    assert raw[56:88] == hash_of(100)
    assert raw[88:92] == (9).to_bytes(4)
    assert raw[92:] == MADE.signature


def test_the_id_is_a_labelled_hash_of_what_stands_before_the_signature():
    label = b"wardnet/erasure-certificate/v1\x00"
    assert MADE.certificate_id() == keccak256(label + MADE.encode()[:92])


numbers = {
    "index": st.integers(1, 254),
    "chain_id": st.integers(0, 2**64 - 1),
    "head_number": st.integers(0, 2**64 - 1),
    "objects_destroyed": st.integers(0, 2**32 - 1),
}


@given(st.fixed_dictionaries(numbers))
@settings(max_examples=50, deadline=None)
def test_what_is_encoded_is_decoded(changes):
    certificate = replace(MADE, **changes)
    assert ErasureCertificate.decode(certificate.encode()) == certificate


def test_the_custodians_signature_stands_and_no_other_one():
    MADE.check(HOSPITALS[2].address)
    with pytest.raises(BadCertificateError, match="index 3"):
        MADE.check(HOSPITALS[1].address)
    with pytest.raises(BadCertificateError):
        MADE.signed(STRANGER).check(HOSPITALS[2].address)
    with pytest.raises(BadCertificateError):
        replace(MADE, signature=bytes(65)).check(HOSPITALS[2].address)


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 2},
        {"chain_id": 8},
        {"deal_id": bytes(32)},
        {"head_number": 99},
        {"head_hash": Hash32(bytes(32))},
        {"objects_destroyed": 8},
    ],
)
def test_every_field_is_under_the_signature(changes):
    with pytest.raises(BadCertificateError):
        replace(MADE, **changes).check(HOSPITALS[2].address)


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (0, 0, "magic"),
        (4, 2, "format"),
        (5, 0, "index"),
        (5, 255, "index"),
        (6, 1, "reserved"),
        (7, 1, "reserved"),
    ],
)
def test_a_wrong_byte_has_its_code(at, value, code):
    raw = bytearray(MADE.encode())
    raw[at] = value
    with pytest.raises(ReleaseFormatError, match=f"erasure certificate: {code}"):
        ErasureCertificate.decode(bytes(raw))


@pytest.mark.parametrize("length", [0, 92, 156, 158])
def test_another_length_is_no_certificate(length):
    raw = MADE.encode().ljust(length, b"\0")[:length]
    with pytest.raises(ReleaseFormatError, match="length"):
        ErasureCertificate.decode(raw)
