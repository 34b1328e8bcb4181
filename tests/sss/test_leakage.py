"""What attackers below the threshold learn, by exact enumeration: the figures of the threat model.

Nothing here is sampled: every outcome of the dealer's draws is looked at once.
"""

from itertools import combinations

import numpy as np
import pytest

from node.sss.gf256 import multiply
from node.sss.leakage import clear_ties_leak, field_of, information, shares_leak
from node.sss.long_rows import split_long
from node.sss.nlss_rows import spread
from node.sss.quadrics import line_of, subsets_of
from node.sss.shamir import split

BYTES = field_of(bits=8, polynomial=0x11B)
TOY = field_of(bits=4, polynomial=0x13)
VECTORS = tuple(map(bytes.fromhex, ("4420", "823c", "fde6", "f1c2")))
"""Of 2 of 4 custodians (t=3, n=5); the figures with ties hold for these alone."""


def _outcomes(symbols):
    """Every combination of ``symbols`` elements of the toy field, a column for each."""
    codes = np.arange(16**symbols)
    return [codes >> 4 * at & 15 for at in range(symbols)]


def _toy_row(points, target):
    """Lagrange's coefficients in the toy field, straight from the definition."""
    row = []
    for x in points:
        top = bottom = 1
        for other in points:
            if other != x:
                top = TOY.products[top, target ^ other]
                bottom = TOY.products[bottom, x ^ other]
        (inverse,) = np.flatnonzero(TOY.products[bottom] == 1)
        row.append(TOY.products[top, inverse])
    return row


def _toy_deal(needed, total):
    """Give (m, e, shares 1 .. total) over all draws; m is a symbol of the key or message."""
    secret, essential, *random = _outcomes(needed + 1)
    known = [secret ^ essential, *random]
    shares = []
    for x in range(1, total + 1):
        value = np.zeros_like(secret)
        for factor, column in zip(_toy_row(range(needed), x), known, strict=True):
            value ^= TOY.products[factor, column]
        shares.append(value)
    return secret, essential, shares


def _is_independent(secret, view):
    """Say whether each view comes equally often with each of the 16 secrets: no rounding."""
    code = np.zeros_like(secret)
    for part in view:
        code = code << 4 | part
    counts = np.bincount(code << 4 | secret, minlength=16 ** (len(view) + 1)).reshape(-1, 16)
    return bool((counts == counts[:, :1]).all())


@pytest.mark.parametrize(("needed", "total"), [(1, 4), (2, 4), (3, 4), (3, 5)])
def test_e_and_one_custodian_fewer_than_needed_are_exactly_independent_of_the_secret(needed, total):
    secret, essential, shares = _toy_deal(needed, total)
    for chosen in combinations(shares, needed - 1):
        assert _is_independent(secret, [essential, *chosen])
    for chosen in combinations(shares, needed):
        assert not _is_independent(secret, [essential, *chosen])


@pytest.mark.parametrize(("needed", "total"), [(1, 4), (2, 4), (3, 4), (3, 5)])
def test_all_custodians_without_e_are_exactly_independent_of_the_secret(needed, total):
    secret, _, shares = _toy_deal(needed, total)
    assert _is_independent(secret, shares)


@pytest.mark.parametrize("share", [split, split_long])
def test_one_custodian_of_two_needed_holds_any_byte_equally_often_whatever_is_shared(share):
    # the product's own code, over all 65 536 pairs of a shared byte and a random one
    codes = np.arange(65_536, dtype=np.uint16)
    shared, random = (codes >> 8).astype(np.uint8), codes.astype(np.uint8)
    for held in share(shared.tobytes(), [random.tobytes()], total=6):
        pairs = shared.astype(np.int64) << 8 | np.frombuffer(held, np.uint8)
        assert (np.bincount(pairs, minlength=65_536) == 1).all()


def _nlss_outcomes():
    """Deal every byte s' with every x_1 by the product's code: (s', values, tie bits)."""
    codes = np.arange(256, 65_536, dtype=np.uint16)
    masked, column = codes.astype(np.uint8), (codes >> 8).astype(np.uint8)
    lines = [line_of(VECTORS, one) for one in subsets_of(4, 2)]
    shares, planes = spread(VECTORS, lines, masked.tobytes(), [column.tobytes()])
    values = [np.frombuffer(one, np.uint8).astype(np.int64) for one in shares]
    bits = np.unpackbits(np.frombuffer(planes, np.uint8), bitorder="little").reshape(6, -1)
    return masked.astype(np.int64), values, list(bits.astype(np.int64))


def test_nlss_with_e_and_one_custodian_leaks_one_bit_of_eight():
    secret, values, _ = _nlss_outcomes()
    for value in values:
        assert information(secret, [value]) == pytest.approx(0.9956, abs=5e-5)


def test_nlss_with_e_and_two_custodians_without_ties_leaves_one_bit_of_eight():
    secret, values, _ = _nlss_outcomes()
    for pair in combinations(values, 2):
        assert information(secret, pair) == pytest.approx(7.0078, abs=5e-5)


def test_nlss_with_e_and_one_custodian_and_ties_in_clear_would_leak_five_bits_of_eight():
    secret, values, bits = _nlss_outcomes()
    assert information(secret, [values[0], *bits]) == pytest.approx(5.0986, abs=5e-5)
    assert information(secret, bits) == pytest.approx(0.1614, abs=5e-5)


def test_nlss_opens_with_two_custodians_and_the_tie_bit_of_their_set():
    secret, values, bits = _nlss_outcomes()
    assert information(secret, [values[0], values[1], bits[0]]) == pytest.approx(8)


def test_the_table_of_the_lab_says_what_the_dealt_bytes_say():
    secret, values, bits = _nlss_outcomes()
    for count in (0, 1, 2):
        table = shares_leak(BYTES, VECTORS, count=count)
        assert table == pytest.approx(information(secret, values[:count]), abs=1e-9)
        clear = clear_ties_leak(BYTES, VECTORS, count=count)
        assert clear == pytest.approx(information(secret, [*values[:count], *bits]), abs=1e-9)


def test_nlss_in_a_toy_field_leaks_more_with_every_custodian_of_four():
    vectors = [(6, 12, 14, 9), (6, 8, 7, 5), (4, 14, 5, 10), (6, 2, 15, 2)]
    leaks = [shares_leak(TOY, vectors, count=count) for count in range(5)]
    assert leaks == pytest.approx([0, 0.0026, 0.0337, 0.8936, 3.0625], abs=5e-5)


def test_ties_of_vectors_that_cannot_be_used_have_no_meaning():
    with pytest.raises(ValueError, match="cannot be used"):
        clear_ties_leak(BYTES, (b"\x01\x02", b"\x01\x03"), count=1)


def test_information_of_a_copy_is_all_and_of_a_stranger_none():
    first, second = _outcomes(2)
    assert information(first, [first]) == pytest.approx(4)
    assert information(first, [second]) == pytest.approx(0)
    assert information(first, [first ^ second, second]) == pytest.approx(4)


def test_products_of_the_large_field_are_the_schemes_own():
    assert all(BYTES.products[a, b] == multiply(a, b) for a in range(0, 256, 5) for b in range(256))
