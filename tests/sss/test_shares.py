from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.base.limits import RECORD_BYTES_MAX
from node.sss.errors import ShareFormatError
from node.sss.shares import (
    Container,
    DealHeader,
    Kind,
    Scheme,
    check_against,
    decode_container,
    octets,
    share_digest,
)
from tests.sss.deals import cases, make_deal, unhex

HEADER = make_deal().header
SHARE = make_deal().custodians[1]


def _code(data: bytes, header: DealHeader | None = None) -> str:
    with pytest.raises(ShareFormatError) as caught:
        decode_container(data, header)
    return caught.value.code


def _resealed(raw: bytearray) -> bytes:
    raw[-32:] = share_digest(bytes(raw[:-32]))
    return bytes(raw)


@pytest.mark.conformance
def test_every_malformed_container_is_refused_with_its_code():
    for case in cases("malformed"):
        header = DealHeader.decode(unhex(case["deal"]))
        decode_container(unhex(case["good"]), header)
        got = {one["name"]: _code(unhex(one["share"]), header) for one in case["cases"]}
        assert got == {one["name"]: one["code"] for one in case["cases"]}


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["xor", "nlss_q_full"])
def test_containers_of_the_other_schemes_decode_against_their_deal(name):
    dealt = [case for case in cases(name) if "deal" in case]
    assert dealt
    for case in dealt:
        header = DealHeader.decode(unhex(case["deal"]))
        assert header.deal_id().hex() == case["deal_id"]
        for share in case["shares"]:
            assert decode_container(unhex(share), header).encode() == unhex(share)


@pytest.mark.conformance
def test_a_recovery_share_decodes_and_belongs_to_no_deal():
    for case in cases("repair"):
        for share in case["recovery_shares"]:
            container = decode_container(unhex(share))
            assert container.kind is Kind.RECOVERY
            assert _code(unhex(share), HEADER) == "kind"


def test_a_header_decodes_to_what_was_encoded():
    assert DealHeader.decode(HEADER.encode()) == HEADER


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (0, 0, "magic"),
        (4, 2, "format"),
        (5, 0, "scheme"),
        (5, 5, "scheme"),
        (6, 1, "threshold"),
        (6, 6, "threshold"),
        (8, 2, "reserved"),
        (9, 0, "reserved"),
        (10, 1, "reserved"),
        (63, 1, "reserved"),
        (64, 1, "length"),
    ],
)
def test_a_header_with_one_wrong_byte_is_refused(at, value, code):
    raw = bytearray(HEADER.encode())
    raw[at] = value
    with pytest.raises(ShareFormatError) as caught:
        DealHeader.decode(raw)
    assert caught.value.code == code


@pytest.mark.parametrize("length", [0, 135, 137])
def test_a_header_of_another_size_is_refused(length):
    with pytest.raises(ShareFormatError, match="length"):
        DealHeader.decode(bytes(length))


@pytest.mark.parametrize(
    ("length", "fits"), [(0, False), (1, True), (RECORD_BYTES_MAX, True), (2**36 - 31, False)]
)
def test_a_header_claims_one_byte_to_the_limit(length, fits):
    raw = replace(HEADER, plaintext_length=length).encode()
    if fits:
        assert DealHeader.decode(raw).plaintext_length == length
    else:
        with pytest.raises(ShareFormatError, match="length"):
            DealHeader.decode(raw)


def test_a_scheme_without_aead_has_no_nonce():
    raw = replace(HEADER, scheme=Scheme.XOR).encode()
    with pytest.raises(ShareFormatError, match="reserved"):
        DealHeader.decode(raw)
    zeroed = replace(HEADER, scheme=Scheme.XOR, nonce=bytes(12))
    assert DealHeader.decode(zeroed.encode()) == zeroed


@given(
    kind=st.sampled_from(Kind),
    index=st.integers(1, 4),
    epoch=st.integers(0, 2**32 - 1),
    salt=st.binary(min_size=32, max_size=32),
    payload=st.binary(max_size=60),
)
@settings(max_examples=50, deadline=None)
def test_a_container_decodes_to_what_was_encoded(kind, index, epoch, salt, payload):
    if kind is Kind.ESSENTIAL:
        index = 0
    if kind is Kind.FRAGMENT:
        epoch, salt = 0, bytes(32)
    made = Container(Scheme.SSMS, kind, index, 3, 5, epoch, bytes(32), salt, payload)
    assert decode_container(made.encode()) == made


@given(st.integers(0, len(SHARE.encode()) - 1), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_any_flipped_byte_is_refused(at, flip):
    raw = bytearray(SHARE.encode())
    raw[at] ^= flip
    with pytest.raises(ShareFormatError):
        decode_container(raw)


@given(st.data())
@settings(max_examples=50, deadline=None)
@example(None)
def test_mutated_containers_raise_nothing_but_format_errors(data):
    raw = bytearray(SHARE.encode())
    if data is not None:
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, 87))] = data.draw(st.integers(0, 255))
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    sent = _resealed(raw) if len(raw) >= 32 else bytes(raw)
    try:
        container = decode_container(sent, HEADER)
    except ShareFormatError:
        return
    assert container.encode() == sent


def test_a_container_of_another_deal_is_refused():
    other = replace(HEADER, generation=1)
    assert _code(SHARE.encode(), other) == "deal"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_payload_of_another_length_than_the_deal_says_is_refused(size):
    wrong = replace(SHARE, payload=bytes(size))
    with pytest.raises(ShareFormatError, match=r"length \(index 2\)"):
        check_against(wrong, HEADER)


def test_the_xor_scheme_has_no_fragments():
    with pytest.raises(ShareFormatError, match="kind"):
        replace(HEADER, scheme=Scheme.XOR).payload_length(Kind.FRAGMENT)


def test_repr_of_a_container_shows_neither_payload_nor_salt():
    shown = repr(SHARE)
    assert SHARE.payload.hex() not in shown
    assert SHARE.salt.hex() not in shown
    assert "index=2" in shown


@pytest.mark.parametrize("data", ["text", [1, 2], 7, None])
def test_only_bytes_like_data_is_taken(data):
    with pytest.raises(TypeError, match="bytes-like"):
        decode_container(data)


@pytest.mark.parametrize("data", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_every_bytes_like_type_is_taken(data):
    assert octets(data, "data") == b"ab"


def test_a_header_names_both_counts():
    assert (HEADER.needed, HEADER.custodians) == (2, 4)
