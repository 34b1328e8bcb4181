"""What F orders at a custodian: steps at the end of grants, old generations, erasure."""

from dataclasses import replace

import pytest

from node.base.errors import CorruptStoreError
from node.ipfs_lite.cid import make_cid, multihash_of
from node.privacy.custody_epochs import Revocation
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_messages import Status
from node.workflows.transacting import send
from tests.app.clinic import GRANT_SECONDS, opened

KEEPER = 1
"""A custodian that did not deal."""


@pytest.fixture
def clinic():
    return opened()


def fragment(clinic, n=KEEPER):
    index = next(x for x in (1, 2) if clinic.core_of(x) == n)
    return clinic.manifest.fragments[index - 1].cid


def rotate(clinic):
    custody, manifest = clinic.contracts.custody, make_cid(b"the next manifest")
    clinic.act(custody.rotate(clinic.visit.pmr_id, 0, generation=1, manifest=manifest))


# -- the end of a grant


def test_a_grant_that_ends_moves_its_deal_into_the_next_epoch(clinic):
    clinic.grant()
    before = [clinic.share(n).epoch for n in (0, 1)]
    clinic.net.sleep(GRANT_SECONDS + 4)
    assert (before, [clinic.share(n).epoch for n in (0, 1)]) == ([0, 0], [1, 1])
    (told,) = clinic.net.noted(KEEPER, "custody.stepped")
    assert (told["deal"], told["epoch"]) == (clinic.deal_id, 1)


def test_a_revoked_grant_moves_its_deal_too_and_what_is_lent_beside_still_opens(clinic):
    kept = clinic.grant(seconds=600)
    clinic.revoke(clinic.grant(seconds=600))
    assert clinic.share(KEEPER).epoch == 1
    request = clinic.request(kept.grant_id, clinic.second)
    assert request.epoch == 0
    assert clinic.release(kept.grant_id, clinic.second) is Status.WRONG_EPOCH


def test_at_the_soft_level_the_deal_stays_in_its_epoch():
    clinic = opened()
    for n in (0, 1):
        clinic.net.restart(n, revocation=Revocation.SOFT)
    clinic.grant()
    clinic.net.sleep(GRANT_SECONDS + 4)
    assert clinic.deposits(KEEPER) == ()
    assert clinic.share(KEEPER).epoch == 0


def test_a_grant_that_ends_without_a_step_left_is_told(clinic):
    signed = clinic.grant()
    store = clinic.net.cores[KEEPER].custody.custodian.store
    store._steps[clinic.deal_id] = []
    clinic.net.sleep(GRANT_SECONDS + 4)
    assert clinic.deposits(KEEPER) == ()
    (told,) = clinic.net.noted(KEEPER, "custody.step_missing")
    assert (told["deal"], told["epoch"]) == (clinic.deal_id, 1)
    assert clinic.release(signed.grant_id, clinic.second) is Status.EXPIRED


def test_a_node_that_restarts_after_the_end_steps_then(clinic):
    clinic.grant()
    clinic.net.restart(KEEPER)
    clinic.net.sleep(GRANT_SECONDS + 4)
    assert clinic.share(KEEPER).epoch == 1


def test_a_share_that_has_rotted_stops_the_step_of_no_other_deal(clinic):
    clinic.grant(seconds=2 * GRANT_SECONDS)
    other = clinic.admit(clinic._patient("another"))
    signed = clinic.grant()
    store = clinic.net.cores[KEEPER].custody.custodian.store
    holding = store.holding(clinic.deal_id)
    store.put_deposit(signed.grant_id, other.filed.deal_id, b"lent", b"step")
    store.put_holding(other.filed.deal_id, replace(holding, share=b"rotten"))
    clinic.net.sleep(GRANT_SECONDS + 4)
    assert clinic.share(KEEPER).epoch == 1
    assert clinic.net.noted(KEEPER, "custody.step_failed")[0]["deal"] == other.filed.deal_id


# -- a new generation


def test_an_older_generation_is_given_up_when_the_next_one_is_final(clinic):
    cid = fragment(clinic)
    core = clinic.net.cores[KEEPER]
    had = core.store.store.has(cid)
    rotate(clinic)
    clinic.net.grow(1)
    assert had
    assert not core.store.store.has(cid)
    assert core.custody.custodian.store.is_clear_of(clinic.deal_id)
    assert clinic.net.noted(KEEPER, "custody.generation_dropped")[0]["deal"] == clinic.deal_id


def test_a_generation_that_is_not_final_drops_nothing(clinic):
    custody, patient = clinic.contracts.custody, clinic.patient
    data = custody.rotate(
        clinic.visit.pmr_id, 0, generation=1, manifest=make_cid(b"the next manifest")
    )
    flow = send(clinic.parties, patient.node, patient.signer, custody.address, data)
    clinic.net.run(flow)
    kept = []
    for _ in range(3):
        clinic.net.grow(1)
        kept.append(clinic.deal_id in held(clinic, KEEPER))
    assert kept == [True, True, False]


def test_the_deal_of_a_record_that_was_shared_anew_is_current_no_more(clinic):
    view = clinic.net.cores[KEEPER].custody.view()
    assert view.record(clinic.deal_id).is_current
    rotate(clinic)
    assert clinic.net.cores[KEEPER].custody.view().record(clinic.deal_id) is None


# -- erasure


def certificates(clinic, n=KEEPER):
    return [
        ErasureCertificate.decode(told["certificate"])
        for told in clinic.net.noted(n, "custody.erased")
    ]


def test_an_erased_record_leaves_nothing_and_every_custodian_signs_for_it(clinic):
    clinic.grant(seconds=600)
    cids = [fragment(clinic, n) for n in (0, 1)]
    clinic.erase()
    clinic.net.grow(1)
    for n, core in enumerate(clinic.net.cores):
        (certificate,) = certificates(clinic, n)
        certificate.check(core.address)
        assert certificate.deal_id == clinic.deal_id
        assert certificate.objects_destroyed >= 4  # share, grant share, step, fragment
        assert core.custody.custodian.store.is_clear_of(clinic.deal_id)
        assert not any(core.store.store.has(cid) for cid in cids)
        assert not core.store.store.has(make_cid(clinic.manifest.encode()))


def test_an_erased_share_is_not_taken_in_again(clinic):
    clinic.erase()
    clinic.net.grow(1)
    assert certificates(clinic)
    store = clinic.net.cores[KEEPER].store.store
    assert store.is_tombstoned(multihash_of(fragment(clinic)))


def test_a_node_that_was_away_erases_when_it_is_back():
    clinic = opened(hospitals=3)
    away = max(n for n in (1, 2) if clinic.deal_id in held(clinic, n))
    for other in {0, 1, 2} - {away}:
        clinic.net.part(other, away)
    clinic.erase()
    clinic.net.grow(1)
    before = clinic.deal_id in held(clinic, away)
    clinic.net.cut.clear()
    clinic.net.restart(away)
    clinic.net.grow(6)
    assert before
    assert clinic.deal_id not in held(clinic, away)
    assert len(certificates(clinic, away)) == 1


def held(clinic, n):
    return clinic.net.cores[n].custody.custodian.store.deals()


def test_what_cannot_be_destroyed_now_is_tried_again_and_stops_no_other_deal(clinic, monkeypatch):
    other = clinic.admit(clinic._patient("another"))
    core = clinic.net.cores[KEEPER]
    custodian = core.custody.custodian
    fail = {clinic.deal_id: 2}
    erase = custodian.erase

    def failing(deal_id):
        if fail.get(deal_id, 0):
            fail[deal_id] -= 1
            raise CorruptStoreError("custody", deal_id.hex(), "it cannot be read")
        return erase(deal_id)

    monkeypatch.setattr(custodian, "erase", failing)
    clinic.erase()
    clinic.net.grow(4)
    assert len(clinic.net.noted(KEEPER, "custody.order_failed")) == 2
    assert custodian.store.is_clear_of(clinic.deal_id)
    assert len(certificates(clinic)) == 1
    assert not custodian.store.is_clear_of(other.filed.deal_id)
