from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.privacy.release_errors import BadReceiptError, ReleaseFormatError
from node.privacy.release_messages import (
    Answer,
    Head,
    Receipt,
    Request,
    Status,
    check_chain,
    deposit_info,
    release_info,
)
from tests.sss.deals import cases, unhex

KEY = PrivateKey.from_bytes(b"\x07" * 32)
OTHER = PrivateKey.from_bytes(b"\x08" * 32)
REQUEST = Request(
    index=3,
    chain_id=9,
    grant_id=b"g" * 32,
    deal_id=b"d" * 32,
    epoch=2,
    grantee=KEY.address,
    head_number=77,
    head_hash=Hash32(b"h" * 32),
    nonce=b"n" * 32,
).signed(KEY)
SEALED = bytes(range(80))


def _receipt(status: Status = Status.RELEASED, **changes) -> Receipt:
    sealed_hash = sha256(SEALED).digest() if status is Status.RELEASED else bytes(32)
    made = Receipt(
        index=3,
        status=status,
        request_id=REQUEST.request_id(),
        grant_id=REQUEST.grant_id,
        deal_id=REQUEST.deal_id,
        epoch=2,
        head=Head(80, Hash32(b"f" * 32), 1_234),
        sequence=0,
        previous=Hash32(bytes(32)),
        sealed_hash=sealed_hash,
    )
    return replace(made, **changes).signed(KEY)


@pytest.mark.conformance
def test_requests_of_the_vectors_decode_sign_and_encode_to_their_bytes():
    for case in cases("release"):
        request = Request.decode(unhex(case["request"]))
        grantee = PrivateKey.from_bytes(unhex(case["grantee_private"]))
        assert request.request_id().hex() == case["request_id"]
        assert request.grantee.hex() == case["grantee_address"]
        assert (request.chain_id, request.index) == (case["chain_id"], case["index"])
        assert request.is_signed_by_grantee()
        unsigned = replace(request, signature=bytes(65))
        assert unsigned.signed(grantee).encode() == unhex(case["request"])


@pytest.mark.conformance
def test_receipts_of_the_vectors_decode_sign_and_encode_to_their_bytes():
    for case in cases("release"):
        receipt = Receipt.decode(unhex(case["receipt"]))
        validator = PrivateKey.from_bytes(unhex(case["validator_private"]))
        assert receipt.receipt_id().hex() == case["receipt_id"]
        assert receipt.status.name == case["status"]
        assert receipt.request_id.hex() == case["request_id"]
        assert receipt.signer() == Address(unhex(case["validator_address"]))
        unsigned = replace(receipt, signature=bytes(65))
        assert unsigned.signed(validator).encode() == unhex(case["receipt"])


@pytest.mark.conformance
def test_answers_of_the_vectors_decode_and_name_their_info():
    for case in cases("release"):
        answer = Answer.decode(unhex(case["receipt"]) + unhex(case["sealed"]))
        info = release_info(answer.receipt.request_id, answer.receipt.index)
        assert info.hex() == case["hpke_info"]


def test_a_request_has_241_bytes_and_decodes_to_itself():
    assert len(REQUEST.encode()) == 241
    assert Request.decode(REQUEST.encode()) == REQUEST


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.BAD_REQUEST])
def test_a_receipt_has_297_bytes_and_decodes_to_itself(status):
    receipt = _receipt(status)
    assert len(receipt.encode()) == 297
    assert Receipt.decode(receipt.encode()) == receipt


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [(0, 0, "magic"), (4, 2, "format"), (5, 0, "index"), (5, 255, "index"), (7, 1, "reserved")],
)
def test_a_request_with_a_wrong_byte_is_refused(at, value, code):
    raw = bytearray(REQUEST.encode())
    raw[at] = value
    with pytest.raises(ReleaseFormatError) as caught:
        Request.decode(bytes(raw))
    assert (caught.value.what, caught.value.code) == ("request", code)


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (0, 0, "magic"),
        (4, 0, "format"),
        (5, 0, "index"),
        (6, 1, "status"),
        (6, 15, "status"),
        (6, 4, "sealed"),
        (7, 1, "reserved"),
        (111, 1, "reserved"),
    ],
)
def test_a_receipt_with_a_wrong_byte_is_refused(at, value, code):
    raw = bytearray(_receipt().encode())
    raw[at] = value
    with pytest.raises(ReleaseFormatError) as caught:
        Receipt.decode(bytes(raw))
    assert (caught.value.what, caught.value.code) == ("receipt", code)


def test_a_release_without_a_sealed_share_is_no_receipt():
    with pytest.raises(ReleaseFormatError, match="sealed"):
        Receipt.decode(_receipt(sealed_hash=bytes(32)).encode())


@pytest.mark.parametrize("length", [0, 240, 242])
def test_a_request_of_another_length_is_refused(length):
    with pytest.raises(ReleaseFormatError, match="length"):
        Request.decode((REQUEST.encode() + b"0")[:length])


@given(st.integers(0, 240), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_a_request_with_any_changed_byte_does_not_stand(at, flip):
    raw = bytearray(REQUEST.encode())
    raw[at] ^= flip
    try:
        assert not Request.decode(bytes(raw)).is_signed_by_grantee()
    except ReleaseFormatError as error:
        assert error.what == "request"  # noqa: PT017 - either way of falling is right


def test_a_signature_of_somebody_else_is_not_the_grantees():
    assert not REQUEST.signed(OTHER).is_signed_by_grantee()


def test_an_answer_decodes_to_itself():
    released = Answer(_receipt(), SEALED)
    refused = Answer(_receipt(Status.EXPIRED))
    assert Answer.decode(released.encode()) == released
    assert Answer.decode(refused.encode()) == refused


@pytest.mark.parametrize(
    "raw",
    [
        _receipt().encode(),
        _receipt().encode() + SEALED[:-1],
        _receipt().encode() + SEALED + b"0",
        _receipt().encode() + bytes(80),
        _receipt(Status.EXPIRED).encode() + SEALED,
    ],
)
def test_an_answer_whose_sealed_part_is_not_the_receipts_is_refused(raw):
    with pytest.raises(ReleaseFormatError, match="sealed"):
        Answer.decode(raw)


def _chain(length: int) -> list[Receipt]:
    chain: list[Receipt] = []
    for sequence in range(length):
        previous = chain[-1].receipt_id() if chain else Hash32(bytes(32))
        chain.append(_receipt(Status.EXPIRED, sequence=sequence, previous=previous))
    return chain


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_whole_chain_stands(length):
    check_chain(_chain(length), KEY.address)
    assert len(_chain(length)) == length


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_chain_with_a_hole_does_not_stand(missing):
    chain = _chain(4)
    del chain[missing]
    with pytest.raises(BadReceiptError, match="sequence"):
        check_chain(chain, KEY.address)


def test_a_chain_with_an_exchanged_receipt_does_not_stand():
    chain = _chain(3)
    chain[1] = _receipt(Status.REVOKED, sequence=1, previous=chain[0].receipt_id())
    with pytest.raises(BadReceiptError, match="another previous"):
        check_chain(chain, KEY.address)


def test_a_chain_signed_by_somebody_else_does_not_stand():
    with pytest.raises(BadReceiptError, match="somebody else"):
        check_chain(_chain(1), OTHER.address)


def test_infos_bind_purpose_id_and_index():
    made = {release_info(Hash32(bytes(32)), 1), release_info(Hash32(bytes(32)), 2)}
    made |= {deposit_info(bytes(32), 1), release_info(Hash32(b"1" * 32), 1)}
    assert len(made) == 4
    assert deposit_info(b"g" * 32, 5) == b"wardnet/deposit/v1\x00" + b"g" * 32 + b"\x05"
