import pytest

from node.base.limits import WANT_ENTRIES_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite.cid import make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.errors import BadCidError, BadWantListError, HashNotAllowedError
from node.ipfs_lite.events import (
    AccessChanged,
    BlockCorrupt,
    BlockStored,
    GiveLeft,
    PeerGone,
    PeerJoined,
    ScheduleTimer,
    SendGive,
    TimerExpired,
    WantEntry,
    WantFlag,
    WantReceived,
)
from node.ipfs_lite.wants import SMALL_BLOCK_BYTES_MAX, TIMER, WantServer
from tests.ipfs_lite.server import A, B, Bench, give_of
from tests.ipfs_lite.tampering import tamper

SMALL, LARGE = b"small", bytes(SMALL_BLOCK_BYTES_MAX + 1)
HAVE, DONT, CANCEL = int(WantFlag.HAVE), int(WantFlag.DONT_HAVE), int(WantFlag.CANCEL)
MIB = 2**20


@pytest.fixture
def bench():
    return Bench()


def test_a_wanted_block_is_sent(bench):
    name = bench.put(SMALL)
    assert bench.want(name) == (give_of(SMALL),)


def test_an_answered_want_is_done(bench):
    bench.want(bench.put(SMALL))
    assert bench.server.waiting(A) == ()
    assert bench.handle(AccessChanged()) == ()


def test_a_block_is_sent_under_the_prefix_it_was_wanted_by(bench):
    bench.put(SMALL)
    (give,) = bench.want(make_cid_v0(SMALL))
    assert give.blocks == ((bytes.fromhex("00701220"), SMALL),)


@pytest.mark.parametrize("size", [0, SMALL_BLOCK_BYTES_MAX])
def test_want_have_of_a_small_block_gets_the_block(bench, size):
    name = bench.put(bytes(size))
    assert bench.want(name, flags=HAVE) == (give_of(bytes(size)),)


def test_want_have_of_a_larger_block_gets_have(bench):
    name = bench.put(LARGE)
    assert bench.want(name, flags=HAVE) == (give_of(have=[name]),)
    assert bench.server.waiting(A) == ()


def test_an_absent_block_is_met_with_silence(bench):
    assert bench.want(make_cid(SMALL)) == ()
    assert bench.server.waiting(A) == (make_cid(SMALL),)


def test_an_absent_block_gets_dont_have_if_asked_for(bench):
    name = make_cid(SMALL)
    assert bench.want(name, flags=DONT) == (give_of(dont=[name]),)


def test_dont_have_is_said_once_per_question(bench):
    name = make_cid(SMALL)
    bench.want(name, flags=DONT)
    assert bench.handle(AccessChanged()) == ()
    assert bench.want(name, flags=DONT) == (give_of(dont=[name]),)


def test_a_waiting_want_is_answered_when_the_block_arrives(bench):
    name = make_cid(SMALL)
    bench.want(name, flags=DONT)
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == (give_of(SMALL),)


def test_a_block_stored_under_another_cid_answers_too(bench):
    name = make_cid(SMALL)
    bench.want(name)
    bench.put(SMALL)
    assert bench.handle(BlockStored(make_cid_v0(SMALL))) == (give_of(SMALL),)


@pytest.mark.parametrize("flags", [0, HAVE, DONT, HAVE | DONT])
def test_a_refusal_is_byte_for_byte_an_absence(bench, flags):
    name = bench.put(LARGE)
    bench.denied.add((A, multihash_of(name)))
    absent = make_cid(b"nowhere")
    denied_effects = bench.want(name, flags=flags)
    absent_effects = bench.want(absent, flags=flags)
    assert [(e.blocks, e.have, len(e.dont), e.pending) for e in denied_effects] == [
        (e.blocks, e.have, len(e.dont), e.pending) for e in absent_effects
    ]


def test_presence_and_access_are_both_asked_whatever_the_first_says(bench):
    asked = []
    server = WantServer(bench.store, lambda peer, mh, _now: asked.append((peer, mh)) is not None)
    absent = make_cid(b"nowhere")
    server.handle(WantReceived(A, (WantEntry(absent, 1, 0),)), 0)
    assert asked == [(A, multihash_of(absent))]


def test_a_denied_block_is_not_pending(bench):
    first, second, third = (bench.put(bytes([n]) * MIB) for n in range(3))
    bench.denied.add((A, multihash_of(third)))
    effects = bench.want(first, second, third)
    assert [give.pending for give in effects] == [MIB, 0]


def test_a_waiting_want_is_answered_when_the_access_begins(bench):
    name = bench.put(SMALL)
    bench.denied.add((A, multihash_of(name)))
    assert bench.want(name) == ()
    bench.denied.clear()
    assert bench.handle(AccessChanged()) == (give_of(SMALL),)


def test_access_is_judged_per_peer(bench):
    name = bench.put(SMALL)
    bench.denied.add((A, multihash_of(name)))
    assert bench.want(name, peer=A) == ()
    assert bench.want(name, peer=B) == (give_of(SMALL, peer=B),)


def test_access_that_ends_stops_a_queued_block(bench):
    names = [bench.put(bytes([n]) * MIB) for n in range(10)]
    effects = bench.want(*names)
    assert effects[-1] == ScheduleTimer(TIMER, effects[-1].at_us)
    bench.denied.update((A, multihash_of(name)) for name in names)
    bench.now += 10_000_000
    assert bench.handle(TimerExpired(TIMER)) == ()


def test_a_corrupt_block_is_reported_and_looks_absent(bench):
    name = bench.put(SMALL)
    tamper(bench.store, name)
    assert bench.want(name, flags=DONT) == (BlockCorrupt(name), give_of(dont=[name]))


def test_a_healed_block_answers_the_waiting_want(bench):
    name = bench.put(SMALL)
    tamper(bench.store, name)
    bench.want(name)
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == (give_of(SMALL),)


def test_a_cancelled_want_is_not_answered(bench):
    name = make_cid(SMALL)
    bench.want(name)
    bench.want(name, flags=CANCEL)
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == ()


def test_cancelling_what_was_never_wanted_does_nothing(bench):
    assert bench.want(make_cid(SMALL), flags=CANCEL) == ()


def test_a_full_list_replaces_the_old_one(bench):
    bench.want(make_cid(b"old"))
    bench.want(make_cid(b"new"), full=True)
    assert bench.server.waiting(A) == (make_cid(b"new"),)


def test_without_full_wants_add_up(bench):
    bench.want(make_cid(b"old"))
    bench.want(make_cid(b"new"))
    assert bench.server.waiting(A) == (make_cid(b"old"), make_cid(b"new"))


def test_the_list_holds_the_most_entries(bench):
    bench.want(*(make_cid(b"%d" % n) for n in range(WANT_ENTRIES_COUNT_MAX)))
    assert len(bench.server.waiting(A)) == WANT_ENTRIES_COUNT_MAX


def test_one_want_more_drops_the_least_urgent(bench):
    bench.want(make_cid(b"least"), priority=-5)
    bench.want(*(make_cid(b"%d" % n) for n in range(WANT_ENTRIES_COUNT_MAX)))
    waiting = bench.server.waiting(A)
    assert len(waiting) == WANT_ENTRIES_COUNT_MAX
    assert make_cid(b"least") not in waiting


def test_the_higher_priority_goes_first_then_the_earlier(bench):
    late, early = bench.put(b"1" * 70_000), bench.put(b"2" * 70_000)
    urgent = bench.put(b"3" * 70_000)
    entries = (WantEntry(early, 1, 0), WantEntry(late, 1, 0), WantEntry(urgent, 2, 0))
    effects = bench.handle(WantReceived(A, entries))
    assert [give.blocks[0][1][:1] for give in effects] == [b"3", b"2", b"1"]


def test_small_blocks_share_a_message(bench):
    names = [bench.put(bytes([n]) * 100) for n in range(20)]
    (give,) = bench.want(*names)
    assert len(give.blocks) == 20


def test_a_message_of_small_blocks_ends_at_64_kib(bench):
    names = [bench.put(bytes([n]) * 16_384) for n in range(5)]
    assert [len(give.blocks) for give in bench.want(*names)] == [4, 1]


def test_a_message_has_at_most_512_blocks(bench):
    names = [bench.put(b"%d" % n) for n in range(513)]
    assert [len(give.blocks) for give in bench.want(*names)] == [512, 1]


def test_the_bucket_bounds_what_leaves_at_once(bench):
    names = [bench.put(bytes([n]) * MIB) for n in range(20)]
    effects = bench.want(*names)
    gives = [effect for effect in effects if isinstance(effect, SendGive)]
    assert len(gives) == 8
    assert gives[-1].pending == 12 * MIB


def test_the_rest_follows_when_the_timer_rings(bench):
    names = [bench.put(bytes([n]) * MIB) for n in range(20)]
    sent = 0
    effects = bench.want(*names)
    for _ in range(100):
        sent += sum(isinstance(effect, SendGive) for effect in effects)
        timers = [effect for effect in effects if isinstance(effect, ScheduleTimer)]
        if not timers:
            break
        bench.handle(GiveLeft(A, 8 * MIB))
        bench.now = timers[0].at_us
        effects = bench.handle(TimerExpired(TIMER))
    assert sent == 20
    assert bench.server.waiting(A) == ()


def test_a_second_peer_is_not_starved_by_the_first(bench):
    names = [bench.put(bytes([n]) * MIB) for n in range(20)]
    bench.want(*names, peer=A)
    bench.want(*names, peer=B)
    bench.now += 200_000
    gives = [e for e in bench.handle(TimerExpired(TIMER)) if isinstance(e, SendGive)]
    assert {give.peer for give in gives} == {A, B}
    counts = [sum(give.peer == peer for give in gives) for peer in (A, B)]
    assert abs(counts[0] - counts[1]) <= 1


def test_a_foreign_timer_is_ignored(bench):
    bench.want(make_cid(SMALL))
    bench.put(SMALL)
    assert bench.handle(TimerExpired("other")) == ()


def test_a_peer_that_left_is_not_answered(bench):
    name = make_cid(SMALL)
    bench.want(name)
    bench.handle(PeerGone(A))
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == ()


def test_a_peer_that_comes_back_starts_with_an_empty_list(bench):
    bench.want(make_cid(SMALL))
    bench.handle(PeerJoined(A))
    assert bench.server.waiting(A) == ()


@pytest.mark.parametrize(
    ("bad", "error"), [(b"", BadCidError), (b"\x01\x55\x00\x01B", HashNotAllowedError)]
)
def test_a_message_with_a_bad_cid_is_refused_as_a_whole(bench, bad, error):
    with pytest.raises(error):
        bench.want(make_cid(SMALL), Cid(bad))
    assert bench.server.waiting(A) == ()


def test_too_many_entries_are_refused_as_a_whole(bench):
    names = [make_cid(b"%d" % n) for n in range(WANT_ENTRIES_COUNT_MAX + 1)]
    with pytest.raises(BadWantListError, match="1025 entries, at most 1024"):
        bench.want(*names)
    assert bench.server.waiting(A) == ()


@pytest.mark.parametrize("priority", [-(2**31) - 1, 2**31])
def test_a_priority_has_32_bits(bench, priority):
    with pytest.raises(BadWantListError):
        bench.want(make_cid(SMALL), priority=priority)


def test_cancels_work_in_the_message_that_fills_the_list(bench):
    names = [make_cid(b"%d" % n) for n in range(WANT_ENTRIES_COUNT_MAX)]
    bench.want(*names)
    gone = tuple(WantEntry(name, 0, CANCEL) for name in names[:10])
    fresh = tuple(WantEntry(make_cid(b"new %d" % n), -9, 0) for n in range(10))
    bench.handle(WantReceived(A, fresh + gone))
    assert set(bench.server.waiting(A)) == {*names[10:], *(entry.cid for entry in fresh)}


def test_a_slow_line_gets_no_more_than_eight_mib(bench):
    bench.is_slow = True
    names = [bench.put(bytes([n]) * MIB) for n in range(12)]
    gives = bench.want(*names)
    assert sum(isinstance(give, SendGive) for give in gives) == 8
    bench.now += 10_000_000
    assert bench.handle(TimerExpired(TIMER)) == ()
    (give,) = bench.handle(GiveLeft(A, MIB))
    assert give.pending == 3 * MIB


def test_a_slow_line_holds_nobody_else_up(bench):
    bench.is_slow = True
    names = [bench.put(bytes([n]) * MIB) for n in range(12)]
    bench.want(*names)
    bench.now += 10_000_000
    assert bench.want(names[0], peer=B) == (give_of(bytes(MIB), peer=B),)


def test_a_report_about_a_stranger_is_ignored(bench):
    assert bench.handle(GiveLeft(A, MIB)) == ()


def test_what_was_sent_is_counted_per_peer(bench):
    bench.want(bench.put(SMALL))
    assert (bench.server.sent_bytes(A), bench.server.sent_bytes(B)) == (len(SMALL), 0)


def test_asking_who_has_it_does_not_take_back_the_want_of_the_block(bench):
    name = make_cid(LARGE)
    bench.want(name)
    bench.want(name, flags=HAVE)
    bench.put(LARGE)
    assert bench.handle(BlockStored(name)) == (give_of(LARGE),)


def test_access_that_ends_takes_a_block_out_of_pending(bench):
    bench.is_slow = True
    names = [bench.put(bytes([n]) * MIB) for n in range(12)]
    bench.want(*names)
    bench.denied.update((A, multihash_of(name)) for name in names[10:])
    bench.now += 10_000_000
    bench.handle(AccessChanged())
    gives = bench.handle(GiveLeft(A, 8 * MIB))
    assert [give.pending for give in gives] == [MIB, 0]


def test_every_want_is_judged_once_when_it_waits_and_twice_when_it_is_sent(bench):
    asked = []
    server = WantServer(bench.store, lambda _peer, mh, _now: asked.append(mh) is None)
    names = [bench.put(bytes([n]) * MIB) for n in range(5)]
    absent = [make_cid(b"nowhere %d" % n) for n in range(5)]
    entries = tuple(WantEntry(name, 1, 0) for name in (*names, *absent))
    server.handle(WantReceived(A, entries), 0)
    assert sorted(asked) == sorted(2 * [*map(multihash_of, names)] + [*map(multihash_of, absent)])


def test_unknown_flag_bits_are_ignored(bench):
    assert bench.want(bench.put(SMALL), flags=0xF8) == (give_of(SMALL),)
