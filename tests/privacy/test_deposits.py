import pytest

from node.privacy.deposits import (
    DEPOSIT_BYTES,
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
