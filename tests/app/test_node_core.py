"""One node as a whole: what reaches it is handed on, and bad bytes change nothing."""

from functools import cache

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.app.events import (
    Asked,
    FrameReceived,
    SendFrame,
    SetTimer,
    Started,
    TimerFired,
)
from node.ipfs_lite.blocks import BlockClass
from node.p2p.messages import Deposit, Ping, XWant, XWantEntry
from node.p2p.wire import encode
from node.workflows.requests import Put, TakeHead
from tests.app.clinic import opened
from tests.app.forging import child, extend, take, whole
from tests.app.ward import HOSPITALS, STRANGER, Ward, fingerprint, founded, lone
from tests.p2p.samples import MESSAGES

ONE, TWO, THREE = HOSPITALS[:3]

MALFORMED = {
    "nothing": b"",
    "one byte": b"\x93",
    "no array": b"\xc0\xc0",
    "an unknown type": msgpack.packb((0x3F, 0, b"")),
    "too few fields": msgpack.packb((0x10, 0, b"")),
    "a field of another type": msgpack.packb((0x10, 0, "text", (), b"")),
    "bytes behind the message": encode(Ping(1)) + b"\x00",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_frame_is_noted_with_its_sender(kind):
    ward = lone()
    ward.give(0, FrameReceived(TWO.address, MALFORMED[kind]))
    (told,) = ward.noted(0, "p2p.peer_breached")
    assert told["peer"] == TWO.address
    assert told["why"]


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_frame_changes_nothing(kind):
    ward = lone()
    before = fingerprint(ward.cores[0]), ward.cores[0].chain._engine.snapshot()
    outcome = ward.give(0, FrameReceived(TWO.address, MALFORMED[kind]))
    assert (fingerprint(ward.cores[0]), ward.cores[0].chain._engine.snapshot()) == before
    assert len(outcome.effects) == 1


def test_a_type_that_is_reserved_for_later_is_noted_and_no_breach():
    ward = lone()
    ward.give(0, FrameReceived(TWO.address, msgpack.packb((0x60, 0))))
    assert ward.noted(0, "p2p.type_reserved") == [{"peer": TWO.address}]
    assert ward.noted(0, "p2p.peer_breached") == []


def test_a_message_of_the_connection_is_the_drivers_and_does_nothing_here():
    ward = lone()
    outcome = ward.say(TWO, 0, Ping(1))
    assert outcome.effects == ()


def test_a_want_for_what_is_no_cid_is_noted_as_a_breach():
    ward = lone()
    ward.say(TWO, 0, XWant(full=False, entries=(XWantEntry(b"no cid", 1, 0),)))
    (told,) = ward.noted(0, "p2p.peer_breached")
    assert told["peer"] == TWO.address
    assert "no CID" in told["why"]


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_random_bytes_never_stop_a_node(payload):
    before = fingerprint(quiet().cores[0])
    quiet().give(0, FrameReceived(TWO.address, payload))
    assert fingerprint(quiet().cores[0]) == before


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=10)
def test_a_well_formed_message_with_senseless_content_never_stops_a_node(kind, data):
    source = data.draw(st.sampled_from([TWO, THREE, STRANGER]))
    before = fingerprint(quiet().cores[0])
    quiet().say(source, 0, data.draw(MESSAGES[kind]))
    assert fingerprint(quiet().cores[0]) == before


@given(st.data())
@settings(max_examples=50)
def test_a_true_message_with_a_changed_byte_never_stops_a_node(data):
    payload = bytearray(data.draw(st.sampled_from(true_frames())))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    before = clinic().net.cores[1].ledger.head_hash
    clinic().net.give(1, FrameReceived(ONE.address, bytes(payload)))
    assert clinic().net.cores[1].ledger.head_hash == before


@cache
def quiet():
    """Give a core that all examples of a test talk to: nothing they say may change it."""
    ward = lone(validators=3)
    extend(ward, (TWO,))
    return ward


@cache
def clinic():
    """Give a clinic in which shares, deposits and releases have gone over the wire."""
    made = opened()
    signed = made.grant()
    for index in (1, 2):
        made.release(signed.grant_id, index)
    return made


@cache
def true_frames():
    """Give one frame of each type that core 0 of a working clinic sent to core 1."""
    made = {payload[1]: payload for source, _, payload in clinic().net.sent if source == 0}
    return [made[kind] for kind in sorted(made)]


def test_before_it_started_a_node_takes_no_block():
    ward = lone(validators=2)
    block = child(ward.cores[0], TWO)
    fresh = Ward(founded(2), 0)
    fresh.add(None)
    fresh.skew_us.append(0)
    fresh.introduce(TWO)
    take(fresh, block)
    assert fresh.height == 0


def test_a_node_that_starts_arms_its_turn():
    ward = Ward(founded(1), 0)
    ward.add(None)
    ward.skew_us.append(0)
    outcome = ward.give(0, Started())
    assert [type(effect) for effect in outcome.effects] == [SetTimer]


def test_a_second_start_is_ignored():
    ward = lone()
    assert ward.give(0, Started()).effects == ()


def test_a_timer_of_the_engine_that_is_not_armed_does_nothing():
    ward = Ward(founded(1), 1)
    outcome = ward.give(0, TimerFired(("engine", "block", 7, 0)))
    assert outcome.effects == ()


def test_a_timer_that_fires_early_is_armed_again():
    ward = Ward(founded(1), 1)
    ((_, timer),) = ward.timers
    at_us = ward.timers[0, timer]
    outcome = ward.give(0, TimerFired(timer))
    assert outcome.effects == (SetTimer(timer, at_us),)


def test_a_timer_that_no_part_has_is_a_mistake_of_the_driver():
    ward = Ward(founded(1), 1)
    with pytest.raises(AssertionError, match="no part of the node"):
        ward.give(0, TimerFired(("other", "name")))


def test_a_question_of_a_client_is_answered_in_the_same_turn():
    ward = Ward(founded(1), 1)
    outcome = ward.give(0, Asked(7, TakeHead()))
    (answered,) = outcome.effects
    assert (answered.call, answered.value.number) == (7, 0)


def test_a_node_connects_blocks_and_store_at_once():
    ward = Ward(founded(2), 2, connect=False)
    cid = ward.answer(ward.ask(0, Put(b"sealed", BlockClass.PUBLIC)))
    ward.meet(0, 1)
    ward.say(TWO, 0, XWant(full=False, entries=(XWantEntry(cid, 1, 0),)))
    assert ward.frames


def test_equal_events_give_equal_effects():
    def run():
        ward = Ward(founded(3), 3)
        ward.ask(1, Put(b"sealed", BlockClass.PUBLIC))
        ward.grow(4)
        return ward.sent, ward.notes

    assert run() == run()


def test_a_block_for_a_stranger_is_never_sent():
    ward = Ward(founded(2), 2)
    ward.grow(3)
    peers = {core.address for core in ward.cores}
    assert {peer for _, peer, _ in ward.sent} <= peers
    assert STRANGER.address not in peers


def test_a_frame_of_a_peer_that_never_connected_gets_no_block_in():
    ward = Ward(founded(2), 1)
    block = child(ward.cores[0], TWO)
    ward.now += 2_000_000
    ward.say(TWO, 0, whole(block))
    assert ward.height == 0


def test_a_deposit_for_a_deal_that_is_not_held_is_refused():
    ward = lone()
    deposit = Deposit(
        grant=bytes(32),
        deal=bytes(32),
        epoch=0,
        signature=bytes(65),
        index=1,
        digests=(),
        sealed=b"",
        rid=1,
    )
    outcome = ward.say(TWO, 0, deposit)
    assert "is not held here" in ward.noted(0, "custody.message_refused")[0]["why"]
    assert not any(isinstance(effect, SendFrame) for effect in outcome.effects)
