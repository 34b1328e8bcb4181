import pytest

from node.base.limits import WANT_ENTRIES_COUNT_MAX
from node.base.types import Address, Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.errors import BadCidError, HashNotAllowedError
from node.ipfs_lite.events import (
    AccessChanged,
    BlockCorrupt,
    BlockStored,
    PeerGone,
    PeerJoined,
    ScheduleTimer,
    SendGive,
    TimerExpired,
    WantEntry,
    WantFlag,
    WantReceived,
)
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.wants import SMALL_BLOCK_BYTES_MAX, TIMER, WantServer
from tests.ipfs_lite.tampering import tamper

A, B = Address(b"a" * 20), Address(b"b" * 20)
SMALL, LARGE = b"small", bytes(SMALL_BLOCK_BYTES_MAX + 1)
HAVE, DONT, CANCEL = int(WantFlag.HAVE), int(WantFlag.DONT_HAVE), int(WantFlag.CANCEL)
MIB = 2**20


class Bench:
    """A server with a store and an access list that a test can change."""

    def __init__(self):
        self.store = MemoryStore()
        self.denied = set()
        self.server = WantServer(self.store, self.allowed)
        self.now = 1_700_000_000_000_000

    def allowed(self, peer, multihash):
        return (peer, multihash) not in self.denied

    def put(self, data):
        self.store.put(make_cid(data), data, BlockClass.SEALED)
        return make_cid(data)

    def want(self, *names, peer=A, flags=0, priority=1, full=False):
        entries = tuple(WantEntry(name, priority, flags) for name in names)
        return self.handle(WantReceived(peer, entries, full))

    def handle(self, event):
        return self.server.handle(event, self.now)


@pytest.fixture
def bench():
    return Bench()


def _give(*blocks, have=(), dont=(), pending=0, peer=A):
    sent = tuple((cids.prefix_of(make_cid(data)), data) for data in blocks)
    return SendGive(peer, sent, tuple(have), tuple(dont), pending)


def test_a_wanted_block_is_sent(bench):
    name = bench.put(SMALL)
    assert bench.want(name) == (_give(SMALL),)


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
    assert bench.want(name, flags=HAVE) == (_give(bytes(size)),)


def test_want_have_of_a_larger_block_gets_have(bench):
    name = bench.put(LARGE)
    assert bench.want(name, flags=HAVE) == (_give(have=[name]),)
    assert bench.server.waiting(A) == ()


def test_an_absent_block_is_met_with_silence(bench):
    assert bench.want(make_cid(SMALL)) == ()
    assert bench.server.waiting(A) == (make_cid(SMALL),)


def test_an_absent_block_gets_dont_have_if_asked_for(bench):
    name = make_cid(SMALL)
    assert bench.want(name, flags=DONT) == (_give(dont=[name]),)


def test_dont_have_is_said_once_per_question(bench):
    name = make_cid(SMALL)
    bench.want(name, flags=DONT)
    assert bench.handle(AccessChanged()) == ()
    assert bench.want(name, flags=DONT) == (_give(dont=[name]),)


def test_a_waiting_want_is_answered_when_the_block_arrives(bench):
    name = make_cid(SMALL)
    bench.want(name, flags=DONT)
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == (_give(SMALL),)


def test_a_block_stored_under_another_cid_answers_too(bench):
    name = make_cid(SMALL)
    bench.want(name)
    bench.put(SMALL)
    assert bench.handle(BlockStored(make_cid_v0(SMALL))) == (_give(SMALL),)


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
    server = WantServer(bench.store, lambda peer, mh: asked.append((peer, mh)) is not None)
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
    assert bench.handle(AccessChanged()) == (_give(SMALL),)


def test_access_is_judged_per_peer(bench):
    name = bench.put(SMALL)
    bench.denied.add((A, multihash_of(name)))
    assert bench.want(name, peer=A) == ()
    assert bench.want(name, peer=B) == (_give(SMALL, peer=B),)


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
    assert bench.want(name, flags=DONT) == (BlockCorrupt(name), _give(dont=[name]))


def test_a_healed_block_answers_the_waiting_want(bench):
    name = bench.put(SMALL)
    tamper(bench.store, name)
    bench.want(name)
    bench.put(SMALL)
    assert bench.handle(BlockStored(name)) == (_give(SMALL),)


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


def test_unknown_flag_bits_are_ignored(bench):
    assert bench.want(bench.put(SMALL), flags=0xF8) == (_give(SMALL),)
