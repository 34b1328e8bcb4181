from dataclasses import replace

import pytest

from node.base.keys import PrivateKey
from node.base.limits import (
    HEAD_LAG_BLOCKS_MAX,
    RELEASE_BURST_COUNT_MAX,
    RELEASE_INTERVAL_US_MIN,
)
from node.base.rng import TreeEntropy
from node.privacy import custody
from node.privacy.custody import Custodian
from node.privacy.custody_store import MemoryStore
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_errors import CustodyError, RefreshMissingError
from node.privacy.release_messages import Status, check_chain
from node.sss.drbg import SeedsUsed, Stream
from node.sss.errors import SimulatedSecretError
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.refresh import grant_shares
from node.sss.shares import decode_container
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOCTOR,
    DOMAIN,
    HOSPITALS,
    NOW_US,
    SEALING,
    STRANGER,
    Ward,
)


def _handle(ward: Ward, request=None, now_us: int = NOW_US):
    request = ward.request() if request is None else request
    return ward.custodians[1].handle(request.encode(), ward.view, now_us)


def _refusal(code: str):
    return pytest.raises(CustodyError, match=rf"\({code}\)")


# ---- deals


def test_a_held_deal_is_known_by_its_index():
    ward = Ward()
    assert ward.custodians[3].index_of(ward.deal_id) == 3
    assert ward.custodians[3].index_of(bytes(32)) is None


def test_holding_the_same_deal_twice_is_once():
    ward = Ward()
    held = ward.custodians[1].store.holding(ward.deal_id)
    ward.custodians[1].hold(held.manifest, held.share)
    assert ward.custodians[1].store.holding(ward.deal_id) == held


def test_a_share_of_another_custodian_is_not_taken():
    ward = Ward()
    with _refusal("custodian"):
        ward.custodians[1].hold(ward.manifest.encode(), ward.deal.custodians[1].encode())


def test_a_share_that_the_manifest_does_not_list_is_not_taken():
    ward = Ward()
    forged = replace(ward.deal.custodians[0], payload=bytes(32))
    with _refusal("digest"):
        ward.custodians[1].hold(ward.manifest.encode(), forged.encode())


def test_the_essential_share_is_not_taken():
    ward = Ward()
    with _refusal("kind"):
        ward.custodians[1].hold(ward.manifest.encode(), ward.deal.essential.encode())


def test_another_share_of_a_held_deal_is_not_taken():
    ward = Ward()
    ward.custodians[1].step(ward.deal_id)
    with _refusal("twice"):
        ward.custodians[1].hold(ward.manifest.encode(), ward.deal.custodians[0].encode())


def test_a_simulated_deal_is_not_taken_in_production():
    ward = Ward()
    real = Custodian(
        signer=HOSPITALS[0],
        sealing_private=SEALING[1],
        domain=DOMAIN,
        store=MemoryStore(),
        entropy=TreeEntropy(1),
        profile=Profile.PRODUCTION,
    )
    with pytest.raises(SimulatedSecretError):
        real.hold(ward.manifest.encode(), ward.deal.custodians[0].encode())


# ---- requests


def test_the_receipt_is_stored_before_the_answer_is_handed_out(monkeypatch):
    ward = Ward()

    def fail(*arguments, **named):
        raise OSError("disk full")

    monkeypatch.setattr(ward.custodians[1].store, "append_receipt", fail)
    with pytest.raises(OSError, match="disk full"):
        _handle(ward)


def test_every_answer_has_its_receipt_in_the_store():
    ward = Ward()
    answers = [_handle(ward), _handle(ward, ward.request(epoch=1))]
    assert [one.receipt for one in answers] == list(ward.custodians[1].store.receipts())
    assert [one.receipt.status for one in answers] == [Status.RELEASED, Status.WRONG_EPOCH]


def test_the_same_request_twice_is_a_replay():
    ward = Ward()
    request = ward.request()
    assert _handle(ward, request).receipt.status is Status.RELEASED
    assert _handle(ward, request).receipt.status is Status.REPLAY


def test_a_replay_after_the_nonce_is_forgotten_stands_too_far_back():
    ward = Ward()
    request = ward.request()
    _handle(ward, request)
    ward.view = ward.view.at(number=ward.view.head.number + HEAD_LAG_BLOCKS_MAX)
    ward.custodians[1].follow(ward.view)
    assert _handle(ward, request).receipt.status is Status.REPLAY
    ward.view = ward.view.at(number=ward.view.head.number + 1)
    ward.custodians[1].follow(ward.view)
    assert ward.custodians[1].store.nonces() == 0
    assert _handle(ward, request).receipt.status is Status.HEAD_UNKNOWN


def test_the_seventeenth_release_under_a_grant_is_refused():
    ward = Ward()
    statuses = [_handle(ward).receipt.status for _ in range(17)]
    assert statuses == [Status.RELEASED] * 16 + [Status.RATE_LIMIT]


def test_receipts_form_one_chain_over_all_kinds_of_answers():
    ward = Ward()
    for changes in ({}, {"epoch": 1}, {"grant_id": bytes(32)}, {"head_number": 1}, {}):
        _handle(ward, ward.request(**changes))
    chain = ward.custodians[1].store.receipts()
    check_chain(chain, HOSPITALS[0].address)
    assert len(chain) == 5


def test_strangers_and_malformed_requests_are_counted_and_leave_no_receipt():
    ward = Ward()
    assert _handle(ward, ward.request(signer=STRANGER)) is None
    assert ward.custodians[1].handle(b"noise", ward.view, NOW_US) is None
    assert ward.custodians[1].bad_requests == 2
    assert ward.custodians[1].store.receipts() == ()


def test_a_burst_is_answered_and_then_one_request_each_interval():
    ward = Ward()
    first = [
        _handle(ward, ward.request(epoch=1)).receipt.status
        for _ in range(RELEASE_BURST_COUNT_MAX + 1)
    ]
    assert first == [Status.WRONG_EPOCH] * RELEASE_BURST_COUNT_MAX + [Status.RATE_LIMIT]
    early = NOW_US + RELEASE_INTERVAL_US_MIN - 1
    assert _handle(ward, now_us=early).receipt.status is Status.RATE_LIMIT
    assert _handle(ward, now_us=early + 1).receipt.status is Status.RELEASED


def test_requests_that_found_no_token_do_not_lengthen_the_wait():
    ward = Ward()
    for _ in range(5 * RELEASE_BURST_COUNT_MAX):
        _handle(ward, ward.request(epoch=1))
    soon = NOW_US + RELEASE_INTERVAL_US_MIN
    assert _handle(ward, now_us=soon).receipt.status is Status.RELEASED


def test_strangers_spend_no_tokens():
    ward = Ward()
    for _ in range(RELEASE_BURST_COUNT_MAX + 1):
        _handle(ward, ward.request(signer=STRANGER))
    assert _handle(ward).receipt.status is Status.RELEASED


def test_a_custodian_follows_a_bounded_number_of_grantees(monkeypatch):
    monkeypatch.setattr(custody, "RELEASE_BUCKETS_COUNT_MAX", 1)
    ward = Ward()
    other = PrivateKey.from_bytes(b"\x55" * 32)
    ward.view.registered.add(other.address)
    _handle(ward)
    crowded = ward.request(grantee=other.address, signer=other)
    assert _handle(ward, crowded).receipt.status is Status.RATE_LIMIT
    assert ward.custodians[1].has_token(DOCTOR.address, NOW_US)
    later = NOW_US + RELEASE_INTERVAL_US_MIN + 1
    _handle(ward, crowded, later)  # drops the bucket that has filled up again
    assert ward.custodians[1].has_token(other.address, later)


def test_a_custodian_with_too_many_nonces_refuses(monkeypatch):
    ward = Ward()
    _handle(ward)
    monkeypatch.setattr(custody, "NONCES_COUNT_MAX", 1)
    assert _handle(ward).receipt.status is Status.RATE_LIMIT


# ---- the end of a grant


def test_a_step_moves_share_and_grant_shares_and_the_key_stays():
    ward = Ward()
    for custodian in ward.custodians.values():
        moved = custodian.step(ward.deal_id)
        assert moved.epoch == 1
    assert ward.wallet.advance(ward.deal_id) == 1
    e = ward.wallet.essential(ward.deal_id).payload
    points = {
        x: add(decode_container(one.share(ward.deal_id)).payload, e)
        for x, one in ward.custodians.items()
    }
    assert find_key(ward.deal.header, points).liars == ()
    assert _handle(ward, ward.request(epoch=0)).receipt.status is Status.WRONG_EPOCH
    assert _handle(ward, ward.request(epoch=1)).receipt.status is Status.RELEASED


def test_without_a_step_left_the_deal_stays_in_its_epoch():
    ward = Ward()
    ward.custodians[1].step(ward.deal_id)
    with pytest.raises(RefreshMissingError) as caught:
        ward.custodians[1].step(ward.deal_id)
    assert caught.value.epoch == 2


def test_a_step_of_a_deal_that_is_not_held_is_refused():
    with _refusal("deal"):
        Ward().custodians[1].step(bytes(32))


def test_grants_of_two_epochs_follow_each_other():
    ward = Ward()
    second = ward.grant(1)
    ward.lend(second.grant_id)
    assert [
        decode_container(raw).epoch for raw in ward.custodians[1].store.steps(ward.deal_id)
    ] == [1, 2]
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    for custodian in ward.custodians.values():
        custodian.follow(ward.view)
    ward.wallet.advance(ward.deal_id)
    request = ward.request(grant_id=second.grant_id, epoch=1)
    assert _handle(ward, request).receipt.status is Status.RELEASED


def test_a_grant_share_of_another_epoch_is_no_deposit():
    ward = Ward()
    stale = grant_shares(
        ward.deal.header, bytes(32), epoch=3, stream=Stream(bytes(48), SeedsUsed())
    )[0]
    store = ward.custodians[1].store
    store.put_deposit(ward.grant_id, ward.deal_id, stale.encode(), b"")
    assert _handle(ward).receipt.status is Status.NO_DEPOSIT


# ---- the end of a deal


def test_an_erased_deal_leaves_nothing_and_its_objects_are_counted():
    ward = Ward()
    ward.lend(ward.grant(1).grant_id)
    custodian = ward.custodians[1]
    assert custodian.erase(ward.deal_id) == 5
    assert custodian.store.is_clear_of(ward.deal_id)
    assert custodian.store.deposits() == ()
    assert custodian.index_of(ward.deal_id) is None
    assert custodian.erase(ward.deal_id) == 0
    assert _handle(ward).receipt.status is Status.STALE_STATE


def test_a_custodian_certifies_an_erasure_after_reading_again():
    ward = Ward()
    custodian = ward.custodians[1]
    destroyed = custodian.erase(ward.deal_id)
    made = custodian.certify_erasure(
        ward.deal_id, index=1, head=ward.view.head, objects_destroyed=destroyed + 2
    )
    made.check(HOSPITALS[0].address)
    assert ErasureCertificate.decode(made.encode()) == made
    assert (made.chain_id, made.deal_id, made.objects_destroyed) == (7, ward.deal_id, 5)
    assert (made.head_number, made.head_hash) == (ward.view.head.number, ward.view.head.hash)


def test_nothing_is_certified_while_a_share_is_left():
    ward = Ward()
    with _refusal("left"):
        ward.custodians[1].certify_erasure(
            ward.deal_id, index=1, head=ward.view.head, objects_destroyed=0
        )
