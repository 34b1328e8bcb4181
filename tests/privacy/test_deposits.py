from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.codec import pack, unpack
from node.privacy.deposits import (
    DEPOSIT_BYTES,
    DepositLetter,
    digests_of,
    join_deposit,
    split_deposit,
)
from node.privacy.release_errors import CustodyError
from node.sss.errors import ShareFormatError
from node.sss.refresh import deposit_root
from node.sss.shares import decode_container
from tests.privacy.ward import Ward
from tests.sss.deals import cases, unhex

LETTER = Ward().letters[0]


def test_a_letter_decodes_to_what_was_encoded():
    assert DepositLetter.decode(LETTER.encode()) == LETTER


def test_the_signed_structure_carries_the_root_over_all_digests():
    assert LETTER.typed().deposit_root == deposit_root(LETTER.digests)
    assert LETTER.typed().grant_id == LETTER.grant_id


@pytest.mark.conformance
def test_deposits_of_the_vectors_have_304_bytes_and_their_root():
    for case in cases("lifecycle"):
        pairs = list(
            zip(
                (decode_container(unhex(one)) for one in case["grant_shares"]),
                (decode_container(unhex(one)) for one in case["delta_shares"]),
                strict=True,
            )
        )
        plains = [join_deposit(*pair) for pair in pairs]
        assert {len(plain) for plain in plains} == {DEPOSIT_BYTES} == {304}
        assert deposit_root(digests_of(plains)).hex() == case["deposit_root"]
        assert [split_deposit(plain) for plain in plains] == pairs


@pytest.mark.parametrize("length", [0, 303, 305])
def test_a_deposit_of_another_length_is_refused(length):
    with pytest.raises(CustodyError, match="wants 304"):
        split_deposit(bytes(length))


def test_a_deposit_of_other_bytes_is_refused():
    with pytest.raises(ShareFormatError):
        split_deposit(bytes(304))


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_bytes_that_are_no_letter_are_refused(raw):
    with pytest.raises(CustodyError) as caught:
        DepositLetter.decode(raw)
    assert caught.value.code == "layout"


WRONG = [
    ("grant_id", b"short"),
    ("grant_id", "text"),
    ("deal_id", None),
    ("epoch", -1),
    ("epoch", 2**32),
    ("epoch", True),
    ("index", 255),
    ("index", "1"),
    ("digests", b"no list"),
    ("digests", [b"short"]),
    ("digests", [bytes(32)] * 255),
    ("sealed", "text"),
    ("signature", bytes(64)),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_a_letter_with_a_field_of_another_shape_is_refused(name, value):
    values = unpack(LETTER.encode())
    values[[field.name for field in fields(LETTER)].index(name)] = value
    with pytest.raises(CustodyError, match="layout"):
        DepositLetter.decode(pack(values))


def test_a_letter_with_another_number_of_fields_is_refused():
    with pytest.raises(CustodyError, match="seven"):
        DepositLetter.decode(pack(unpack(LETTER.encode())[:-1]))


def test_a_letter_carries_254_digests_at_most():
    full = replace(LETTER, digests=(bytes(32),) * 254)
    assert DepositLetter.decode(full.encode()) == full
