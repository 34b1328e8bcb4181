"""Deals in custody by the records that their manifests name."""

import pytest

from node.app.deal_places import DealPlaces, place_of
from node.ipfs_lite.cid import make_cid
from node.sss.errors import ShareFormatError
from tests.app.clinic import opened


@pytest.fixture(scope="module")
def clinic():
    return opened()


@pytest.fixture
def places(clinic):
    return DealPlaces(clinic.net.cores[1].custody.custodian.store)


def test_a_place_is_the_record_and_the_manifest_that_the_ledger_must_name(clinic, places):
    place = places.get(clinic.deal_id)
    assert place.pmr_id == clinic.visit.pmr_id
    assert place.manifest_cid == make_cid(clinic.manifest.encode())
    assert place.custodians == clinic.manifest.custodians


def test_the_deals_of_a_record_are_found_and_no_others(clinic, places):
    assert places.of_records((clinic.visit.pmr_id,)) == (clinic.deal_id,)
    assert places.of_records((1,)) == ()
    details = set(clinic.net.cores[1].custody.custodian.store.deals()) - {clinic.deal_id}
    assert set(places.of_records((0,))) == details


def test_what_is_forgotten_is_read_again(clinic, places):
    before = places.get(clinic.deal_id)
    places.forget(clinic.deal_id)
    assert places.get(clinic.deal_id) == before


def test_a_deal_that_is_not_held_has_no_place(places):
    assert places.get(b"\x07" * 32) is None


def test_what_is_no_manifest_has_no_place():
    with pytest.raises(ShareFormatError):
        place_of(b"no manifest")
