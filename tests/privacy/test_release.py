from collections.abc import Callable
from itertools import combinations

import pytest

from node.base.limits import STALL_US_MIN
from node.privacy.release import RULES, Refused, Released, decide
from node.privacy.release_messages import Status
from node.sss.derivation import commitment_of
from node.sss.shamir import combine
from tests.privacy.ward import (
    NOW_US,
    STRANGER,
    Overlay,
    Ward,
    decide_at_one,
    hash_of,
    status_at_one,
)


def test_a_request_that_keeps_all_rules_is_released():
    outcome = decide_at_one(Ward())
    assert isinstance(outcome, Released)
    assert outcome.grantee_key == Ward().doctor.sealing_public


def test_released_points_of_any_two_custodians_make_the_key():
    ward = Ward()
    points = {}
    for x, custodian in ward.custodians.items():
        outcome = decide(ward.request(x).encode(), ward.view, custodian, NOW_US)
        assert isinstance(outcome, Released)
        points[x] = outcome.point
    for chosen in combinations(points, 2):
        key = combine({x: points[x] for x in chosen})
        assert commitment_of(key) == ward.deal.header.commitment


# One way to break each row of the table, in the table's order.  A breaker changes the ward and
# gives what to change in the request and in custody.
def _revoke(ward: Ward):
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    return {}, {}


def _stall(ward: Ward):
    ward.view.head_advanced_us = NOW_US - STALL_US_MIN - 1
    return {}, {}


def _deactivate(ward: Ward):
    ward.view.active.clear()
    return {}, {}


def _supersede(ward: Ward):
    ward.view.change_record(ward.deal_id, is_current=False)
    return {}, {}


BREAKERS: list[tuple[str, Status, Callable]] = [
    ("1 chain id", Status.BAD_REQUEST, lambda _: ({"chain_id": 8}, {})),
    ("2 signature", Status.BAD_REQUEST, lambda _: ({"signer": STRANGER}, {})),
    ("2 bucket", Status.RATE_LIMIT, lambda _: ({}, {"has_token": False})),
    ("3 stall", Status.STALE_STATE, _stall),
    ("4 head", Status.HEAD_UNKNOWN, lambda _: ({"head_hash": hash_of(7)}, {})),
    ("5 grant", Status.REVOKED, _revoke),
    ("6 licence", Status.NOT_LICENSED, _deactivate),
    ("7 replay", Status.REPLAY, lambda _: ({}, {"is_nonce_seen": True})),
    ("8 scope", Status.OUT_OF_SCOPE, _supersede),
    ("9 epoch", Status.WRONG_EPOCH, lambda _: ({"epoch": 1}, {})),
    ("9 deposit", Status.NO_DEPOSIT, lambda _: ({}, {"grant_share": None})),
    ("10 releases", Status.RATE_LIMIT, lambda _: ({}, {"releases": 16})),
]


@pytest.mark.parametrize(("name", "status", "breaker"), BREAKERS, ids=str)
def test_each_row_of_the_table_refuses_with_itsstatus_at_one(name, status, breaker):
    ward = Ward()
    request, custody = breaker(ward)
    assert status_at_one(ward, ward.request(**request), **custody) is status


@pytest.mark.parametrize(
    ("first", "second"), list(combinations(BREAKERS, 2)), ids=lambda breaker: breaker[0]
)
def test_of_two_broken_rows_the_earlier_one_answers(first, second):
    ward = Ward()
    request, custody = {}, {}
    for _, _, breaker in (first, second):
        changes = breaker(ward)
        request |= changes[0]
        custody |= changes[1]
    assert status_at_one(ward, ward.request(**request), **custody) is first[1]


def test_there_are_eight_rules_after_the_two_that_authenticate():
    assert len(RULES) == 8


# ---- fail closed


VIEW_READS = [
    "is_own_licence_active",
    "block_hash",
    "grant",
    "is_active_grantee",
    "record",
]


@pytest.mark.parametrize("name", VIEW_READS)
def test_an_unreadable_chain_is_a_refusal_with_a_receipt(name, monkeypatch):
    ward = Ward()
    request = ward.request()

    def fail(*arguments):
        raise OSError(name)

    monkeypatch.setattr(ward.view, name, fail)
    outcome = decide_at_one(ward, request)
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.request) == (Status.STALE_STATE, request)


@pytest.mark.parametrize("name", ["has_token", "is_nonce_seen", "share", "grant_share", "releases"])
def test_an_unreadable_custody_is_a_refusal_with_a_receipt(name, monkeypatch):
    ward = Ward()

    def fail(*arguments):
        raise OSError(name)

    monkeypatch.setattr(ward.custodians[1], name, fail)
    if name == "share":  # also what tells the own index: nothing authentic is known then
        assert decide_at_one(ward) == Refused(Status.STALE_STATE, None, None, is_nonce_spent=False)
    else:
        assert status_at_one(ward) is Status.STALE_STATE


@pytest.mark.parametrize("name", ["is_registered_grantee"])
def test_a_failure_before_the_request_is_authentic_leaves_no_receipt(name, monkeypatch):
    ward = Ward()

    def fail(*arguments):
        raise OSError(name)

    monkeypatch.setattr(ward.view, name, fail)
    assert decide_at_one(ward) == Refused(Status.STALE_STATE, None, None, is_nonce_spent=False)


def test_a_corrupt_own_share_is_a_stale_state():
    ward = Ward()
    raw = bytearray(ward.custodians[1].share(ward.deal_id))
    raw[100] ^= 1
    assert status_at_one(ward, share=bytes(raw)) is Status.STALE_STATE


def test_refusals_after_the_nonce_rule_spend_the_nonce_and_earlier_ones_do_not():
    spent = {}
    for name, _, breaker in BREAKERS:
        ward = Ward()
        request, custody = breaker(ward)
        outcome = decide_at_one(ward, ward.request(**request), NOW_US, Overlay(ward, **custody))
        spent[name.split()[0]] = outcome.is_nonce_spent
    assert [row for row, is_spent in spent.items() if is_spent] == ["8", "9", "10"]


def test_the_decision_hides_the_share_of_the_key():
    outcome = decide_at_one(Ward())
    assert outcome.point.hex() not in repr(outcome)
    assert repr(outcome.point) not in repr(outcome)
