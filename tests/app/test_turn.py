"""What the parts of a node collect in one turn, and in which order it reaches the driver."""

import pytest

from node.app.events import Answered, ClearTimer, Failed, Noted, SendFrame, SetTimer
from node.app.turn import Turn
from node.base.errors import ConfigError
from node.base.types import Address
from node.p2p.errors import UnsendableError
from node.p2p.messages import Ping, Release
from node.p2p.wire import decode

PEER = Address(b"\x01" * 20)


def test_a_turn_without_effects_has_none():
    outcome = Turn(7).outcome()
    assert outcome.effects == ()
    assert (outcome.work.signatures, outcome.work.gas) == (0, 0)


def test_effects_keep_the_order_in_which_they_were_wanted():
    turn, error = Turn(7), ConfigError("x")
    turn.set_timer(("store", "fetch", "a"), 9)
    turn.send(PEER, Ping(1))
    turn.clear_timer(("store", "fetch", "a"))
    turn.answer(1, "value")
    turn.fail(2, error)
    turn.note("area.said", number=3)
    kinds = [type(effect) for effect in turn.outcome().effects]
    assert kinds == [SetTimer, SendFrame, ClearTimer, Answered, Failed, Noted]


def test_a_message_leaves_as_the_payload_of_a_frame():
    turn = Turn(7)
    turn.send(PEER, Ping(1, rid=5))
    (sent,) = turn.outcome().effects
    assert (sent.peer, decode(sent.payload)) == (PEER, Ping(1, rid=5))


def test_a_message_that_no_receiver_would_take_is_not_sent():
    turn = Turn(7)
    with pytest.raises(UnsendableError):
        turn.send(PEER, Release(b"too short", rid=1))
    assert turn.outcome().effects == ()


def test_a_note_may_carry_a_field_called_name():
    turn = Turn(7)
    turn.note("area.said", name="h1")
    assert turn.outcome().effects == (Noted("area.said", {"name": "h1"}),)


def test_an_answer_may_be_none():
    turn = Turn(7)
    turn.answer(1, None)
    assert turn.outcome().effects == (Answered(1, None),)


def test_an_error_reaches_the_client_as_it_is():
    turn, error = Turn(7), ConfigError("x")
    turn.fail(2, error)
    (failed,) = turn.outcome().effects
    assert failed.error is error


def test_work_adds_up_over_the_turn():
    turn = Turn(7)
    turn.signatures += 1
    turn.signatures += 2
    turn.gas += 21_000
    work = turn.outcome().work
    assert (work.signatures, work.gas) == (3, 21_000)


def test_two_turns_share_nothing():
    first, second = Turn(7), Turn(7)
    first.note("area.said")
    first.gas += 1
    assert second.outcome().effects == ()
    assert second.gas == 0


def test_an_outcome_does_not_grow_with_its_turn():
    turn = Turn(7)
    outcome = turn.outcome()
    turn.note("area.said")
    assert outcome.effects == ()


@pytest.mark.parametrize("signatures", [0, 1, 2])
def test_a_quiet_turn_says_how_many_signatures_it_took(signatures: int):
    turn = Turn(7)
    turn.signatures += signatures
    outcome = turn.outcome()
    assert (outcome.effects, outcome.work.signatures, outcome.work.gas) == ((), signatures, 0)
