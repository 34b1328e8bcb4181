"""The borders of each row of the table of checks."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import HEAD_LAG_BLOCKS_MAX, STALL_US_MIN
from node.privacy.consent import LATER_BIT, scope_of
from node.privacy.release import Refused, decide
from node.privacy.release_messages import Status
from tests.privacy.ward import (
    FROM_S,
    NOW_US,
    STRANGER,
    UNTIL_S,
    Overlay,
    Ward,
    decide_at_one,
    hash_of,
    status_at_one,
)

# ---- rows 1 and 2


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_bytes_that_are_no_request_are_bad_and_leave_no_trace(raw):
    ward = Ward()
    assert decide(raw, ward.view, ward.custodians[1], NOW_US) == Refused(
        Status.BAD_REQUEST, None, None, is_nonce_spent=False
    )


def test_a_request_for_another_index_is_bad():
    assert status_at_one(Ward(), Ward().request(2)) is Status.BAD_REQUEST


def test_a_changed_byte_under_the_signature_is_bad():
    ward = Ward()
    request = replace(ward.request(), nonce=bytes(32))
    assert status_at_one(ward, request) is Status.BAD_REQUEST


def test_a_signer_who_is_no_registered_grantee_is_bad_without_a_receipt():
    ward = Ward()
    request = ward.request(grantee=STRANGER.address, signer=STRANGER)
    outcome = decide_at_one(ward, request)
    assert outcome == Refused(Status.BAD_REQUEST, None, None, is_nonce_spent=False)


def test_a_grantee_without_a_token_gets_a_receipt_that_says_so():
    ward = Ward()
    outcome = decide_at_one(ward, custody=Overlay(ward, has_token=False))
    assert (outcome.status, outcome.head) == (Status.RATE_LIMIT, ward.view.head)
    assert outcome.request is not None


# ---- row 3


@pytest.mark.parametrize(
    ("age_us", "status"),
    [
        (0, Status.RELEASED),
        (STALL_US_MIN, Status.RELEASED),
        (STALL_US_MIN + 1, Status.STALE_STATE),
        (-1, Status.STALE_STATE),
    ],
)
def test_a_head_may_rest_for_twenty_seconds(age_us, status):
    assert status_at_one(Ward(), now_us=NOW_US + age_us) is status


@pytest.mark.parametrize(
    ("age_us", "status"), [(60_000_000, Status.RELEASED), (60_000_001, Status.STALE_STATE)]
)
def test_a_head_may_rest_for_four_long_periods(age_us, status):
    ward = Ward()
    ward.view.block_period_us = 15_000_000
    assert status_at_one(ward, now_us=NOW_US + age_us) is status


def test_a_suspended_custodian_refuses():
    ward = Ward()
    ward.view.is_licensed = False
    assert status_at_one(ward) is Status.SUSPENDED


# ---- row 4


@pytest.mark.parametrize(
    ("lag", "status"),
    [
        (0, Status.RELEASED),
        (HEAD_LAG_BLOCKS_MAX, Status.RELEASED),
        (HEAD_LAG_BLOCKS_MAX + 1, Status.HEAD_UNKNOWN),
        (-1, Status.HEAD_UNKNOWN),
    ],
)
def test_the_request_stands_at_most_64_blocks_behind(lag, status):
    ward = Ward()
    number = ward.view.head.number - lag
    request = ward.request(head_number=number, head_hash=hash_of(number))
    assert status_at_one(ward, request) is status


def test_a_request_from_a_fork_is_refused():
    ward = Ward()
    request = ward.request(head_number=99, head_hash=hash_of(7))
    assert status_at_one(ward, request) is Status.HEAD_UNKNOWN


# ---- row 5


@pytest.mark.parametrize(
    ("time_s", "status"),
    [
        (FROM_S - 1, Status.NOT_YET),
        (FROM_S, Status.RELEASED),
        (UNTIL_S - 1, Status.RELEASED),
        (UNTIL_S, Status.EXPIRED),
        (UNTIL_S + 1, Status.EXPIRED),
    ],
)
def test_a_grant_is_open_from_its_first_second_to_before_its_last(time_s, status):
    ward = Ward()
    ward.view = ward.view.at(time_s=time_s)
    assert status_at_one(ward) is status


def test_an_unknown_grant_is_refused():
    ward = Ward()
    assert status_at_one(ward, ward.request(grant_id=bytes(32))) is Status.UNKNOWN_GRANT


def test_a_grant_to_somebody_else_is_unknown():
    ward = Ward()
    ward.view.change_grant(ward.grant_id, grantee=STRANGER.address)
    assert status_at_one(ward) is Status.UNKNOWN_GRANT


def test_a_revoked_grant_says_so_even_after_its_end():
    ward = Ward()
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    ward.view = ward.view.at(time_s=UNTIL_S)
    assert status_at_one(ward) is Status.REVOKED


# ---- row 8


@pytest.mark.parametrize(
    "changes",
    [{"patient": STRANGER.address}, {"pmr_id": 43}, {"sections": 1}, {"sections": 0}],
)
def test_a_record_that_the_grant_does_not_cover_is_out_of_scope(changes):
    ward = Ward()
    ward.view.change_record(ward.deal_id, **changes)
    assert status_at_one(ward) is Status.OUT_OF_SCOPE


def test_a_deal_that_no_record_names_is_out_of_scope():
    ward = Ward()
    ward.view.records.clear()
    assert status_at_one(ward) is Status.OUT_OF_SCOPE


def test_pmr_id_zero_covers_every_record_of_the_patient():
    ward = Ward()
    ward.view.change_grant(ward.grant_id, pmr_id=0)
    ward.view.change_record(ward.deal_id, pmr_id=43)
    assert status_at_one(ward) is Status.RELEASED


@pytest.mark.parametrize(
    ("filed_s", "scope", "status"),
    [
        (900, scope_of(["lab_reports"]), Status.RELEASED),
        (901, scope_of(["lab_reports"]), Status.OUT_OF_SCOPE),
        (901, scope_of(["lab_reports", "later"]), Status.RELEASED),
        (901, LATER_BIT, Status.OUT_OF_SCOPE),
    ],
)
def test_records_made_after_the_grant_need_the_bit_for_later(filed_s, scope, status):
    ward = Ward()
    ward.view.change_grant(ward.grant_id, scope=scope)
    ward.view.change_record(ward.deal_id, filed_s=filed_s)
    assert status_at_one(ward) is status


# ---- rows 9 and 10


def test_a_missing_share_is_a_stale_state():
    ward = Ward()
    assert status_at_one(ward, share=None) is Status.STALE_STATE


@pytest.mark.parametrize("cut", [0, 1, 151])
def test_a_deposit_with_wrong_bytes_is_no_deposit(cut):
    ward = Ward()
    raw = ward.custodians[1].grant_share(ward.grant_id, ward.deal_id)
    assert status_at_one(ward, grant_share=raw[:cut]) is Status.NO_DEPOSIT


def test_a_flipped_byte_in_the_deposit_is_no_deposit():
    ward = Ward()
    raw = bytearray(ward.custodians[1].grant_share(ward.grant_id, ward.deal_id))
    raw[100] ^= 1
    assert status_at_one(ward, grant_share=bytes(raw)) is Status.NO_DEPOSIT


def test_a_deposit_of_another_kind_is_no_deposit():
    ward = Ward()
    assert (
        status_at_one(ward, grant_share=ward.custodians[1].share(ward.deal_id)) is Status.NO_DEPOSIT
    )


@pytest.mark.parametrize(("releases", "status"), [(15, Status.RELEASED), (16, Status.RATE_LIMIT)])
def test_a_grant_releases_sixteen_times(releases, status):
    assert status_at_one(Ward(), releases=releases) is status
