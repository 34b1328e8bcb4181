"""What a node reads of records, holders and recoveries in its final blocks."""

import pytest

from node.base.errors import CorruptStoreError
from node.contracts.pmr_token import EntryKind
from node.ipfs_lite.cid import make_cid
from node.workflows.emergency import emergency_access, review_emergency
from node.workflows.ward import Regulator
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS, MEMBERS, STRANGER

ONE, TWO = HOSPITALS[:2]
NEXT = make_cid(b"the next manifest")


@pytest.fixture
def clinic():
    return opened()


def book(clinic, n=0):
    return clinic.net.cores[n].custody.book


def place(clinic):
    return clinic.net.cores[0].custody.places.get(clinic.deal_id)


def test_an_entry_is_found_by_its_manifest(clinic):
    at = place(clinic)
    entry = book(clinic).entry(at.pmr_id, at.manifest_cid)
    assert (entry.index, entry.kind) == (0, EntryKind.CONSULTATION)
    assert book(clinic).manifest(at.pmr_id, 0) == at.manifest_cid
    assert book(clinic).entry(at.pmr_id + 1, at.manifest_cid) is None


def test_after_a_rotation_both_manifests_are_of_the_entry_and_the_new_one_is_current(clinic):
    at = place(clinic)
    custody = clinic.contracts.custody
    clinic.act(custody.rotate(at.pmr_id, 0, generation=1, manifest=NEXT))
    clinic.net.grow(1)
    for n in (0, 1):
        read = book(clinic, n)
        assert read.manifest(at.pmr_id, 0) == NEXT
        assert read.entry(at.pmr_id, NEXT) == read.entry(at.pmr_id, at.manifest_cid)


def test_an_erased_record_is_told(clinic):
    pmr_id = place(clinic).pmr_id
    before = book(clinic).is_erased(pmr_id)
    clinic.erase()
    assert (before, book(clinic).is_erased(pmr_id)) == (False, True)


def test_the_home_of_a_patient_is_the_desk_that_registered_it(clinic):
    home = book(clinic).home_of(clinic.patient.wallet.address)
    assert clinic.view(clinic.contracts.hospitals.account_of(home)) == ONE.address
    assert book(clinic).home_of(STRANGER.address) is None


def replace(clinic, index, old, new):
    custody = clinic.contracts.custody
    clinic.act(
        custody.replace_custodian(
            clinic.deal_id, pmr_id=place(clinic).pmr_id, index=index, old=old, new=new
        )
    )


def test_a_share_that_was_handed_over_has_its_new_holder(clinic):
    at, index = place(clinic), 3 - clinic.second  # core 0's
    replace(clinic, index, ONE.address, TWO.address)
    read = book(clinic)
    assert read.holder(at.pmr_id, clinic.deal_id, index, ONE.address) == TWO.address
    assert read.holder(at.pmr_id, clinic.deal_id, 3 - index, TWO.address) == TWO.address
    view = clinic.net.cores[0].custody.view()
    assert view.holders_of(clinic.deal_id) == (TWO.address, TWO.address)
    assert view.seated(clinic.deal_id) == (TWO.address,)


def test_a_hand_over_of_a_share_that_was_not_its_holders_binds_nobody(clinic):
    at, index = place(clinic), 3 - clinic.second
    replace(clinic, index, TWO.address, TWO.address)  # index 1 is core 0's
    assert book(clinic).holder(at.pmr_id, clinic.deal_id, index, ONE.address) == ONE.address


def test_a_share_that_is_handed_on_is_the_last_ones(clinic):
    at, index = place(clinic), 3 - clinic.second
    replace(clinic, index, ONE.address, TWO.address)
    replace(clinic, index, TWO.address, ONE.address)
    seat = next(seat for *_, seat in book(clinic).seats())
    assert (seat.holder, seat.original) == (ONE.address, ONE.address)
    assert book(clinic).holder(at.pmr_id, clinic.deal_id, index, ONE.address) == ONE.address


def test_an_account_that_nobody_recovered_has_no_other(clinic):
    assert book(clinic).recovered(clinic.patient.wallet.address) is None
    assert book(clinic).owner(place(clinic).pmr_id) == clinic.patient.wallet.address


def test_a_book_that_cannot_be_read_releases_nothing_and_stops_no_node(clinic, monkeypatch):
    core = clinic.net.cores[1]
    signed = clinic.grant(seconds=600)

    def broken(turn):
        raise CorruptStoreError("ledger", "block", "it cannot be read")

    monkeypatch.setattr(core.custody.book, "advance", broken)
    clinic.net.grow(1)
    assert clinic.net.noted(1, "custody.final_unread")
    assert clinic.release(signed.grant_id, clinic.second).name == "STALE_STATE"


def test_a_review_that_ends_an_emergency_touches_the_records_of_its_patient(clinic):
    """Who may fetch their fragments is looked at again, then and not only at the announced end."""
    told = []
    clinic.net.cores[0].custody.on_changes.append(lambda _turn, changes: told.append(changes))
    made = clinic.net.run(
        emergency_access(
            clinic.parties, clinic.doctor, clinic.patient, reason="coma", seconds=86_400
        )
    )
    clinic.net.grow(4)
    told.clear()
    member = Regulator("member", MEMBERS[0], clinic.patient.node)
    review = review_emergency(
        clinic.parties, member, made.emergency_id, outcome="curious", is_justified=False
    )
    until_s = clinic.net.run(review).until_s
    clinic.net.grow(4)
    assert (place(clinic).pmr_id,) in [one.touched for one in told]
    assert book(clinic).emergencies.get(made.emergency_id).until_s == until_s < made.until_s
