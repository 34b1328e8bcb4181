"""Who lied about blocks: not asked, not heard, not answered, until the ban ends or is lifted."""

import pytest

from node.app.events import PeerLost
from node.ipfs_lite.bans import BAN_US
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.p2p.messages import XBlock, XGive, XWant, XWantEntry
from node.p2p.wire import decode
from node.workflows.requests import Fetch, Put
from tests.app.ward import HOSPITALS, lone

TWO, THREE = HOSPITALS[1:3]
DATA = b"ciphertext of a small record"
NAME = make_cid(DATA)


def give(data):
    return XGive((XBlock(make_cid(data)[:4], data),), (), (), 0)


@pytest.fixture
def ward():
    """Give a core that two peers are connected to; the first of them has lied."""
    ward = lone(validators=4)
    ward.ask(0, Fetch((NAME,), (TWO.address,)))
    ward.say(TWO, 0, give(b"other bytes"))
    ward.sent.clear()
    return ward


def asked(ward):
    """Give whom the core has asked for blocks since the lie."""
    return {to for _, to, raw in ward.sent if isinstance(decode(raw), XWant)}


def test_the_lie_is_on_record(ward):
    (row,) = ward.cores[0].store.bans.rows()
    assert (row.peer, row.cid, row.at_us) == (TWO.address, NAME, ward.now)


def test_a_liar_is_not_asked(ward):
    ward.ask(0, Fetch((make_cid(b"next"),), (TWO.address, THREE.address)))
    assert TWO.address not in asked(ward)
    assert THREE.address in asked(ward)


def test_what_a_liar_gives_is_ignored(ward):
    ward.say(TWO, 0, give(DATA))
    assert ward.cores[0].store.store.count() == 0


def test_what_a_liar_wants_is_not_answered(ward):
    ward.ask(0, Put(b"public", BlockClass.PUBLIC))
    entry = XWantEntry(make_cid(b"public"), 1, 4)
    ward.say(TWO, 0, XWant(full=False, entries=(entry,)))
    assert ward.sent == []
    ward.say(THREE, 0, XWant(full=False, entries=(entry,)))
    assert [to for _, to, _ in ward.sent] == [THREE.address]


def test_coming_back_does_not_lift_a_ban(ward):
    ward.give(0, PeerLost(TWO.address))
    ward.introduce(TWO)
    ward.ask(0, Fetch((make_cid(b"next"),), (TWO.address,)))
    assert TWO.address not in asked(ward)


def test_a_ban_ends_after_an_hour_although_the_liar_never_left(ward):
    ward.now += BAN_US
    ward.ask(0, Fetch((make_cid(b"next"),), (TWO.address,)))
    assert TWO.address in asked(ward)


def test_the_operator_lifts_a_ban(ward):
    ward.cores[0].store.bans.clear(TWO.address)
    ward.ask(0, Fetch((make_cid(b"next"),), (TWO.address,)))
    assert TWO.address in asked(ward)


@pytest.mark.parametrize(("count", "note"), [(1, "banned"), (16, "dropped")])
def test_who_lied_or_was_dropped_is_not_answered_what_it_asked_before(count, note):
    ward = lone(validators=4)
    ward.say(THREE, 0, XWant(full=False, entries=(XWantEntry(make_cid(b"late"), 1, 0),)))
    if note == "banned":
        ward.ask(0, Fetch((NAME,), (THREE.address,)))
    for number in range(count):
        ward.say(THREE, 0, give(bytes((number,))))
    assert len(ward.noted(0, f"store.peer_{note}")) == 1
    ward.sent.clear()
    ward.ask(0, Put(b"late", BlockClass.PUBLIC))
    assert ward.sent == []
