"""Repair in a node: its messages never stop it."""

from dataclasses import replace

import pytest

from node.p2p.messages import RepairAsk, RepairMask, RepairPart
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS, fingerprint

NONSENSE = {
    "ask": RepairAsk(b"\x07" * 32, 0, 2**32 - 1, b""),
    "mask": RepairMask(b"\x07" * 32, 255, 0, b"\xff" * 254, 0, b""),
    "part": RepairPart(b"\x07" * 32, 1, 0, b"\x01", 255, b"\x00" * 256),
}


@pytest.mark.parametrize("kind", NONSENSE)
@pytest.mark.parametrize("is_held", [True, False])
def test_nonsense_is_noted_and_changes_nothing(kind, is_held):
    clinic = opened()
    message = NONSENSE[kind]
    if is_held:
        message = replace(message, deal=clinic.deal_id)
    before = fingerprint(clinic.net.cores[0])
    clinic.net.say(HOSPITALS[1], 0, message)
    assert fingerprint(clinic.net.cores[0]) == before
    (told,) = clinic.net.noted(0, "custody.message_refused")
    assert told["type"] == type(message).__name__
