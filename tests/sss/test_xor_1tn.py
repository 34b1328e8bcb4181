"""``xor-1tn`` against the vectors, and what its opening says of liars."""

from dataclasses import replace
from itertools import combinations

import pytest

from node.base.limits_sharing import XOR_SECRET_BYTES_MAX
from node.base.types import Address
from node.sss import errors
from node.sss.commitments import Manifest
from node.sss.holder_file import FILE_SCHEMES
from node.sss.shares import Scheme
from node.sss.xor_1tn import open_record
from tests.sss.deals import (
    SIMULATION,
    custodian_addresses,
    holders,
    scheme_deal,
    unhex,
    vector_deal,
    whole_deals,
)

DEAL = scheme_deal(Scheme.XOR)
MANIFEST = DEAL.manifest(custodian_addresses(4))


@pytest.mark.conformance
def test_a_deal_gives_the_bytes_of_the_vectors():
    for case in whole_deals("xor"):
        made = vector_deal(Scheme.XOR, case)
        assert made.header.encode() == unhex(case["deal"])
        assert made.header.deal_id() == unhex(case["deal_id"])
        every = (made.essential, *made.custodians)
        assert [share.encode().hex() for share in every] == case["shares"]
        manifest = made.manifest([Address(unhex(one)) for one in case["custodians"]])
        assert manifest.encode() == unhex(case["manifest"])
        assert manifest.manifest_id() == unhex(case["manifest_id"])


@pytest.mark.conformance
def test_deals_of_the_vectors_open_from_every_qualified_set():
    for case in whole_deals("xor"):
        manifest = Manifest.decode(unhex(case["manifest"]), schemes=FILE_SCHEMES)
        shares = [unhex(share) for share in case["shares"]]
        for chosen in combinations(shares[1:], case["t"] - 1):
            opened = open_record(manifest, [*chosen, shares[0]], profile=SIMULATION)
            assert (opened.record, opened.liars) == (unhex(case["secret"]), ())


def _cheated(index):
    """A dealer who gives one custodian a wrong share and lists its digest."""
    shares = list(DEAL.custodians)
    shares[index - 1] = replace(shares[index - 1], payload=bytes(40))
    made = replace(DEAL, custodians=tuple(shares))
    return made, made.manifest(custodian_addresses(4))


def test_a_cheating_dealer_is_seen_at_the_first_opening():
    made, manifest = _cheated(1)
    with pytest.raises(errors.WrongSecretError) as caught:
        open_record(manifest, holders(made, (0, 1, 2)), profile=SIMULATION)
    assert (caught.value.code, caught.value.liars) == ("secret", ())


def test_a_wrong_share_among_the_lowest_is_named():
    made, manifest = _cheated(2)
    with pytest.raises(errors.WrongSecretError) as caught:
        open_record(manifest, holders(made, (0, 1, 2, 4)), profile=SIMULATION)
    assert caught.value.liars == (2,)


def test_a_wrong_share_above_the_lowest_is_named_with_the_record():
    made, manifest = _cheated(3)
    opened = open_record(manifest, holders(made, (0, 1, 2, 3, 4)), profile=SIMULATION)
    assert (opened.record, opened.liars) == (b"a record", (3,))


def test_a_record_longer_than_the_scheme_takes_is_refused():
    with pytest.raises(errors.RecordTooLongError) as caught:
        scheme_deal(Scheme.XOR, bytes(XOR_SECRET_BYTES_MAX + 1))
    assert caught.value.limit == XOR_SECRET_BYTES_MAX


def test_repr_of_what_was_opened_hides_it():
    opened = open_record(MANIFEST, holders(DEAL, (0, 1, 2)), profile=SIMULATION)
    assert "a record" not in repr(opened)
