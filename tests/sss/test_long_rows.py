from random import Random

import pytest

from node.sss.long_rows import apply_long, split_long, values_long, xor_long
from node.sss.shamir import combine, split


@pytest.mark.parametrize("length", [1, 7, 8, 9, 4_097, 131_071, 131_073])
def test_long_strings_are_shared_like_short_ones(length):
    random = Random(length)
    secret, first = random.randbytes(length), random.randbytes(length)
    shares = split_long(secret, [first], total=4)
    assert shares == split(secret, [first], total=4)
    basis = {2: shares[1], 4: shares[3]}
    assert values_long(basis, (0, 3)) == (secret, combine(basis, at=3))


def test_xor_long_is_exclusive_or():
    assert xor_long(b"\x0f\xf0\xaa", b"\xff\xff\xaa") == b"\xf0\x0f\x00"


def test_strings_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        apply_long([(1, 1)], [b"12345678", b"123456789"])
