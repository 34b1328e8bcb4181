from hashlib import sha256

import pytest

from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.bans import BAN_US, Evidence
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, make_cid_v0
from node.ipfs_lite.errors import HashNotAllowedError
from node.ipfs_lite.events import (
    BanPeer,
    BlockFetched,
    DropPeer,
    FetchCancelled,
    FetchFailed,
    FetchFinished,
    GiveReceived,
    PeerGone,
    PeerJoined,
    ScheduleTimer,
    TimerExpired,
    WantFlag,
)
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.client import Core, sent
from tests.ipfs_lite.network import address

A, B, C = address(1), address(2), address(3)
DATA = b"a block of a scan"
NAME = make_cid(DATA)
BLOCK, HAVE, CANCEL = 4, 6, 1
_NARROW = Profile("narrow", cid_version=1, raw_leaves=True, chunk_bytes=4, links_max=2)


def _without_timers(effects):
    return [effect for effect in effects if not isinstance(effect, ScheduleTimer)]


def test_a_fetch_of_nothing_is_finished():
    assert Core(A).start() == (FetchFinished(1),)


def test_a_fetch_of_present_blocks_is_finished_without_a_question():
    core = Core(A)
    core.store.put(NAME, DATA, BlockClass.SEALED)
    assert core.start(NAME) == (FetchFinished(1),)


def test_a_cid_named_twice_is_asked_for_once():
    assert sent(Core(A).start(NAME, NAME, holders=[A])) == [(A, NAME, BLOCK)]


def test_an_identity_cid_cannot_be_fetched():
    core = Core(A)
    with pytest.raises(HashNotAllowedError):
        core.start(Cid(b"\x01\x55\x00\x01B"))
    assert core.start() == (FetchFinished(1),)


def test_two_sessions_share_one_question_and_both_get_the_block():
    core = Core(A)
    core.start(NAME, holders=[A], session=1)
    assert sent(core.start(NAME, holders=[A], session=2)) == []
    assert _without_timers(core.give(A, DATA)) == [
        BlockFetched(1, NAME, DATA, A),
        FetchFinished(1),
        BlockFetched(2, NAME, DATA, A),
        FetchFinished(2),
    ]


def test_cancelling_one_of_two_sessions_cancels_nothing_at_the_peer():
    core = Core(A)
    core.start(NAME, holders=[A], session=1)
    core.start(NAME, holders=[A], session=2)
    assert sent(core.handle(FetchCancelled(1))) == []
    assert BlockFetched(2, NAME, DATA, A) in core.give(A, DATA)


def test_the_end_of_the_last_session_cancels_at_every_peer_asked():
    core = Core(A, B)
    core.start(NAME)
    assert sent(core.handle(FetchCancelled(1))) == [(A, NAME, CANCEL), (B, NAME, CANCEL)]


def test_cancelling_twice_does_nothing():
    core = Core(A)
    core.start(NAME)
    core.handle(FetchCancelled(1))
    assert core.handle(FetchCancelled(1)) == ()


def test_the_first_block_cancels_the_question_at_the_others_but_not_at_its_giver():
    core = Core(A, B)
    core.start(NAME)
    assert sent(core.give(B, DATA)) == [(A, NAME, CANCEL)]


def test_a_second_copy_from_somebody_who_was_asked_is_no_lie():
    core = Core(A, B)
    core.start(NAME)
    core.give(A, DATA)
    assert core.give(B, DATA) == ()


def test_a_late_block_is_welcome():
    core = Core(A, B)
    core.start(NAME, holders=[A])
    core.now = 1_000_000
    core.handle(TimerExpired("fetch"))
    core.now = 5_000_000
    assert BlockFetched(1, NAME, DATA, A) in core.give(A, DATA)


def test_a_block_under_another_version_than_asked_is_not_the_block():
    core = Core(A, B)
    core.start(make_cid_v0(DATA), holders=[A])
    effects = core.give(A, DATA)
    evidence = Evidence(A, make_cid_v0(DATA), sha256(DATA).digest(), 0)
    assert effects[0] == BanPeer(evidence, BAN_US)


@pytest.mark.parametrize("prefix", [b"", b"\x01", bytes.fromhex("0155d50110"), b"\xff" * 16])
def test_a_prefix_that_is_none_closes_the_connection(prefix):
    core = Core(A, B)
    core.start(NAME, holders=[A])
    effects = core.handle(GiveReceived(A, ((prefix, DATA),)))
    assert isinstance(effects[0], DropPeer)
    assert sent(effects) == [(B, NAME, HAVE)]


def test_a_block_above_the_limit_closes_the_connection():
    core = Core(A)
    core.start(NAME, holders=[A])
    effects = core.give(A, bytes(2 * 2**20 + 1))
    assert effects[0] == DropPeer(A, "a block of 2097153 bytes, at most 2097152")


def test_after_a_ban_the_rest_of_the_message_is_not_read():
    core = Core(A)
    core.start(NAME, holders=[A])
    effects = core.give(A, b"wrong", DATA)
    assert [type(effect) for effect in _without_timers(effects)] == [BanPeer]


def test_a_ban_outlives_a_reconnect():
    core = Core(A)
    core.start(NAME, holders=[A])
    core.give(A, b"wrong")
    core.handle(PeerGone(A))
    assert sent(core.handle(PeerJoined(A))) == []


def test_a_ban_ends_after_an_hour():
    core = Core(A)
    core.start(NAME, holders=[A])
    core.give(A, b"wrong")
    core.handle(FetchCancelled(1))
    core.handle(PeerGone(A))
    core.now = 3_600_000_000
    core.handle(PeerJoined(A))
    assert sent(core.start(NAME, holders=[A], session=2)) == [(A, NAME, BLOCK)]


def test_an_unasked_block_from_a_peer_that_owes_nothing_is_dropped():
    assert Core(A).give(A, DATA) == ()


def test_sixteen_unasked_blocks_drop_the_peer():
    core = Core(A)
    effects = [core.give(A, bytes((number,))) for number in range(16)]
    assert effects[:15] == [()] * 15
    assert effects[15] == (DropPeer(A, "16 blocks nobody asked for"),)


def test_an_answer_of_a_stranger_is_ignored():
    core = Core(A)
    core.start(NAME, holders=[A])
    assert core.give(B, DATA) == ()


def test_have_from_a_peer_that_was_not_asked_is_ignored():
    core = Core(A, B)
    core.start(NAME, holders=[A])
    assert core.give(B, have=[NAME]) == ()


def test_a_dont_have_leads_to_the_next_holder():
    core = Core(A, B, C)
    core.start(NAME, holders=[A, B, C])
    core.give(A, dont=[NAME])
    core.give(B, dont=[NAME])
    assert sent(core.give(C, have=[NAME])) == [(C, NAME, BLOCK)]


def test_have_after_dont_have_makes_a_source():
    core = Core(A)
    core.start(NAME)
    core.give(A, dont=[NAME])
    assert sent(core.give(A, have=[NAME])) == [(A, NAME, BLOCK)]


def test_after_250_ms_everybody_else_is_asked_who_has_it():
    core = Core(A, B)
    effects = core.start(NAME, holders=[A])
    assert effects[-1] == ScheduleTimer("fetch", 250_000)
    core.now = 250_000
    assert sent(core.handle(TimerExpired("fetch"))) == [(B, NAME, HAVE)]


def test_an_early_ring_changes_nothing():
    core = Core(A, B)
    core.start(NAME, holders=[A])
    core.now = 249_999
    assert core.handle(TimerExpired("fetch")) == ()


def test_a_foreign_timer_is_ignored():
    core = Core(A, B)
    core.start(NAME, holders=[A])
    core.now = 250_000
    assert core.handle(TimerExpired("wants")) == ()


def test_everybody_is_asked_again_after_ten_seconds():
    core = Core(A)
    core.start(NAME)
    core.give(A, dont=[NAME])
    core.now = 10_000_000
    assert sent(core.handle(TimerExpired("fetch"))) == [(A, NAME, HAVE)]


def test_a_peer_that_joins_later_is_asked():
    core = Core()
    core.start(NAME)
    assert sent(core.handle(PeerJoined(A))) == [(A, NAME, HAVE)]


def test_what_a_peer_owed_when_it_left_is_asked_elsewhere():
    core = Core(A, B)
    core.start(NAME, holders=[A])
    assert sent(core.handle(PeerGone(A))) == [(B, NAME, HAVE)]


def test_a_stranger_that_leaves_changes_nothing():
    core = Core(A)
    assert core.handle(PeerGone(B)) == ()


def test_at_most_eight_blocks_are_asked_of_a_new_peer():
    core = Core(A)
    names = [make_cid(b"%d" % number) for number in range(20)]
    assert len(sent(core.start(*names, holders=[A]))) == 8


def test_every_block_that_comes_opens_the_window_by_one():
    core = Core(A)
    names = [make_cid(b"%d" % number) for number in range(20)]
    core.start(*names, holders=[A])
    assert len(sent(core.give(A, b"0"))) == 2


def test_a_timeout_halves_the_window():
    core = Core(A)
    names = [make_cid(b"%d" % number) for number in range(20)]
    core.start(*names, holders=[A])
    core.now = 1_000_000
    core.handle(TimerExpired("fetch"))
    assert core.client._asker.peers[A].window == 4


def test_the_window_ends_at_32():
    core = Core(A)
    blocks = [b"%d" % number for number in range(60)]
    core.start(*map(make_cid, blocks), holders=[A])
    for block in blocks[:25]:
        core.give(A, block)
    assert len(core.client._asker.peers[A].outstanding) == 32


def test_blocks_that_keep_coming_are_no_timeout():
    core = Core(A)
    names = [make_cid(b"%d" % number) for number in range(8)]
    core.start(*names, holders=[A])
    for number, at_us in enumerate((100_000, 900_000)):
        core.now = at_us
        core.give(A, b"%d" % number)
    core.now = 1_800_000
    core.handle(TimerExpired("fetch"))
    assert core.client._asker.peers[A].window == 10


def test_a_holder_that_had_nothing_is_asked_for_the_block_again_after_ten_seconds():
    core = Core(A)
    core.start(NAME, holders=[A])
    core.give(A, dont=[NAME])
    core.now = 10_000_000
    assert sent(core.handle(TimerExpired("fetch")))[-1] == (A, NAME, BLOCK)


def test_at_most_64_blocks_are_asked_of_everybody_at_once():
    core = Core(A)
    names = [make_cid(b"%d" % number) for number in range(65)]
    assert len(sent(core.start(*names))) == 64


def test_a_block_above_the_byte_budget_ends_the_session():
    core = Core(A)
    core.start(NAME, holders=[A], bytes_max=len(DATA) - 1)
    why = f"more than {len(DATA) - 1} bytes"
    assert _without_timers(core.give(A, DATA)) == [FetchFailed(1, (NAME,), (A,), why)]


def test_a_block_of_exactly_the_budget_is_taken():
    core = Core(A)
    core.start(NAME, holders=[A], bytes_max=len(DATA))
    assert FetchFinished(1) in core.give(A, DATA)


def test_a_walk_without_end_is_ended():
    blocks = {}
    added = write_bytes(bytes(range(20)), blocks.__setitem__, _NARROW)
    core = Core(A)
    core.start(added.cid, holders=[A], walk=True, blocks_max=2)
    sent = ((cids.prefix_of(added.cid), blocks[added.cid]),)
    effects = core.handle(GiveReceived(A, sent))
    failed = [effect for effect in effects if isinstance(effect, FetchFailed)]
    assert [effect.why for effect in failed] == ["more than 2 blocks"]


def test_a_malformed_node_is_handed_over_without_links():
    block = b"\xff"
    name = make_cid(block, cids.DAG_PB)
    core = Core(A)
    core.start(name, holders=[A], walk=True)
    effects = core.handle(GiveReceived(A, ((cids.prefix_of(name), block),)))
    assert _without_timers(effects) == [BlockFetched(1, name, block, A), FetchFinished(1)]


def test_a_question_asks_for_dont_have():
    core = Core(A)
    assert WantFlag(sent(core.start(NAME, holders=[A]))[0][2]) == WantFlag.DONT_HAVE


def test_a_peer_is_awaited_from_the_question_to_the_answer():
    core = Core(A)
    assert not core.client.awaits(A, NAME)
    core.start(NAME, holders=[A])
    assert core.client.awaits(A, NAME)
    assert not core.client.awaits(B, NAME)
    core.give(A, DATA)
    assert not core.client.awaits(A, NAME)


def test_a_cancelled_question_awaits_nothing():
    core = Core(A)
    core.start(NAME, holders=[A])
    core.handle(FetchCancelled(1))
    assert not core.client.awaits(A, NAME)
