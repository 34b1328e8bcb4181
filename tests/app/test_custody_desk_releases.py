"""Releases of a custodian: while the final block says that a grant stands, and not after."""

from dataclasses import replace

import pytest

from node.p2p.messages import Release as ReleaseAsked
from node.privacy.release_messages import Status
from node.workflows.read_record import read_record
from node.workflows.requests import AskRelease, Release
from node.workflows.ward import HeldGrant
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS, SECOND, STRANGER

ONE, TWO = HOSPITALS[:2]


@pytest.fixture
def clinic():
    return opened()


def test_inside_a_grant_every_custodian_releases(clinic):
    signed = clinic.grant()
    assert [clinic.release(signed.grant_id, index) for index in (1, 2)] == [Status.RELEASED] * 2


def test_a_release_is_noted_with_its_receipt(clinic):
    signed = clinic.grant()
    index = clinic.second
    clinic.release(signed.grant_id, index)
    (told,) = clinic.net.noted(1, "custody.receipt_signed")
    assert told["status"] == "RELEASED"


def test_a_record_that_was_released_opens(clinic):
    signed = clinic.grant()
    until_s = signed.consent.valid_until_s
    patient = clinic.patient.wallet.address
    clinic.doctor.grants.append(HeldGrant(signed.grant_id, clinic.visit.pmr_id, patient, until_s))
    flow = read_record(clinic.parties, clinic.doctor, clinic.visit.pmr_id, clinic.entropy)
    reading = clinic.net.run(flow)
    assert reading.entries[0].record.diagnosis[0].text == "a cold"


def until_final(clinic, timestamp_s):
    """Let time pass until the block time of the final block is exactly this."""
    final = clinic.net.cores[0].chain.final
    clinic.net.grow(timestamp_s - final.timestamp)
    times = {core.chain.final.timestamp for core in clinic.net.cores}
    assert times == {timestamp_s}, "a block each second"


@pytest.mark.parametrize(("left_s", "status"), [(1, Status.RELEASED), (0, Status.EXPIRED)])
def test_a_grant_ends_with_the_block_time_of_the_final_block(clinic, left_s, status):
    """The last second of the window is inside, its end is not; no clock of a node counts."""
    signed = clinic.grant()
    until_final(clinic, signed.consent.valid_until_s - left_s)
    assert clinic.release(signed.grant_id, clinic.second) is status


def test_the_own_clock_does_not_end_a_grant(clinic):
    signed = clinic.grant()
    until_final(clinic, signed.consent.valid_until_s - 1)
    assert clinic.net.now >= signed.consent.valid_until_s * SECOND
    assert clinic.release(signed.grant_id, clinic.second) is Status.RELEASED


def test_what_was_lent_is_destroyed_when_the_grant_ends(clinic):
    signed = clinic.grant()
    until_final(clinic, signed.consent.valid_until_s)
    assert clinic.deposits(1) == ()
    (told,) = clinic.net.noted(1, "custody.grant_ended")
    assert (told["grant"], told["deal"], told["why"]) == (
        signed.grant_id,
        clinic.deal_id,
        "EXPIRED",
    )


def test_an_unknown_grant_is_refused(clinic):
    clinic.grant()
    assert clinic.release(b"\x07" * 32, clinic.second) is Status.UNKNOWN_GRANT


def test_a_grant_without_deposit_is_refused(clinic):
    signed = clinic.consent()
    clinic.relay(signed)
    clinic.net.grow(4)
    assert clinic.release(signed.grant_id, clinic.second) is Status.NO_DEPOSIT


def test_a_revoked_grant_is_refused_and_its_deposit_destroyed(clinic):
    signed = clinic.grant()
    clinic.revoke(signed)
    assert clinic.release(signed.grant_id, clinic.second) is Status.REVOKED
    assert clinic.deposits(1) == ()
    assert clinic.net.noted(1, "custody.grant_ended")[0]["why"] == "REVOKED"


def test_a_request_counts_once(clinic):
    signed = clinic.grant()
    request = clinic.request(signed.grant_id, clinic.second).encode()
    statuses = []
    for _ in range(2):
        call = clinic.net.ask(0, AskRelease(TWO.address, request))
        clinic.net.settle()
        statuses.append(clinic.net.answer(call).sealed != b"")
    assert statuses == [True, False]
    assert [one["status"] for one in clinic.net.noted(1, "custody.receipt_signed")] == [
        "RELEASED",
        "REPLAY",
    ]


def test_a_request_of_a_stranger_gets_no_receipt(clinic):
    signed = clinic.grant()
    request = clinic.request(signed.grant_id, clinic.second)
    forged = replace(request, grantee=STRANGER.address).signed(STRANGER)
    call = clinic.net.ask(0, AskRelease(TWO.address, forged.encode()))
    clinic.net.settle()
    assert clinic.net.answer(call) == Release(b"", b"")
    assert clinic.net.noted(1, "custody.receipt_signed") == []


def test_a_custodian_whose_chain_stands_still_refuses(clinic):
    signed = clinic.grant()
    clinic.net.pause()
    clinic.net.sleep(21)
    assert clinic.release(signed.grant_id, clinic.second) is Status.STALE_STATE


def test_a_release_costs_two_signatures(clinic):
    request = clinic.request(clinic.grant().grant_id, clinic.second).encode()
    outcome = clinic.net.say(ONE, 1, ReleaseAsked(request, rid=77))
    assert outcome.work.signatures == 2
