from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss.bundle import Bundle
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.shares import Scheme
from node.sss.ssms import open_record
from tests.sss.deals import (
    SIMULATION,
    cases,
    custodian_addresses,
    files_of,
    make_deal,
    scheme_deal,
    unhex,
)

DEAL = make_deal()
MANIFEST = DEAL.manifest(custodian_addresses(4))
CUSTODIAN = Bundle(MANIFEST, DEAL.custodians[0], DEAL.fragments[0])
PATIENT = Bundle(MANIFEST, DEAL.essential, None)


@pytest.mark.conformance
def test_files_of_the_vectors_decode_to_their_bytes_and_open():
    for case in cases("bundle"):
        files = [Bundle.decode(unhex(raw)) for raw in case["files"]]
        assert [one.encode().hex() for one in files] == case["files"]
        opened = open_record(
            files[0].manifest,
            [files[0].share.encode(), files[2].share.encode(), files[4].share.encode()],
            [one.fragment for one in files[3:] if one.fragment],
            profile=SIMULATION,
        )
        assert opened.record == unhex(case["record"])


@pytest.mark.parametrize("bundle", [CUSTODIAN, PATIENT])
def test_a_file_decodes_to_what_was_encoded(bundle):
    assert Bundle.decode(bundle.encode()) == bundle


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_cut_file_is_refused(data):
    raw = CUSTODIAN.encode()
    with pytest.raises(ShareFormatError, match="length"):
        Bundle.decode(raw[: data.draw(st.integers(0, len(raw) - 1))])


def test_trailing_bytes_are_refused():
    with pytest.raises(ShareFormatError, match="length"):
        Bundle.decode(CUSTODIAN.encode() + b"\x00")


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (0, 0, "magic"),
        (4, 2, "format"),
        (6, 1, "reserved"),
        (11, 1, "length"),
        (11, 4, "length"),
        (12, 0xFF, "length"),
    ],
)
def test_a_wrong_byte_in_front_is_refused(at, value, code):
    raw = bytearray(CUSTODIAN.encode())
    raw[at] = value
    with pytest.raises(ShareFormatError) as caught:
        Bundle.decode(raw)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "bundle",
    [
        Bundle(MANIFEST, DEAL.custodians[0], None),
        Bundle(MANIFEST, DEAL.essential, DEAL.fragments[0]),
        Bundle(MANIFEST, DEAL.custodians[0], DEAL.custodians[0].encode()),
    ],
)
def test_containers_of_the_wrong_kind_are_refused(bundle):
    with pytest.raises(ShareFormatError, match="kind"):
        Bundle.decode(bundle.encode())


def test_a_fragment_of_another_index_is_refused():
    with pytest.raises(ShareFormatError, match="index"):
        Bundle.decode(replace(CUSTODIAN, fragment=DEAL.fragments[1]).encode())


def test_parts_of_different_deals_are_refused():
    other = make_deal(seed=2)
    with pytest.raises(MixedRecordsError):
        Bundle.decode(replace(CUSTODIAN, share=other.custodians[0]).encode())


@pytest.mark.parametrize("scheme", [Scheme.XOR, Scheme.NLSS_Q])
def test_files_of_schemes_without_fragments_decode_to_what_was_encoded(scheme):
    for file in files_of(scheme_deal(scheme)):
        assert Bundle.decode(file.encode()) == file
        assert file.encode()[8:12] == (2).to_bytes(4)


@pytest.mark.parametrize("scheme", [Scheme.XOR, Scheme.NLSS_Q])
def test_a_fragment_in_a_scheme_without_fragments_is_refused(scheme):
    file = files_of(scheme_deal(scheme))[1]
    with pytest.raises(ShareFormatError, match="kind"):
        Bundle.decode(replace(file, fragment=file.share.encode()).encode())


def test_every_holder_of_the_default_scheme_gets_the_own_parts():
    patient, *custodians = files_of(DEAL)
    assert patient == PATIENT
    assert [one.share for one in custodians] == list(DEAL.custodians)
    assert [one.fragment for one in custodians] == list(DEAL.fragments)
