"""Files between nodes: put, fetch, drop; and what a tampered, lying or full store ends in."""

import pytest

from node.app.events import PeerLost
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import DAG_PB, make_cid, multihash_of, to_text
from node.ipfs_lite.errors import BadCidError, BadUnixFsError, StoreFullError
from node.ipfs_lite.memory_store import MemoryStore
from node.p2p.messages import XBlock, XGive, XWant, XWantEntry
from node.p2p.wire import decode
from node.workflows.errors import FetchFailedError
from node.workflows.requests import Drop, Fetch, Put
from tests.app.ward import HOSPITALS, Ward, founded, lone
from tests.ipfs_lite.tampering import tamper

ONE, TWO, THREE = HOSPITALS[:3]
SMALL = b"ciphertext of a small record"
LEAF = 2**20
LARGE = b"".join(number.to_bytes(4) for number in range(2 * LEAF // 4 + 500))
"""Two full leaves, one of 2,000 bytes, and a root."""


def network(running=2, **options):
    ward = Ward(founded(running), running, **options)
    ward.pause()
    return ward


def put(ward, n, data):
    return ward.answer(ward.ask(n, Put(data, BlockClass.PUBLIC)))


def fetch(ward, n, *cids, holders=(), seconds=0):
    """Start a fetch and let it run for so long; give the call."""
    call = ward.ask(n, Fetch(cids, holders, BlockClass.PUBLIC))
    ward.settle()
    ward.sleep(seconds)
    return call


def blocks(core):
    return core.store.store.count()


# -- files


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_a_file_is_read_back_from_the_own_store(data):
    ward = network(1)
    cid = put(ward, 0, data)
    assert ward.answer(fetch(ward, 0, cid)) == (data,)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_a_file_is_fetched_from_its_holder(data):
    ward = network()
    cid = put(ward, 1, data)
    assert ward.answer(fetch(ward, 0, cid, holders=(TWO.address,))) == (data,)


def test_what_was_fetched_is_kept():
    ward = network()
    cid = put(ward, 1, LARGE)
    fetch(ward, 0, cid, holders=(TWO.address,))
    assert blocks(ward.cores[0]) == blocks(ward.cores[1]) > 1
    assert ward.cores[0].store.store.class_of(cid) is BlockClass.PUBLIC


def test_a_file_is_found_without_naming_a_holder():
    ward = network(3)
    cid = put(ward, 2, LARGE)
    assert ward.answer(fetch(ward, 0, cid)) == (LARGE,)


def test_a_holder_that_lacks_the_file_is_followed_by_others():
    ward = network(3)
    cid = put(ward, 2, SMALL)
    assert ward.answer(fetch(ward, 0, cid, holders=(TWO.address,))) == (SMALL,)


def test_several_files_come_in_the_order_of_the_question():
    ward = network(3)
    first, second = put(ward, 1, SMALL), put(ward, 2, LARGE)
    third = put(ward, 0, b"own")
    assert ward.answer(fetch(ward, 0, second, third, first)) == (LARGE, b"own", SMALL)


def test_no_file_at_all_is_fetched_at_once():
    ward = network(1)
    assert ward.answer(fetch(ward, 0)) == ()


def test_a_node_that_is_named_as_holder_of_what_it_lacks_asks_itself_for_nothing():
    ward = network(1)
    call = fetch(ward, 0, make_cid(b"nowhere"), holders=(ONE.address,))
    ward.sleep(31)
    assert ward.sent == []
    with pytest.raises(FetchFailedError):
        ward.answer(call)


def test_a_file_that_arrives_later_reaches_who_waits_for_it():
    ward = network()
    cid = make_cid(SMALL)
    call = fetch(ward, 0, cid, seconds=1)
    waited = ward.is_open(call)
    put(ward, 1, SMALL)
    ward.settle()
    assert waited
    assert ward.answer(call) == (SMALL,)


def test_two_clients_get_the_same_file_from_one_exchange():
    ward = network()
    cid = put(ward, 1, SMALL)
    first, second = ward.ask(0, Fetch((cid,), ())), ward.ask(0, Fetch((cid,), ()))
    ward.settle()
    assert ward.answer(first) == ward.answer(second) == (SMALL,)
    given = [p for n, _, p in ward.sent if n == 1 and isinstance(decode(p), XGive)]
    assert len(given) == 1


# -- dropping


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_a_dropped_file_leaves_no_block(data):
    ward = network(1)
    ward.answer(ward.ask(0, Drop(put(ward, 0, data))))
    assert blocks(ward.cores[0]) == 0


def test_dropping_what_is_not_here_is_no_error():
    ward = network(1)
    assert ward.answer(ward.ask(0, Drop(make_cid(b"nowhere")))) is None


def test_dropping_leaves_other_files():
    ward = network(1)
    kept, gone = put(ward, 0, SMALL), put(ward, 0, LARGE)
    ward.ask(0, Drop(gone))
    assert ward.answer(fetch(ward, 0, kept)) == (SMALL,)


def test_a_dropped_file_is_not_served_any_more():
    ward = network()
    cid = put(ward, 1, SMALL)
    ward.ask(1, Drop(cid))
    call = fetch(ward, 0, cid, seconds=31)
    with pytest.raises(FetchFailedError):
        ward.answer(call)


def test_a_tampered_leaf_is_dropped_with_its_file():
    ward = network(1)
    cid = put(ward, 0, LARGE)
    store = ward.cores[0].store.store
    leaf = next(key for key in store.multihashes() if key != multihash_of(cid))
    tamper(store, Cid(b"\x01\x55" + leaf))
    ward.answer(ward.ask(0, Drop(cid)))
    assert blocks(ward.cores[0]) == 0


def test_a_tampered_root_is_dropped_although_it_names_no_leaf_any_more():
    ward = network(1)
    cid = put(ward, 0, LARGE)
    tamper(ward.cores[0].store.store, cid)
    ward.answer(ward.ask(0, Drop(cid)))
    assert multihash_of(cid) not in list(ward.cores[0].store.store.multihashes())


def test_dropping_what_is_no_cid_is_an_error():
    ward = network(1)
    with pytest.raises(BadCidError):
        ward.answer(ward.ask(0, Drop(Cid(b"no cid"))))


# -- tampered, lying, absent


def test_a_tampered_block_is_not_served_and_the_fetch_names_it():
    ward = network()
    cid = put(ward, 1, SMALL)
    tamper(ward.cores[1].store.store, cid)
    call = fetch(ward, 0, cid, holders=(TWO.address,), seconds=31)
    with pytest.raises(FetchFailedError, match=f"first 0x{cid.hex()}") as failed:
        ward.answer(call)
    assert failed.value.missing == (cid,)
    assert failed.value.asked == (TWO.address,)
    assert blocks(ward.cores[0]) == 0


def test_the_store_with_a_tampered_block_says_which():
    ward = network()
    cid = put(ward, 1, SMALL)
    tamper(ward.cores[1].store.store, cid)
    fetch(ward, 0, cid, holders=(TWO.address,))
    assert ward.noted(1, "store.block_corrupt") == [{"cid": cid}]


def test_a_tampered_leaf_of_a_large_file_is_the_one_that_is_named():
    ward = network()
    cid = put(ward, 1, LARGE)
    store = ward.cores[1].store.store
    leaf = Cid(b"\x01\x55" + next(key for key in store.multihashes() if key != multihash_of(cid)))
    tamper(store, leaf)
    call = fetch(ward, 0, cid, holders=(TWO.address,), seconds=31)
    with pytest.raises(FetchFailedError) as failed:
        ward.answer(call)
    assert failed.value.missing == (leaf,)


def test_a_second_holder_serves_what_is_tampered_at_the_first():
    ward = network(3)
    cid = put(ward, 1, SMALL)
    put(ward, 2, SMALL)
    tamper(ward.cores[1].store.store, cid)
    assert ward.answer(fetch(ward, 0, cid, holders=(TWO.address,), seconds=2)) == (SMALL,)


def test_a_tampered_block_of_the_own_store_is_healed_by_a_peer():
    ward = network()
    cid = put(ward, 0, SMALL)
    put(ward, 1, SMALL)
    tamper(ward.cores[0].store.store, cid)
    assert ward.answer(fetch(ward, 0, cid)) == (SMALL,)
    assert ward.cores[0].store.store.get(cid) == SMALL


def test_a_file_that_nobody_has_ends_after_thirty_seconds():
    ward = network()
    call = fetch(ward, 0, make_cid(b"nowhere"), seconds=29.9)
    waited = ward.is_open(call)
    ward.sleep(0.2)
    assert waited
    assert not ward.is_open(call)


def test_a_peer_that_sends_other_bytes_is_banned_and_they_are_not_kept():
    ward = lone()
    cid = make_cid(SMALL)
    ward.ask(0, Fetch((cid,), (TWO.address,)))
    lie = make_cid(b"other bytes")
    ward.say(TWO, 0, XGive((XBlock(lie[:4], b"other bytes"),), (), (), 0))
    (told,) = ward.noted(0, "store.peer_banned")
    assert (told["peer"], told["cid"]) == (TWO.address, cid)
    assert blocks(ward.cores[0]) == 0


def test_a_peer_that_floods_with_blocks_that_nobody_asked_for_is_noted():
    ward = lone()
    for count in range(16):
        data = bytes((count,))
        ward.say(TWO, 0, XGive((XBlock(make_cid(data)[:4], data),), (), (), 0))
    assert [one["peer"] for one in ward.noted(0, "store.peer_dropped")] == [TWO.address]
    assert blocks(ward.cores[0]) == 0


def test_a_good_block_that_is_no_file_ends_the_fetch():
    ward = lone()
    data = b"\x0a\x02\x08\x01"  # a directory
    cid = make_cid(data, DAG_PB)
    ward.cores[0].store.store.put(cid, data, BlockClass.SEALED)
    with pytest.raises(BadUnixFsError, match="a directory"):
        ward.answer(ward.ask(0, Fetch((cid,), ())))


def test_a_fetch_of_what_is_no_cid_is_an_error_and_leaves_nothing_behind():
    ward = lone()
    with pytest.raises(BadCidError):
        ward.answer(ward.ask(0, Fetch((Cid(b"no cid"),), ())))
    assert ward.cores[0].store._fetches == {}


@pytest.mark.parametrize("bad_first", [True, False])
def test_nothing_of_a_want_list_with_a_bad_name_is_answered(bad_first):
    ward = lone()
    good = XWantEntry(put(ward, 0, SMALL), 1, 4)
    entries = (XWantEntry(b"\x01", 1, 4), good) if bad_first else (good, XWantEntry(b"\x01", 1, 4))
    ward.say(TWO, 0, XWant(full=False, entries=entries))
    assert ward.sent == []


# -- a full store


def full(count=1):
    """Give cores of which the first has room for so many bytes."""
    ward = Ward(founded(2), 2, stores=[MemoryStore(count), MemoryStore()])
    ward.pause()
    return ward


def test_a_file_that_does_not_fit_is_refused_and_leaves_nothing():
    ward = full(LEAF + 1)
    with pytest.raises(StoreFullError):
        put(ward, 0, LARGE)
    assert blocks(ward.cores[0]) == 0


def test_a_file_that_does_not_fit_leaves_the_blocks_that_were_there_before():
    ward = full(LEAF + 1)
    cid = put(ward, 0, LARGE[:LEAF])
    with pytest.raises(StoreFullError):
        put(ward, 0, LARGE)
    assert ward.answer(fetch(ward, 0, cid)) == (LARGE[:LEAF],)


def test_a_file_that_does_not_fit_is_given_to_nobody():
    ward = full(LEAF + 1)
    leaf = make_cid(LARGE[:LEAF])
    call = fetch(ward, 1, leaf)
    ward.ask(0, Put(LARGE, BlockClass.PUBLIC))
    ward.settle()
    assert ward.is_open(call)


def test_a_fetch_ends_when_a_block_finds_no_room():
    ward = full()
    cid = put(ward, 1, SMALL)
    with pytest.raises(StoreFullError, match=to_text(cid)):
        ward.answer(fetch(ward, 0, cid))


def test_a_fetch_that_found_no_room_takes_no_further_block():
    ward = full(LEAF + 5_000)
    cid = put(ward, 1, LARGE)
    call = fetch(ward, 0, cid, seconds=31)
    with pytest.raises(StoreFullError):
        ward.answer(call)
    assert not ward.cores[0].store.store.has(make_cid(LARGE[2 * LEAF :]))


def test_after_a_fetch_without_room_the_next_one_works():
    ward = full(5_000)
    large = put(ward, 1, LARGE)
    small = put(ward, 1, SMALL)
    fetch(ward, 0, large)
    assert ward.answer(fetch(ward, 0, small)) == (SMALL,)


# -- between three


def test_what_a_node_fetched_goes_on_to_who_waits_for_it():
    ward = network(3)
    ward.part(1, 2)
    cid = put(ward, 1, SMALL)
    waiting = fetch(ward, 2, cid, holders=(ONE.address,))
    waited = ward.is_open(waiting)
    fetch(ward, 0, cid, holders=(TWO.address,))
    assert waited
    assert ward.answer(waiting) == (SMALL,)


def test_a_peer_that_comes_back_has_asked_for_nothing():
    ward = lone()
    wanted = XWantEntry(make_cid(SMALL), 1, 0)
    ward.say(TWO, 0, XWant(full=False, entries=(wanted,)))
    ward.introduce(TWO)
    ward.sent.clear()
    put(ward, 0, SMALL)
    assert ward.sent == []


# -- access


def test_a_peer_that_may_not_have_a_block_is_told_nothing_else_than_for_an_absent_one():
    answers = []
    for held in (True, False):
        desk = StoreDesk(MemoryStore(), lambda _peer, _multihash, _now: False)
        turn = Turn(0)
        cid = desk.add(turn, SMALL, BlockClass.PUBLIC) if held else make_cid(SMALL)
        desk.peer_connected(turn, TWO.address)
        desk.wanted(turn, TWO.address, XWant(full=False, entries=(XWantEntry(cid, 1, 4),)))
        answers.append(turn.outcome().effects)
    assert answers[0] == answers[1]


# -- connections that end


def test_a_peer_that_is_lost_is_asked_for_nothing_more():
    ward = lone(validators=4)
    ward.give(0, PeerLost(TWO.address))
    ward.sent.clear()
    ward.ask(0, Fetch((make_cid(SMALL),), (TWO.address, THREE.address)))
    assert {peer for _, peer, _ in ward.sent} == {THREE.address}
