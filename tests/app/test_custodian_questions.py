"""Words with custodians: an answer that fits, a refusal, or a question whose time is over."""

import pytest

from node.app.custodian_questions import ABSENT_PERIODS, HANDOVER_PERIODS, QUESTION_PERIODS
from node.app.events import PeerLost
from node.base.types import Address, Hash32
from node.p2p.messages import (
    CustodyKept,
    DepositKept,
    Entrusted,
    Reclaimed,
    Released,
    Renewed,
)
from node.p2p.wire import decode
from node.privacy.deposits import DepositLetter
from node.privacy.renewals import RenewalLetter
from node.workflows.errors import CustodianRefusedError, CustodianSilentError
from node.workflows.requests import (
    AskRelease,
    EntrustShare,
    HandShare,
    LeaveDeposit,
    ReclaimShare,
    Release,
    SendRenewal,
)
from tests.app.ward import HOSPITALS, Ward, founded, lone

ONE, TWO, THREE = HOSPITALS[:3]
DEAL, DIGEST, ZERO = Hash32(b"\xde" * 32), Hash32(b"\xd1" * 32), Hash32(bytes(32))
PATIENT = Address(b"\xaa" * 20)

LETTER = DepositLetter(
    grant_id=bytes(32),
    deal_id=DEAL,
    epoch=0,
    index=2,
    digests=(bytes(32), DIGEST),
    sealed=b"sealed",
    signature=bytes(65),
)
SHARE = HandShare(TWO.address, DEAL, b"manifest", b"sealed")
DEPOSIT = LeaveDeposit(TWO.address, LETTER)
RELEASE = AskRelease(TWO.address, bytes(241))
RENEWAL = SendRenewal(
    TWO.address,
    RenewalLetter(
        deal_id=DEAL,
        epoch=3,
        index=2,
        digests=(bytes(32), DIGEST),
        sealed=b"sealed",
        signature=bytes(65),
    ),
)
ENTRUST = EntrustShare(TWO.address, PATIENT, b"sealed")
RECLAIM = ReclaimShare(TWO.address, PATIENT)
RIGHT = {
    "share": (SHARE, CustodyKept(DEAL, DIGEST, rid=1), DIGEST),
    "deposit": (DEPOSIT, DepositKept(DIGEST, rid=1), DIGEST),
    "release": (RELEASE, Released(b"receipt", b"sealed", rid=1), Release(b"receipt", b"sealed")),
    "renewal": (RENEWAL, Renewed(DEAL, DIGEST, rid=1), DIGEST),
    "entrusted": (ENTRUST, Entrusted(PATIENT, DIGEST, rid=1), DIGEST),
    "reclaimed": (RECLAIM, Reclaimed(PATIENT, b"a share", rid=1), b"a share"),
}
REFUSED = {
    "deposit": (DEPOSIT, DepositKept(ZERO, rid=1)),
    "renewal": (RENEWAL, Renewed(DEAL, ZERO, rid=1)),
    "entrusted": (ENTRUST, Entrusted(PATIENT, ZERO, rid=1)),
    "reclaimed": (RECLAIM, Reclaimed(PATIENT, b"", rid=1)),
}
WRONG = {
    "a share answered with a release": (SHARE, Released(b"", b"", rid=1)),
    "a share answered for a deposit": (SHARE, DepositKept(DIGEST, rid=1)),
    "a share of another deal": (SHARE, CustodyKept(DIGEST, DIGEST, rid=1)),
    "a deposit answered with a share": (DEPOSIT, CustodyKept(DEAL, DIGEST, rid=1)),
    "another deposit": (DEPOSIT, DepositKept(DEAL, rid=1)),
    "a release answered with a digest": (RELEASE, DepositKept(DIGEST, rid=1)),
    "another renewal": (RENEWAL, Renewed(DEAL, DEAL, rid=1)),
    "a renewal of another deal": (RENEWAL, Renewed(DIGEST, DIGEST, rid=1)),
    "a master's share of another patient": (
        ENTRUST,
        Entrusted(Address(DIGEST[:20]), DIGEST, rid=1),
    ),
    "another patient's master": (RECLAIM, Reclaimed(Address(DIGEST[:20]), b"a share", rid=1)),
    "another question": (SHARE, CustodyKept(DEAL, DIGEST, rid=2)),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_the_answer_of_a_custodian_reaches_who_asked(kind):
    request, message, answer = RIGHT[kind]
    ward = lone()
    call = ward.ask(0, request)
    ward.say(TWO, 0, message)
    assert ward.answer(call) == answer


@pytest.mark.parametrize("kind", RIGHT)
def test_the_answer_of_another_peer_reaches_nobody(kind):
    request, message, _ = RIGHT[kind]
    ward = lone(validators=3)
    call = ward.ask(0, request)
    ward.say(THREE, 0, message)
    assert ward.is_open(call)
    assert ward.noted(0, "p2p.answer_unasked")[0]["peer"] == THREE.address


@pytest.mark.parametrize("kind", RIGHT)
def test_an_answer_counts_once(kind):
    request, message, _ = RIGHT[kind]
    ward = lone()
    ward.ask(0, request)
    ward.say(TWO, 0, message)
    ward.say(TWO, 0, message)
    assert ward.noted(0, "p2p.answer_unasked") == [
        {"peer": TWO.address, "type": type(message).__name__}
    ]


@pytest.mark.parametrize("kind", WRONG)
def test_an_answer_that_does_not_fit_the_question_reaches_nobody(kind):
    request, message = WRONG[kind]
    ward = lone()
    call = ward.ask(0, request)
    ward.say(TWO, 0, message)
    assert ward.is_open(call)
    assert len(ward.noted(0, "p2p.answer_unasked")) == 1


def test_after_an_answer_that_does_not_fit_the_right_one_still_counts():
    ward = lone()
    call = ward.ask(0, SHARE)
    ward.say(TWO, 0, Released(b"", b"", rid=1))
    ward.say(TWO, 0, CustodyKept(DEAL, DIGEST, rid=1))
    assert ward.answer(call) == DIGEST


def test_each_question_to_a_custodian_has_its_own_id():
    ward = lone(validators=3)
    for custodian in (TWO, TWO, THREE):
        ward.ask(0, AskRelease(custodian.address, bytes(241)))
    assert [decode(payload).rid for _, _, payload in ward.sent] == [1, 2, 3]


def test_a_question_that_no_frame_can_carry_fails_and_is_not_waited_for():
    ward = lone()
    call = ward.ask(0, AskRelease(TWO.address, b"too short"))
    assert "Release" in str(ward.errors[call])
    assert ward.cores[0].questions._asked == {}


def test_a_question_to_the_own_node_needs_no_frame():
    ward = Ward(founded(1, (0,)), 1)
    call = ward.ask(0, AskRelease(ONE.address, bytes(241)))
    assert ward.answer(call) == Release(b"", b"")
    assert ward.sent == []


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_of_a_custodian_ends_the_question(kind):
    request, message = REFUSED[kind]
    ward = lone()
    call = ward.ask(0, request)
    ward.say(TWO, 0, message)
    with pytest.raises(CustodianRefusedError) as refused:
        ward.answer(call)
    assert refused.value.custodian == TWO.address


@pytest.mark.parametrize(
    ("request_", "periods"),
    [
        (SHARE, HANDOVER_PERIODS),
        *((one, QUESTION_PERIODS) for one in (DEPOSIT, RELEASE, RENEWAL, ENTRUST, RECLAIM)),
    ],
)
def test_a_custodian_that_stays_silent_is_waited_for_so_long_and_no_longer(request_, periods):
    ward = lone()
    call = ward.ask(0, request_)
    ward.sleep(periods - 0.001)
    assert ward.is_open(call)
    ward.sleep(0.001)
    with pytest.raises(CustodianSilentError, match=type(request_).__name__):
        ward.answer(call)


def test_each_question_has_its_own_time():
    ward = lone()
    first = ward.ask(0, RELEASE)
    ward.sleep(2)
    second = ward.ask(0, RELEASE)
    ward.sleep(QUESTION_PERIODS - 2)
    assert (ward.is_open(first), ward.is_open(second)) == (False, True)
    ward.sleep(2)
    assert not ward.is_open(second)


def test_an_answer_after_its_time_reaches_nobody():
    ward = lone()
    call = ward.ask(0, RELEASE)
    ward.sleep(QUESTION_PERIODS)
    ward.say(TWO, 0, Released(b"receipt", b"sealed", rid=1))
    assert len(ward.noted(0, "p2p.answer_unasked")) == 1
    with pytest.raises(CustodianSilentError):
        ward.answer(call)


def test_a_question_that_was_answered_runs_out_of_no_time():
    ward = lone()
    call = ward.ask(0, RELEASE)
    ward.say(TWO, 0, Released(b"receipt", b"sealed", rid=1))
    ward.sleep(2 * QUESTION_PERIODS)
    assert ward.answer(call) == Release(b"receipt", b"sealed")


def absent(request=RELEASE):
    ward = lone()
    ward.give(0, PeerLost(TWO.address))
    return ward, ward.ask(0, request)


def test_a_custodian_that_is_not_connected_is_not_waited_for_long():
    ward, call = absent(SHARE)
    ward.sleep(ABSENT_PERIODS - 0.001)
    assert ward.is_open(call)
    ward.sleep(0.001)
    with pytest.raises(CustodianSilentError, match="not connected"):
        ward.answer(call)


def test_a_custodian_that_connects_after_the_question_has_its_whole_time():
    ward, call = absent()
    ward.introduce(TWO)
    ward.sleep(QUESTION_PERIODS - 0.001)
    assert ward.is_open(call)
    ward.sleep(0.001)
    with pytest.raises(CustodianSilentError, match="time is over"):
        ward.answer(call)


def test_the_own_node_runs_out_of_time_as_others_do():
    ward = Ward(founded(1, (0,)), 1)
    call = ward.ask(0, LeaveDeposit(ONE.address, LETTER))
    ward.sleep(QUESTION_PERIODS)
    with pytest.raises(CustodianSilentError):
        ward.answer(call)
