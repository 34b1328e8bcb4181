from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import Cid
from node.sss.commitments import NO_CID, Manifest, is_manifest_cid
from node.sss.errors import ShareFormatError
from node.sss.shares import Scheme
from tests.sss.deals import cases, custodian_addresses, make_deal, scheme_deal, unhex, whole_deals

CID = Cid(b"\x01\x55\x12\x20" + bytes(32))
MANIFEST = make_deal().manifest(custodian_addresses(4), [CID, NO_CID, CID, CID])


@pytest.mark.conformance
def test_manifests_of_the_vectors_decode_to_their_id_and_bytes():
    for case in cases("ssms"):
        manifest = Manifest.decode(unhex(case["manifest"]))
        assert manifest.manifest_id().hex() == case["manifest_id"]
        assert manifest.encode() == unhex(case["manifest"])
        assert [address.hex() for address in manifest.custodians] == case["custodians"]


@pytest.mark.conformance
def test_manifests_of_other_schemes_are_refused_not_guessed():
    for case in cases("xor"):
        with pytest.raises(ShareFormatError, match="scheme"):
            Manifest.decode(unhex(case["manifest"]))


def test_a_manifest_decodes_to_what_was_encoded():
    assert Manifest.decode(MANIFEST.encode()) == MANIFEST


def test_the_id_changes_with_the_epoch():
    assert replace(MANIFEST, epoch=1).manifest_id() != MANIFEST.manifest_id()


def test_the_custodian_of_index_one_stands_first():
    assert MANIFEST.address_of(1) == MANIFEST.custodians[0]


@pytest.mark.parametrize(
    ("at", "code"), [(0, "magic"), (4, "format"), (5, "reserved"), (12, "magic"), (16, "format")]
)
def test_a_wrong_byte_in_front_is_refused(at, code):
    raw = bytearray(MANIFEST.encode())
    raw[at] ^= 0xFF
    with pytest.raises(ShareFormatError) as caught:
        Manifest.decode(raw)
    assert caught.value.code == code


@given(st.integers(0, len(MANIFEST.encode()) + 40))
@settings(max_examples=50, deadline=None)
def test_a_manifest_of_another_size_is_refused(size):
    raw = MANIFEST.encode()
    if size == len(raw):
        size += 1
    with pytest.raises(ShareFormatError, match="length"):
        Manifest.decode((raw + bytes(41))[:size])


def test_another_scheme_in_the_header_is_refused():
    header = replace(MANIFEST.header, scheme=Scheme.SSMS_FELDMAN)
    with pytest.raises(ShareFormatError, match="scheme"):
        Manifest.decode(replace(MANIFEST, header=header).encode())


def test_a_cid_of_another_hash_is_refused():
    raw = bytearray(MANIFEST.encode())
    raw[-34] ^= 1
    with pytest.raises(ShareFormatError, match="cid"):
        Manifest.decode(raw)


@pytest.mark.parametrize("cid", [b"", CID[:-1], CID + b"0", b"\x00" + CID[1:], b"\x12\x20" * 18])
def test_only_full_cids_stand_in_a_manifest(cid):
    assert not is_manifest_cid(cid)


def test_a_cid_with_any_codec_and_no_cid_at_all_stand_in_a_manifest():
    assert is_manifest_cid(CID)
    assert is_manifest_cid(b"\x01\x70\x12\x20" + bytes(32))
    assert is_manifest_cid(NO_CID)


@pytest.mark.conformance
@pytest.mark.parametrize(("name", "scheme"), [("xor", Scheme.XOR), ("nlss_q_full", Scheme.NLSS_Q)])
def test_manifests_of_schemes_two_and_three_decode_where_they_are_asked_for(name, scheme):
    for case in whole_deals(name):
        manifest = Manifest.decode(unhex(case["manifest"]), schemes=(scheme,))
        assert manifest.encode() == unhex(case["manifest"])
        assert manifest.manifest_id().hex() == case["manifest_id"]
        assert [list(one) for one in manifest.vectors] == case.get("vectors", [])
        assert manifest.fragments == ()


@pytest.mark.parametrize("scheme", [Scheme.XOR, Scheme.NLSS_Q])
@pytest.mark.parametrize("change", [-1, 1, 20, 68])
def test_a_manifest_without_fragments_of_another_size_is_refused(scheme, change):
    raw = scheme_deal(scheme).manifest(custodian_addresses(4)).encode()
    other = raw + bytes(change) if change > 0 else raw[:change]
    with pytest.raises(ShareFormatError, match="length"):
        Manifest.decode(other, schemes=(scheme,))


def test_vectors_that_cannot_open_are_refused():
    raw = scheme_deal(Scheme.NLSS_Q).manifest(custodian_addresses(4)).encode()
    with pytest.raises(ShareFormatError, match="vectors"):
        Manifest.decode(raw[:-2] + raw[-4:-2], schemes=(Scheme.NLSS_Q,))


@pytest.mark.parametrize(("t", "n"), [(4, 5), (3, 14)])
def test_a_plan_that_quadratic_forms_cannot_serve_is_refused(t, n):
    manifest = scheme_deal(Scheme.XOR, t=t, n=n).manifest(custodian_addresses(n - 1))
    header = replace(manifest.header, scheme=Scheme.NLSS_Q)
    vectors = (bytes(t - 1),) * (n - 1)
    raw = replace(manifest, header=header, vectors=vectors).encode()
    with pytest.raises(ShareFormatError, match="threshold"):
        Manifest.decode(raw, schemes=(Scheme.NLSS_Q,))
