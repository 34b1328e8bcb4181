"""Deposits at a custodian: kept under a final grant, waiting for one, too late for it."""

from dataclasses import replace

import pytest

from node.app.custody_desk import LETTER_WAIT_PERIODS
from node.base.limits import EARLY_DEPOSITS_COUNT_MAX
from node.base.types import Hash32
from node.p2p.messages import Deposit
from node.p2p.wire import decode
from node.privacy.deposits import DepositLetter
from node.workflows.errors import CustodianSilentError
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS

ONE, TWO = HOSPITALS[:2]


@pytest.fixture
def clinic():
    return opened()


def why(clinic):
    """Give the one refusal that core 1 has noted."""
    (told,) = clinic.net.noted(1, "custody.message_refused")
    return told["why"]


def test_a_deposit_of_a_final_grant_is_kept_and_acknowledged(clinic):
    signed = clinic.consent()
    clinic.relay(signed)
    clinic.net.grow(4)
    letter = clinic.letters(signed)[clinic.second - 1]
    assert clinic.net.answer(clinic.leave(letter)) == letter.digests[letter.index - 1]
    assert clinic.deposits(1) == ((signed.grant_id, clinic.deal_id),)


def early(clinic, **terms):
    """Leave a deposit with core 1 before its grant is final; give the consent and the call."""
    signed = clinic.consent(**terms)
    clinic.relay(signed)
    letter = clinic.letters(signed)[clinic.second - 1]
    return signed, clinic.leave(letter)


def test_a_deposit_before_its_grant_is_final_waits(clinic):
    _, call = early(clinic)
    assert clinic.net.is_open(call)
    assert clinic.net.noted(1, "custody.message_refused") == []
    assert clinic.deposits(1) == ()


def test_a_deposit_that_waited_is_kept_with_the_final_block_of_its_grant(clinic):
    signed, call = early(clinic)
    clinic.net.grow(3)
    assert not clinic.net.is_open(call)
    assert clinic.deposits(1) == ((signed.grant_id, clinic.deal_id),)


def test_a_deposit_that_waited_too_long_is_refused_with_its_reason(clinic):
    letter = clinic.letters(clinic.consent())[clinic.second - 1]
    call = clinic.leave(letter)  # nobody relays this grant
    clinic.net.grow(LETTER_WAIT_PERIODS - 1)
    waited = clinic.net.noted(1, "custody.message_refused") == []
    clinic.net.grow(2)
    assert waited
    assert "is not open in the final state" in why(clinic)
    with pytest.raises(CustodianSilentError):
        clinic.net.answer(call)


def test_a_deposit_whose_grant_comes_after_its_wait_is_not_kept(clinic):
    signed = clinic.consent()
    clinic.leave(clinic.letters(signed)[clinic.second - 1])
    clinic.net.grow(LETTER_WAIT_PERIODS + 1)
    clinic.relay(signed)
    clinic.net.grow(5)
    assert clinic.net.cores[1].custody.view().grant(signed.grant_id) is not None
    assert clinic.deposits(1) == ()


def test_a_deposit_that_is_left_again_in_time_is_kept(clinic):
    signed = clinic.consent()
    letter = clinic.letters(signed)[clinic.second - 1]
    clinic.leave(letter)
    clinic.net.grow(LETTER_WAIT_PERIODS + 1)
    clinic.relay(signed)
    clinic.net.grow(4)
    assert clinic.net.answer(clinic.leave(letter)) == letter.digests[letter.index - 1]


def test_a_deposit_twice_is_acknowledged_twice_and_kept_once(clinic):
    signed = clinic.grant()
    (letter,) = [one for one in letters_of(clinic, signed) if one.index == clinic.second]
    first, again = clinic.leave(letter), clinic.leave(letter)
    assert clinic.net.answer(first) == clinic.net.answer(again)
    assert len(clinic.deposits(1)) == 1


def letters_of(clinic, signed):
    """Give the letters that went over the wire for a grant."""
    found = []
    for _, _, payload in clinic.net.sent:
        message = decode(payload)
        if isinstance(message, Deposit) and message.grant == signed.grant_id:
            found.append(
                DepositLetter(
                    grant_id=message.grant,
                    deal_id=message.deal,
                    epoch=message.epoch,
                    index=message.index,
                    digests=message.digests,
                    sealed=message.sealed,
                    signature=message.signature,
                )
            )
    return found


CHANGED = {
    "another index": ({"index": 3}, "(index)"),
    "another deal": ({"deal_id": b"\x01" * 32}, "(deal)"),
    "another signature": ({"signature": bytes(65)}, "(signer)"),
    "no digests, which the patient signed": ({"digests": ()}, "(signer)"),
    "another sealed part": ({"sealed": b"sealed"}, "SealedBoxError"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_changed_deposit_is_refused_at_once(clinic, kind):
    change, reason = CHANGED[kind]
    signed = clinic.consent()
    clinic.relay(signed)
    clinic.net.grow(4)
    letter = clinic.letters(signed)[clinic.second - 1]
    clinic.leave(replace(letter, **change), n=1)
    assert reason in why(clinic)
    assert clinic.deposits(1) == ()


def test_a_deposit_for_an_epoch_to_come_waits_for_it_and_not_for_ever(clinic):
    signed = clinic.grant()
    letter = replace(clinic.letters(signed)[clinic.second - 1], epoch=1)
    clinic.leave(letter, n=1)
    assert clinic.net.noted(1, "custody.message_refused") == []
    clinic.net.grow(LETTER_WAIT_PERIODS + 1)
    assert "(early)" in why(clinic)


def test_only_so_many_deposits_wait(clinic):
    letter = clinic.letters(clinic.consent())[clinic.second - 1]
    for rid in range(EARLY_DEPOSITS_COUNT_MAX + 1):
        clinic.net.say(ONE, 1, deposit(letter, rid))
    assert "is not open in the final state" in why(clinic)


def deposit(letter, rid):
    return Deposit(
        grant=Hash32(letter.grant_id),
        deal=Hash32(letter.deal_id),
        epoch=letter.epoch,
        signature=letter.signature,
        index=letter.index,
        digests=tuple(map(Hash32, letter.digests)),
        sealed=letter.sealed,
        rid=rid,
    )


def test_one_peer_does_not_fill_the_waiting_room_of_another(clinic):
    signed, call = early(clinic)
    letter = clinic.letters(clinic.consent(seconds=77))[clinic.second - 1]
    for rid in range(EARLY_DEPOSITS_COUNT_MAX + 1):
        clinic.net.say(HOSPITALS[2], 1, deposit(letter, rid))
    clinic.net.grow(3)
    assert not clinic.net.is_open(call)
    assert (signed.grant_id, clinic.deal_id) in clinic.deposits(1)
