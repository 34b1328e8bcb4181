from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss.errors import SharingPlanError
from node.sss.gf256 import add, combine_rows, lagrange_rows
from node.sss.shamir import combine, split
from tests.sss.deals import cases, unhex


@pytest.mark.conformance
def test_split_gives_the_systematic_shares_of_the_vectors():
    for case in cases("systematic"):
        randoms = [unhex(share) for share in case["random_shares"]]
        made = split(unhex(case["secret"]), randoms, total=case["n"])
        assert [share.hex() for share in made] == case["shares_x1..n"]


@pytest.mark.conformance
def test_every_threshold_set_of_coefficient_shares_combines():
    for case in cases("shamir_fixed"):
        shares = {x: unhex(y) for x, y in enumerate(case["shares_x1..n"], start=1)}
        for chosen in combinations(shares, case["t"]):
            assert combine({x: shares[x] for x in chosen}) == unhex(case["secret"])


@pytest.mark.conformance
def test_shares_made_by_foreign_packages_combine_here():
    for case in cases("shamir_gf256"):
        if "points" in case:
            points = {int(x): unhex(y) for x, y in case["points"].items()}
            for chosen in combinations(points, case["t"]):
                basis = {x: points[x] for x in chosen}
                assert combine(basis, at=255) == unhex(case["f(255)"])
                assert combine(basis, at=254) == unhex(case["f(254)"])
        else:
            shares = {unhex(share)[-1]: unhex(share)[:-1] for share in case["shares"]}
            for chosen in combinations(shares, case["t"]):
                assert combine({x: shares[x] for x in chosen}) == unhex(case["secret"])


@pytest.mark.conformance
def test_the_essential_vectors_open_with_e_and_any_custodians():
    for case in cases("essential"):
        shares = {x: unhex(y) for x, y in enumerate(case["shares_x1..n-1"], start=1)}
        for chosen in combinations(shares, case["t"] - 1):
            masked = combine({x: shares[x] for x in chosen})
            assert add(masked, unhex(case["essential"])) == unhex(case["secret"])


@pytest.mark.conformance
def test_contributions_of_a_masked_repair_sum_up_to_the_lost_share():
    for case in cases("repair"):
        held = {int(x): unhex(y) for x, y in case["custodians"].items()}
        (row,) = lagrange_rows(tuple(held), (case["target"],))
        mask = unhex(case["masks"]["1-4"])
        parts = [
            add(combine_rows([factor], [held[x]]), mask)
            for factor, x in zip(row, held, strict=True)
        ]
        assert [part.hex() for part in parts] == list(case["contributions"].values())
        assert add(*parts) == unhex(case["repaired"]) == combine(held, at=case["target"])


@given(st.binary(min_size=1, max_size=40), st.integers(1, 12), st.integers(0, 8), st.randoms())
@settings(max_examples=50, deadline=None)
def test_any_k_shares_give_the_secret(secret, needed, spare, random):
    randoms = [random.randbytes(len(secret)) for _ in range(needed - 1)]
    shares = dict(enumerate(split(secret, randoms, total=needed + spare), start=1))
    chosen = random.sample(sorted(shares), needed)
    assert combine({x: shares[x] for x in chosen}) == secret


def test_255_shares_combine():
    secret = b"\x07" * 32
    randoms = [bytes([x]) * 32 for x in range(126)]
    shares = dict(enumerate(split(secret, randoms, total=255), start=1))
    assert combine({x: shares[x] for x in range(129, 256)}) == secret


def test_a_share_below_the_threshold_is_uniform_whatever_the_secret():
    for secret in (0, 77, 255):
        seen = Counter(split(bytes([secret]), [bytes([r])], total=3)[2][0] for r in range(256))
        assert set(seen.values()) == {1}
        assert len(seen) == 256


@pytest.mark.parametrize(("randoms", "total"), [(2, 2), (0, 0), (1, 256)])
def test_a_total_below_the_threshold_or_above_255_is_refused(randoms, total):
    with pytest.raises(SharingPlanError):
        split(b"s", [b"r"] * randoms, total=total)


def test_a_random_share_of_another_length_is_refused():
    with pytest.raises(ValueError, match="as long as"):
        split(b"secret", [b"short"], total=3)


@pytest.mark.parametrize("shares", [{}, {1: b"a", 2: b"bc"}, {256: b"a"}, {-1: b"a"}])
def test_combine_refuses_what_is_no_set_of_shares(shares):
    with pytest.raises(ValueError, match=r"one length|between 0 and 255"):
        combine(shares)
