"""``nlss-q`` against the vectors, its plans, and what its opening says of liars."""

from dataclasses import replace
from itertools import combinations

import pytest

from node.base.limits_sharing import NLSS_SECRET_BYTES_MAX
from node.base.types import Address
from node.sss import errors
from node.sss.commitments import Manifest
from node.sss.holder_file import FILE_SCHEMES
from node.sss.nlss import open_record
from node.sss.shares import Scheme
from tests.sss.deals import (
    SIMULATION,
    custodian_addresses,
    holders,
    scheme_deal,
    unhex,
    vector_deal,
    whole_deals,
)

DEAL = scheme_deal(Scheme.NLSS_Q)
MANIFEST = DEAL.manifest(custodian_addresses(4))


@pytest.mark.conformance
def test_a_deal_gives_the_bytes_of_the_vectors():
    for case in whole_deals("nlss_q_full"):
        made = vector_deal(Scheme.NLSS_Q, case)
        assert [list(one) for one in made.vectors] == case["vectors"]
        assert made.header.encode() == unhex(case["deal"])
        assert made.header.deal_id() == unhex(case["deal_id"])
        every = (made.essential, *made.custodians)
        assert [share.encode().hex() for share in every] == case["shares"]
        manifest = made.manifest([Address(unhex(one)) for one in case["custodians"]])
        assert manifest.encode() == unhex(case["manifest"])
        assert manifest.manifest_id() == unhex(case["manifest_id"])


@pytest.mark.conformance
def test_deals_of_the_vectors_open_from_every_qualified_set():
    for case in whole_deals("nlss_q_full"):
        manifest = Manifest.decode(unhex(case["manifest"]), schemes=FILE_SCHEMES)
        shares = [unhex(share) for share in case["shares"]]
        for chosen in combinations(shares[1:], case["t"] - 1):
            opened = open_record(manifest, [*chosen, shares[0]], profile=SIMULATION)
            assert (opened.record, opened.liars) == (unhex(case["secret"]), ())


@pytest.mark.parametrize(
    ("t", "n", "word"), [(2, 5, "even"), (4, 5, "even"), (3, 14, "at most 70"), (5, 10, "126")]
)
def test_plans_that_quadratic_forms_cannot_serve_are_refused(t, n, word):
    with pytest.raises(errors.SharingPlanError, match=word) as caught:
        scheme_deal(Scheme.NLSS_Q, t=t, n=n)
    assert (caught.value.t, caught.value.n) == (t, n)


@pytest.mark.parametrize(("t", "n"), [(3, 3), (3, 13), (5, 9), (7, 9), (11, 12)])
def test_the_largest_plans_open_from_the_last_custodians(t, n):
    made = scheme_deal(Scheme.NLSS_Q, b"a record of one line", t=t, n=n)
    manifest = made.manifest(custodian_addresses(n - 1))
    chosen = (0, *range(n - t + 1, n))
    opened = open_record(manifest, holders(made, chosen), profile=SIMULATION)
    assert opened.record == b"a record of one line"


def test_a_custodian_holds_one_value_and_a_share_of_each_tie_plane():
    length = 32 + len(b"a record")
    assert {len(one.payload) for one in DEAL.custodians} == {length + 6 * 5}


@pytest.mark.parametrize("at", [0, 39, 40, 69])
def test_a_wrong_value_or_tie_share_above_the_lowest_is_named(at):
    payload = bytearray(DEAL.custodians[3].payload)
    payload[at] ^= 1
    wrong = replace(DEAL.custodians[3], payload=bytes(payload))
    made = replace(DEAL, custodians=(*DEAL.custodians[:3], wrong))
    manifest = made.manifest(custodian_addresses(4))
    opened = open_record(manifest, holders(made, (0, 1, 2, 4)), profile=SIMULATION)
    assert (opened.record, opened.liars) == (b"a record", (4,))


def test_a_wrong_share_among_the_lowest_is_named_by_the_others():
    payload = bytearray(DEAL.custodians[0].payload)
    payload[5] ^= 1
    wrong = replace(DEAL.custodians[0], payload=bytes(payload))
    made = replace(DEAL, custodians=(wrong, *DEAL.custodians[1:]))
    manifest = made.manifest(custodian_addresses(4))
    with pytest.raises(errors.WrongSecretError) as caught:
        open_record(manifest, holders(made, (0, 1, 2, 3)), profile=SIMULATION)
    assert caught.value.liars == (1,)
    with pytest.raises(errors.WrongSecretError) as caught:
        open_record(manifest, holders(made, (0, 1, 2)), profile=SIMULATION)
    assert caught.value.liars == ()


def test_a_record_longer_than_the_scheme_takes_is_refused():
    with pytest.raises(errors.RecordTooLongError) as caught:
        scheme_deal(Scheme.NLSS_Q, bytes(NLSS_SECRET_BYTES_MAX + 1))
    assert caught.value.limit == NLSS_SECRET_BYTES_MAX
