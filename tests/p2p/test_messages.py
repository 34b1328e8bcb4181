from dataclasses import FrozenInstanceError

import pytest

from node.p2p.messages import Message, Ping, Reason, SendClass
from tests.p2p.samples import MESSAGES


def test_the_samples_cover_every_message():
    # by name: a slotted dataclass leaves its first, slotless class behind
    names = {kind.__name__ for kind in Message.__subclasses__()}
    assert {kind.__name__ for kind in MESSAGES} == names


def test_a_message_is_immutable():
    ping = Ping(1)
    with pytest.raises(FrozenInstanceError):
        ping.sent = 2


def test_the_request_id_is_zero_unless_named():
    assert (Ping(1).rid, Ping(1, rid=7).rid) == (0, 7)


def test_the_reasons_have_the_numbers_of_rlpx():
    numbers = {reason.name: int(reason) for reason in Reason}
    assert numbers == {
        "REQUESTED": 0x00,
        "BREACH": 0x02,
        "USELESS": 0x03,
        "TOO_MANY_PEERS": 0x04,
        "ALREADY_CONNECTED": 0x05,
        "INCOMPATIBLE": 0x06,
        "QUITTING": 0x08,
        "UNEXPECTED_IDENTITY": 0x09,
        "SELF": 0x0A,
        "PING_TIMEOUT": 0x0B,
        "NOT_ADMITTED": 0x10,
    }


def test_the_classes_stand_in_order_of_priority():
    assert [item.name for item in sorted(SendClass)] == [
        "CONTROL",
        "CONSENSUS",
        "REQUEST",
        "GOSSIP",
        "BULK",
    ]
