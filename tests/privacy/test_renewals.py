import pytest

from node.base.limits import RENEWAL_STEPS_COUNT_MAX
from node.privacy.deposits import CONTAINER_BYTES, digests_of
from node.privacy.release_errors import CustodyError
from node.privacy.renewals import (
    RenewalLetter,
    join_renewal,
    renewal_info,
    split_renewal,
    typed_renewal,
)
from node.privacy.sealing import OVERHEAD_BYTES
from node.sss.drbg import SeedsUsed, Stream
from node.sss.errors import ShareFormatError
from node.sss.refresh import deposit_root, renewal_shares
from tests.sss.deals import make_deal

DEAL = make_deal()
SEALED_BYTES_MAX = 48 * 1_024
"""What a Renew message holds."""


def _steps(count: int):
    essentials = [bytes([number % 256]) * 32 for number in range(count + 1)]
    stream = Stream(bytes(48), SeedsUsed())
    return renewal_shares(DEAL.header, essentials, epoch=3, stream=stream)[0]


@pytest.mark.parametrize("count", [1, 2, RENEWAL_STEPS_COUNT_MAX])
def test_steps_are_joined_and_split_again(count):
    plain = join_renewal(_steps(count))
    assert len(plain) == count * CONTAINER_BYTES
    assert split_renewal(plain) == _steps(count)


def test_the_longest_renewal_fits_the_wire():
    plain = join_renewal(_steps(RENEWAL_STEPS_COUNT_MAX))
    assert len(plain) + OVERHEAD_BYTES <= SEALED_BYTES_MAX


def test_a_renewal_of_no_step_or_too_many_is_not_made():
    for count in (0, RENEWAL_STEPS_COUNT_MAX + 1):
        with pytest.raises(ValueError, match="1 to 256 steps"):
            join_renewal(_steps(1) * count)


@pytest.mark.parametrize(
    "length",
    [0, 1, CONTAINER_BYTES - 1, CONTAINER_BYTES + 1, (RENEWAL_STEPS_COUNT_MAX + 1) * 152],
)
def test_other_lengths_are_no_renewal(length):
    with pytest.raises(CustodyError, match=r"\(layout\)"):
        split_renewal(bytes(length))


def test_bytes_of_the_right_length_that_are_no_containers_are_refused():
    with pytest.raises(ShareFormatError, match="magic"):
        split_renewal(join_renewal(_steps(1)) + bytes(CONTAINER_BYTES))


def test_the_patient_signs_a_deposit_that_names_no_grant():
    digests = digests_of([b"one", b"two"])
    letter = RenewalLetter(
        deal_id=b"d" * 32, epoch=4, index=1, digests=digests, sealed=b"", signature=b""
    )
    typed = letter.typed()
    assert typed == typed_renewal(b"d" * 32, 4, digests)
    assert (typed.grant_id, typed.deal_id, typed.epoch) == (bytes(32), b"d" * 32, 4)
    assert typed.deposit_root == deposit_root(digests)


def test_a_renewal_is_sealed_for_one_deal_at_one_index():
    assert renewal_info(b"d" * 32, 2) == b"wardnet/renewal/v1\x00" + b"d" * 32 + b"\x02"
