"""Release in an emergency: the rules row by row, and what becomes of a deposit without an end."""

from dataclasses import replace
from itertools import combinations

import pytest

from node.base.limits import RELEASES_PER_GRANT_COUNT_MAX
from node.base.limits_records import EMERGENCY_SECONDS_MAX
from node.base.types import Hash32
from node.privacy.custody_deposits import DepositTaken
from node.privacy.emergency import emergency_grant_id, end_of
from node.privacy.grantee import open_released
from node.privacy.release import EMERGENCY_RULES, Released
from node.privacy.release_errors import CustodyError
from node.privacy.release_facts import EmergencyFacts
from node.privacy.release_messages import Status
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOCTOR,
    KEYS,
    PMR_ID,
    RECORD,
    STRANGER,
    UNTIL_S,
    Ward,
    decide_at_one,
    hash_of,
    status_at_one,
)

EMERGENCY = Hash32(b"\xe0" * 32)
AT_S, END_S = 1_400, 1_600
LEFT_ID = emergency_grant_id(7, PMR_ID // 10**8)


def _ward(*, is_left: bool = True, derived: bool = True) -> Ward:
    """A ward in which the doctor has no grant any more, and broke the glass."""
    ward = Ward(derived=derived)
    if is_left:
        ward.lend(LEFT_ID)
    ward.end(ward.grant_id)
    ward.view.emergencies[EMERGENCY] = EmergencyFacts(
        doctor=DOCTOR.address, patient_id=PMR_ID // 10**8, at_s=AT_S, until_s=END_S
    )
    ward.view.doctor_keys[DOCTOR.address] = ward.doctor.sealing_public
    return ward


def _request(ward: Ward, index: int = 1, **changes):
    return ward.request(index, **({"grant_id": EMERGENCY, "epoch": 1} | changes))


def _open(ward: Ward) -> bytes:
    """Ask all four custodians and open the record."""
    epoch = ward.shares()[1].epoch
    requests = [_request(ward, index, epoch=epoch) for index in (1, 2, 3, 4)]
    answers = {
        one.index: ward.custodians[one.index].handle(
            one.encode(), ward.view, ward.view.head_advanced_us
        )
        for one in requests
    }
    encoded = {index: one.encode() for index, one in answers.items() if one is not None}
    collected = ward.doctor.collect(ward.manifest, requests, encoded)
    opened = open_released(
        ward.manifest, collected, ward.deal.fragments, profile=Profile.SIMULATION
    )
    return opened.record


# ---- what opens


def test_doctor_reads_what_was_left_for_emergencies():
    assert bytes(_open(_ward())) == RECORD


def test_share_is_sealed_to_the_key_of_the_registry():
    ward = _ward()
    outcome = decide_at_one(ward, _request(ward))
    assert isinstance(outcome, Released)
    assert outcome.grantee_key == ward.doctor.sealing_public
    assert outcome.point.hex() not in repr(outcome)


def test_receipt_names_the_emergency():
    """So an audit finds the event behind a release by its id."""
    ward = _ward()
    answer = ward.custodians[1].handle(
        _request(ward).encode(), ward.view, ward.view.head_advanced_us
    )
    assert answer.receipt.grant_id == EMERGENCY
    assert answer.receipt.status is Status.RELEASED


def test_later_generation_needs_a_deposit_of_its_own():
    ward = _ward()
    ward.view.change_record(ward.deal_id, is_current=False)
    assert status_at_one(ward, _request(ward)) is Status.OUT_OF_SCOPE


# ---- the rows


def _stall(ward: Ward):
    ward.view.head_advanced_us -= 10**12
    return {}, {}


def _change(**changes):
    def breaker(ward: Ward):
        ward.view.emergencies[EMERGENCY] = replace(ward.view.emergencies[EMERGENCY], **changes)
        return {}, {}

    return breaker


def _unlicense(ward: Ward):
    ward.view.active.clear()
    return {}, {}


def _erase(ward: Ward):
    ward.view.change_record(ward.deal_id, is_erased=True)
    return {}, {}


def _forget_key(ward: Ward):
    ward.view.doctor_keys.clear()
    return {}, {}


BREAKERS = [
    ("1 chain id", Status.BAD_REQUEST, lambda _: ({"chain_id": 8}, {})),
    ("2 signature", Status.BAD_REQUEST, lambda _: ({"signer": STRANGER}, {})),
    ("2 bucket", Status.RATE_LIMIT, lambda _: ({}, {"has_token": False})),
    ("3 stall", Status.STALE_STATE, _stall),
    ("4 head", Status.HEAD_UNKNOWN, lambda _: ({"head_hash": hash_of(7)}, {})),
    ("5 over", Status.EXPIRED, _change(until_s=1_500)),
    ("6 licence", Status.NOT_LICENSED, _unlicense),
    ("7 replay", Status.REPLAY, lambda _: ({}, {"is_nonce_seen": True})),
    ("8 erased", Status.OUT_OF_SCOPE, _erase),
    ("9 epoch", Status.WRONG_EPOCH, lambda _: ({"epoch": 0}, {})),
    (
        "10 count",
        Status.RATE_LIMIT,
        lambda _: ({}, {"releases": RELEASES_PER_GRANT_COUNT_MAX}),
    ),
    ("10 key", Status.STALE_STATE, _forget_key),
]


def test_there_are_nine_rules_in_an_emergency():
    assert len(EMERGENCY_RULES) == 9


@pytest.mark.parametrize(("name", "status", "breaker"), BREAKERS, ids=str)
def test_each_row_in_an_emergency_refuses_with_its_status(name, status, breaker):
    ward = _ward()
    request, custody = breaker(ward)
    assert status_at_one(ward, _request(ward, **request), **custody) is status


@pytest.mark.parametrize(
    ("first", "second"), list(combinations(BREAKERS, 2)), ids=lambda breaker: breaker[0]
)
def test_of_two_broken_rows_in_an_emergency_the_earlier_one_answers(first, second):
    ward = _ward()
    request, custody = {}, {}
    for _, _, breaker in (first, second):
        changes = breaker(ward)
        request |= changes[0]
        custody |= changes[1]
    assert status_at_one(ward, _request(ward, **request), **custody) is first[1]


@pytest.mark.parametrize(
    ("time_s", "status"),
    [
        (AT_S - 1, Status.NOT_YET),
        (AT_S, Status.RELEASED),
        (END_S - 1, Status.RELEASED),
        (END_S, Status.EXPIRED),
    ],
)
def test_emergency_opens_for_its_window_half_open(time_s, status):
    ward = _ward()
    ward.view = ward.view.at(time_s=time_s)
    assert status_at_one(ward, _request(ward)) is status


@pytest.mark.parametrize(("age_s", "status"), [(-1, Status.RELEASED), (0, Status.EXPIRED)])
def test_no_emergency_is_older_than_24_hours_whatever_the_contract_says(age_s, status):
    ward = _ward()
    _change(until_s=2**40)(ward)
    ward.view = ward.view.at(time_s=AT_S + EMERGENCY_SECONDS_MAX + age_s)
    assert status_at_one(ward, _request(ward)) is status
    assert end_of(ward.view.emergencies[EMERGENCY]) == AT_S + EMERGENCY_SECONDS_MAX


def test_doctor_without_an_emergency_gets_nothing():
    ward = _ward()
    ward.view.emergencies.clear()
    for name in (EMERGENCY, LEFT_ID):
        assert status_at_one(ward, _request(ward, grant_id=name)) is Status.UNKNOWN_GRANT


def test_emergency_of_another_doctor_opens_nothing():
    ward = _ward()
    ward.view.registered.add(STRANGER.address)
    ward.view.active.add(STRANGER.address)
    request = _request(ward, grantee=STRANGER.address, signer=STRANGER)
    assert status_at_one(ward, request) is Status.UNKNOWN_GRANT


def test_emergency_of_another_patient_opens_nothing():
    ward = _ward()
    _change(patient_id=1)(ward)
    assert status_at_one(ward, _request(ward)) is Status.OUT_OF_SCOPE


def test_patient_who_left_nothing_stays_closed():
    ward = _ward(is_left=False)
    assert status_at_one(ward, _request(ward)) is Status.NO_DEPOSIT


@pytest.mark.parametrize("name", ["emergency", "doctor_key", "record", "is_active_grantee"])
def test_an_unreadable_chain_refuses_an_emergency(name, monkeypatch):
    ward = _ward()
    request = _request(ward)

    def fail(*arguments):
        raise OSError(name)

    monkeypatch.setattr(ward.view, name, fail, raising=False)
    assert status_at_one(ward, request) is Status.STALE_STATE


# ---- a deposit without an end


def test_end_of_another_grant_moves_it_on_and_it_still_opens():
    ward = Ward(derived=True)
    ward.lend(LEFT_ID)
    before = ward.released(LEFT_ID)
    ward.end(ward.grant_id)
    assert {share.epoch for share in ward.shares().values()} == {1}
    assert ward.released(LEFT_ID) == before


def test_it_still_opens_after_many_grants_and_a_renewal():
    ward = _ward()
    for nonce in (1, 2, 3):
        grant_id = ward.grant(nonce).grant_id
        ward.lend(grant_id)
        ward.end(grant_id)
    ward.renew()
    assert {share.epoch for share in ward.shares().values()} == {5}
    assert bytes(_open(ward)) == RECORD


def test_no_final_state_ends_it():
    ward = _ward()
    ward.view = ward.view.at(time_s=UNTIL_S + 10 * EMERGENCY_SECONDS_MAX)
    assert all(custodian.follow(ward.view) == () for custodian in ward.custodians.values())
    assert ward.custodians[1].grant_share(LEFT_ID, ward.deal_id) is not None


def test_it_goes_with_the_deal():
    ward = _ward()
    ward.custodians[1].erase(ward.deal_id)
    assert ward.custodians[1].store.is_clear_of(ward.deal_id)


def test_only_the_patient_leaves_something():
    """Nobody else's letter under this id is taken, though no grant is there to name its patient."""
    ward = Ward(derived=True)
    letters = ward.wallet.deposit(LEFT_ID, ward.deal_id, KEYS, ward.entropy)
    ward.view.change_record(ward.deal_id, patient=STRANGER.address)
    with pytest.raises(CustodyError, match="signature is not the patient's"):
        ward.custodians[1].take_deposit(letters[0], ward.view)


def test_id_of_another_patient_is_no_grant():
    ward = Ward(derived=True)
    other = emergency_grant_id(7, 1)
    letter = ward.wallet.deposit(other, ward.deal_id, KEYS, ward.entropy)[0]
    with pytest.raises(CustodyError, match="not open in the final state"):
        ward.custodians[1].take_deposit(letter, ward.view)


@pytest.mark.parametrize("changes", [{"is_erased": True}, None])
def test_nothing_is_left_of_a_record_that_is_erased_or_unknown(changes):
    ward = Ward(derived=True)
    letter = ward.wallet.deposit(LEFT_ID, ward.deal_id, KEYS, ward.entropy)[0]
    if changes is None:
        ward.view.records.clear()
    else:
        ward.view.change_record(ward.deal_id, **changes)
    with pytest.raises(CustodyError):
        ward.custodians[1].take_deposit(letter, ward.view)


def test_letter_that_came_already_is_acknowledged_again():
    ward = Ward(derived=True)
    letter = ward.lend(LEFT_ID)[0]
    taken = ward.custodians[1].take_deposit(letter, ward.view)
    assert taken == DepositTaken(LEFT_ID, ward.deal_id, 1)


def test_id_depends_on_chain_and_patient():
    ids = {emergency_grant_id(chain, patient) for chain in (1, 2) for patient in (0, 1, 2**64 - 1)}
    assert len(ids) == 6
