from hashlib import sha256

import pytest

from node.base.rng import TreeEntropy
from node.privacy.release import Refused, decide
from node.privacy.release_answer import RecordReceipt, SendAnswer, answer
from node.privacy.release_messages import Status, release_info
from node.privacy.sealing import open_sealed
from tests.privacy.ward import DOCTOR_SEALING, HOSPITALS, NOW_US, Ward


def _answer(outcome, last=None):
    return answer(outcome, last=last, signer=HOSPITALS[0], entropy=TreeEntropy(1))


def _released():
    ward = Ward()
    return decide(ward.request().encode(), ward.view, ward.custodians[1], NOW_US)


def test_the_receipt_is_recorded_before_the_answer_leaves():
    record, send = _answer(_released())
    assert isinstance(record, RecordReceipt)
    assert isinstance(send, SendAnswer)
    assert record.receipt == send.answer.receipt


def test_a_released_share_opens_with_the_key_of_the_grant_for_this_request_only():
    outcome = _released()
    _, send = _answer(outcome)
    info = release_info(outcome.request.request_id(), 1)
    assert open_sealed(DOCTOR_SEALING, info, send.answer.sealed) == outcome.point
    assert send.answer.receipt.sealed_hash == sha256(send.answer.sealed).digest()


def test_a_refusal_has_a_receipt_and_no_share():
    outcome = _released()
    refused = Refused(Status.EXPIRED, outcome.request, outcome.head, is_nonce_spent=False)
    record, send = _answer(refused)
    assert (record.receipt.status, send.answer.sealed) == (Status.EXPIRED, b"")
    assert not record.is_nonce_spent


def test_a_release_spends_the_nonce():
    record, _ = _answer(_released())
    assert record.is_nonce_spent


@pytest.mark.parametrize("status", [Status.BAD_REQUEST, Status.STALE_STATE])
def test_without_an_authentic_request_there_is_no_effect(status):
    assert _answer(Refused(status, None, None, is_nonce_spent=False)) == ()


def test_without_a_readable_head_there_is_no_effect():
    refused = Refused(Status.STALE_STATE, _released().request, None, is_nonce_spent=False)
    assert _answer(refused) == ()


def test_the_next_receipt_names_the_last_one():
    first, _ = _answer(_released())
    second, _ = _answer(_released(), last=first.receipt)
    assert (first.receipt.sequence, first.receipt.previous) == (0, bytes(32))
    assert second.receipt.sequence == 1
    assert second.receipt.previous == first.receipt.receipt_id()


def test_a_grant_whose_key_cannot_be_sealed_to_is_refused():
    ward = Ward()
    ward.view.change_grant(ward.grant_id, grantee_key=bytes(32))
    outcome = decide(ward.request().encode(), ward.view, ward.custodians[1], NOW_US)
    record, send = _answer(outcome)
    assert (record.receipt.status, send.answer.sealed) == (Status.STALE_STATE, b"")
    assert record.is_nonce_spent


def test_the_receipt_repeats_the_request_and_the_final_head():
    outcome = _released()
    record, _ = _answer(outcome)
    receipt, request = record.receipt, outcome.request
    assert receipt.request_id == request.request_id()
    assert (receipt.index, receipt.epoch) == (request.index, request.epoch)
    assert (receipt.grant_id, receipt.deal_id) == (request.grant_id, request.deal_id)
    assert receipt.head == outcome.head
    assert receipt.signer() == HOSPITALS[0].address
