"""A patient reads an own record: the rules without a grant, row by row."""

from itertools import combinations

import pytest

from node.base.limits import HEAD_LAG_BLOCKS_MAX, STALL_US_MIN
from node.privacy.release import OWNER_RULES, Refused, Released
from node.privacy.release_messages import OWNER_GRANT_ID, Status
from tests.privacy.ward import (
    DOCTOR,
    NOW_US,
    PATIENT,
    STRANGER,
    UNTIL_S,
    Overlay,
    Ward,
    decide_at_one,
    hash_of,
    status_at_one,
)


def _ward() -> Ward:
    ward = Ward()
    ward.view.registered.add(PATIENT.address)
    ward.view.owner_keys[PATIENT.address] = ward.wallet.sealing_public
    return ward


def _request(ward: Ward, **changes):
    own = {"grant_id": OWNER_GRANT_ID, "grantee": PATIENT.address, "signer": PATIENT}
    return ward.request(**(own | changes))


def test_the_owner_gets_the_custodians_share_itself_for_the_key_of_the_chain():
    ward = _ward()
    outcome = decide_at_one(ward, _request(ward))
    assert isinstance(outcome, Released)
    assert outcome.point == ward.deal.custodians[0].payload
    assert outcome.grantee_key == ward.wallet.sealing_public
    assert outcome.point.hex() not in repr(outcome)


def test_neither_licence_nor_deposit_nor_an_open_grant_is_asked_of_the_owner():
    ward = _ward()
    ward.view = ward.view.at(time_s=UNTIL_S)
    ward.view.active.clear()
    ward.view.grants.clear()
    assert status_at_one(ward, _request(ward), grant_share=None) is Status.RELEASED


def test_an_owner_may_read_more_often_than_a_grantee():
    ward = _ward()
    assert status_at_one(ward, _request(ward), releases=10**6) is Status.RELEASED


def _stall(ward: Ward):
    ward.view.head_advanced_us = NOW_US - STALL_US_MIN - 1
    return {}, {}


def _erase(ward: Ward):
    ward.view.change_record(ward.deal_id, is_erased=True)
    return {}, {}


def _forget_key(ward: Ward):
    ward.view.owner_keys.clear()
    return {}, {}


def _give_away(ward: Ward):
    ward.view.change_record(ward.deal_id, patient=STRANGER.address)
    return {}, {}


BREAKERS = [
    ("1 chain id", Status.BAD_REQUEST, lambda _: ({"chain_id": 8}, {})),
    ("2 signature", Status.BAD_REQUEST, lambda _: ({"signer": STRANGER}, {})),
    ("2 bucket", Status.RATE_LIMIT, lambda _: ({}, {"has_token": False})),
    ("3 stall", Status.STALE_STATE, _stall),
    ("4 head", Status.HEAD_UNKNOWN, lambda _: ({"head_hash": hash_of(7)}, {})),
    ("5 owner", Status.UNKNOWN_GRANT, _give_away),
    ("7 replay", Status.REPLAY, lambda _: ({}, {"is_nonce_seen": True})),
    ("8 erased", Status.OUT_OF_SCOPE, _erase),
    ("9 epoch", Status.WRONG_EPOCH, lambda _: ({"epoch": 1}, {})),
    ("10 key", Status.STALE_STATE, _forget_key),
]


@pytest.mark.parametrize(("name", "status", "breaker"), BREAKERS, ids=str)
def test_each_row_without_a_grant_refuses_with_its_status(name, status, breaker):
    ward = _ward()
    request, custody = breaker(ward)
    assert status_at_one(ward, _request(ward, **request), **custody) is status


@pytest.mark.parametrize(
    ("first", "second"), list(combinations(BREAKERS, 2)), ids=lambda breaker: breaker[0]
)
def test_of_two_broken_rows_without_a_grant_the_earlier_one_answers(first, second):
    ward = _ward()
    request, custody = {}, {}
    for _, _, breaker in (first, second):
        changes = breaker(ward)
        request |= changes[0]
        custody |= changes[1]
    assert status_at_one(ward, _request(ward, **request), **custody) is first[1]


def test_there_are_seven_rules_without_a_grant():
    assert len(OWNER_RULES) == 7


# ---- borders


@pytest.mark.parametrize(
    ("age_us", "status"), [(STALL_US_MIN, Status.RELEASED), (-1, Status.STALE_STATE)]
)
def test_the_owner_too_is_answered_only_while_the_head_advances(age_us, status):
    ward = _ward()
    assert status_at_one(ward, _request(ward), now_us=NOW_US + age_us) is status


@pytest.mark.parametrize(
    ("lag", "status"),
    [
        (0, Status.RELEASED),
        (HEAD_LAG_BLOCKS_MAX, Status.RELEASED),
        (HEAD_LAG_BLOCKS_MAX + 1, Status.HEAD_UNKNOWN),
        (-1, Status.HEAD_UNKNOWN),
    ],
)
def test_the_owners_request_stands_at_most_64_blocks_behind(lag, status):
    ward = _ward()
    number = ward.view.head.number - lag
    request = _request(ward, head_number=number, head_hash=hash_of(number))
    assert status_at_one(ward, request) is status


def test_an_owners_request_from_a_fork_is_refused():
    ward = _ward()
    request = _request(ward, head_number=99, head_hash=hash_of(7))
    assert status_at_one(ward, request) is Status.HEAD_UNKNOWN


def test_a_suspended_custodian_refuses_the_owner():
    ward = _ward()
    ward.view.is_licensed = False
    assert status_at_one(ward, _request(ward)) is Status.SUSPENDED


def test_a_patient_whom_the_registry_does_not_know_is_a_stranger():
    ward = _ward()
    ward.view.registered.discard(PATIENT.address)
    outcome = decide_at_one(ward, _request(ward))
    assert outcome == Refused(Status.BAD_REQUEST, None, None, is_nonce_spent=False)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_doctor_gets_nothing_without_a_grant(is_recorded):
    ward = _ward()
    if not is_recorded:
        ward.view.records.clear()
    request = _request(ward, grantee=DOCTOR.address, signer=DOCTOR)
    assert status_at_one(ward, request) is Status.UNKNOWN_GRANT


def test_an_owner_without_a_grant_gets_nothing_under_the_grant_of_another():
    ward = _ward()
    assert status_at_one(ward, _request(ward, grant_id=ward.grant_id)) is Status.UNKNOWN_GRANT


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"is_current": False}, Status.OUT_OF_SCOPE), ({"is_erased": True}, Status.OUT_OF_SCOPE)],
)
def test_a_superseded_or_erased_deal_is_closed_to_its_owner_and_to_grantees(changes, status):
    ward = _ward()
    ward.view.change_record(ward.deal_id, **changes)
    assert status_at_one(ward, _request(ward)) is status
    assert status_at_one(ward) is status


def test_the_key_is_that_of_the_chain_at_the_time_of_the_answer():
    ward = _ward()
    ward.view.owner_keys[PATIENT.address] = b"\x09" + bytes(31)
    assert decide_at_one(ward, _request(ward)).grantee_key == b"\x09" + bytes(31)


@pytest.mark.parametrize("name", ["record", "owner_key", "block_hash", "is_own_licence_active"])
def test_an_unreadable_chain_refuses_the_owner_with_a_receipt(name, monkeypatch):
    ward = _ward()
    request = _request(ward)

    def fail(*arguments):
        raise OSError(name)

    monkeypatch.setattr(ward.view, name, fail)
    outcome = decide_at_one(ward, request)
    assert (outcome.status, outcome.request) == (Status.STALE_STATE, request)


def test_a_share_that_cannot_be_read_or_is_none_of_a_custodian_is_not_handed_to_the_owner():
    ward = _ward()
    lent = ward.custodians[1].grant_share(ward.grant_id, ward.deal_id)
    for raw in (None, lent, bytes(3)):
        assert status_at_one(ward, _request(ward), share=raw) is Status.STALE_STATE


def test_the_same_request_of_the_owner_twice_is_a_replay():
    ward = _ward()
    raw = _request(ward).encode()
    first, second = (ward.custodians[1].handle(raw, ward.view, NOW_US) for _ in range(2))
    assert first.receipt.status is Status.RELEASED
    assert second.receipt.status is Status.REPLAY
    assert second.sealed == b""


def test_refusals_before_the_nonce_rule_leave_the_nonce_unspent():
    spent = []
    for name, _, breaker in BREAKERS:
        ward = _ward()
        request, custody = breaker(ward)
        outcome = decide_at_one(ward, _request(ward, **request), NOW_US, Overlay(ward, **custody))
        if outcome.is_nonce_spent:
            spent.append(name.split()[0])
    assert spent == ["8", "9", "10"]
