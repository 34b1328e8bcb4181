"""Whom a fetch asks: splitting, helping out, giving up, and what a claim demands."""

from time import process_time

import pytest

from node.ipfs_lite.blocks import Batch, Block, BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.events import (
    BlockFetched,
    FetchCancelled,
    FetchFailed,
    FetchFinished,
    PeerGone,
    PeerJoined,
    TimerExpired,
)
from tests.ipfs_lite.client import Core, sent
from tests.ipfs_lite.network import address

A, B, C, D = map(address, range(1, 5))
DATA = b"a block of a scan"
NAME = make_cid(DATA)
BLOCK, HAVE, CANCEL = 4, 6, 1
MIB = 2**20


def _many(count):
    return [b"%d" % number for number in range(count)]


def _names(blocks):
    return [make_cid(block) for block in blocks]


def _outstanding(core, peer):
    return len(core.client._asker.peers[peer].outstanding)


# -- the first questions


def test_the_first_two_holders_are_asked_for_the_root_and_the_others_whether_they_have_it():
    core = Core(A, B, C, D)
    asked = sent(core.start(NAME, holders=[C, A, B]))
    assert sorted(asked) == [(A, NAME, BLOCK), (B, NAME, HAVE), (C, NAME, BLOCK)]


def test_a_holder_that_is_away_does_not_count_among_the_first_two():
    core = Core(B, C)
    assert sorted(sent(core.start(NAME, holders=[A, B, C]))) == [
        (B, NAME, BLOCK),
        (C, NAME, BLOCK),
    ]


def test_a_holder_that_joins_is_asked_for_blocks():
    core = Core()
    core.start(NAME, holders=[A])
    assert (A, NAME, BLOCK) in sent(core.handle(PeerJoined(A)))


def test_who_says_have_is_asked_for_other_blocks_too():
    core = Core(A, B)
    blocks = _many(9)
    core.start(*_names(blocks), holders=[A])
    core.now = 250_000
    (asked, *_) = sent(core.handle(TimerExpired("fetch")))
    assert asked[0::2] == (B, HAVE)
    assert len(sent(core.give(B, have=[asked[1]]))) >= 1
    assert _outstanding(core, B) >= 1


def test_who_offers_a_block_gets_the_question_for_it_first():
    core = Core(A, B)
    names = _names(_many(20))
    core.start(*names, holders=[A])
    core.handle(PeerGone(A))
    core.give(B, have=[names[7]])
    assert next(iter(core.client._asker.peers[B].outstanding)) == names[7]


# -- splitting


def test_the_faster_peer_gets_more_blocks():
    core = Core(A, B)
    blocks = _many(200)
    core.start(*_names(blocks), holders=[A, B])
    core.now = 10_000
    core.give(A, blocks[0])
    core.now = 90_000
    core.give(B, blocks[1])
    for number in range(20):
        peer = (A, A, A, B)[number % 4]
        core.now += 10_000
        name = next(iter(core.client._asker.peers[peer].outstanding))
        core.give(peer, blocks[_names(blocks).index(name)])
    assert _outstanding(core, A) > _outstanding(core, B)


def test_large_blocks_keep_the_window_at_eight_mib():
    core = Core(A)
    blocks = [bytes((number,)) * MIB for number in range(30)]
    core.start(*_names(blocks), holders=[A])
    for block in blocks[:16]:
        core.give(A, block)
    assert _outstanding(core, A) == 8


def test_blocks_of_two_mib_halve_it():
    core = Core(A)
    blocks = [bytes((number,)) * (2 * MIB) for number in range(60)]
    core.start(*_names(blocks), holders=[A])
    for block in blocks[:40]:
        core.give(A, block)
    assert _outstanding(core, A) <= 5


def test_two_sessions_share_the_window_of_a_peer():
    core = Core(A)
    first, second = _many(100), [b"second %d" % number for number in range(100)]
    core.start(*_names(first), holders=[A], session=1)
    core.start(*_names(second), holders=[A], session=2)
    for block in first[:8]:
        core.give(A, block)
    asked = core.client._asker.peers[A].outstanding
    assert 4 <= sum(name in asked for name in _names(second)) <= 12


# -- the end game


def test_a_peer_with_nothing_to_do_is_asked_for_what_is_due_last_elsewhere():
    core = Core(A, B)
    blocks = _many(4)
    core.start(*_names(blocks), holders=[A, B])
    of_b = [name for name in _names(blocks) if name in core.client._asker.peers[B].outstanding]
    of_a = [name for name in _names(blocks) if name not in of_b]
    asked = []
    for name in of_b:
        asked += sent(core.give(B, blocks[_names(blocks).index(name)]))
    assert asked == [(B, of_a[-1], BLOCK)]


def test_the_second_copy_of_the_end_game_is_no_lie():
    core = Core(A, B)
    core.start(NAME, holders=[A, B])
    core.give(A, DATA)
    assert core.give(B, DATA) == ()


# -- giving up


def test_sixteen_refusals_in_a_row_end_a_source():
    core = Core(A)
    names = _names(_many(100))
    core.start(*names, holders=[A])
    asked = 0
    while _outstanding(core, A):
        asked += 1
        core.give(A, dont=[next(iter(core.client._asker.peers[A].outstanding))])
    assert 16 <= asked <= 16 + 8


def test_a_block_between_refusals_starts_the_count_again():
    core = Core(A)
    blocks = _many(200)
    core.start(*_names(blocks), holders=[A])
    for number in range(60):
        name = next(iter(core.client._asker.peers[A].outstanding))
        if number % 10 == 9:
            core.give(A, blocks[_names(blocks).index(name)])
        else:
            core.give(A, dont=[name])
    assert _outstanding(core, A) >= 8


def test_at_most_two_peers_are_to_send_a_block_at_a_time():
    core = Core(A, B, C)
    core.start(NAME, holders=[A, B])
    core.now = 250_000
    core.handle(TimerExpired("fetch"))
    assert sent(core.give(C, have=[NAME])) == []


def test_a_cancel_goes_to_everybody_asked_on_failure_too():
    core = Core(A, B)
    core.start(NAME, holders=[A], patience_us=100_000)
    core.now = 100_000
    effects = core.handle(TimerExpired("fetch"))
    assert isinstance(effects[0], FetchFailed)
    assert sent(effects) == [(A, NAME, CANCEL)]


def test_a_fetch_ends_at_its_deadline_although_blocks_come():
    core = Core(A)
    blocks = _many(3)
    core.start(*_names(blocks), holders=[A], deadline_us=500_000)
    core.now = 400_000
    core.give(A, blocks[0])
    core.now = 500_000
    (failed, *_) = core.handle(TimerExpired("fetch"))
    assert failed == FetchFailed(1, tuple(_names(blocks)[1:]), (A,), "not whole by its deadline")


@pytest.mark.parametrize("count", [2, 3])
def test_a_selection_of_more_blocks_than_allowed_ends(count):
    core = Core(A)
    effects = core.start(*_names(_many(count)), holders=[A], blocks_max=2)
    assert any(isinstance(effect, FetchFailed) for effect in effects) == (count > 2)


# -- claims


def test_an_ingest_asks_its_holders_and_nobody_else():
    core = Core(A, B)
    core.start(NAME, holders=[A], claim=NAME)
    for second in (1, 11, 21):
        core.now = second * 1_000_000
        assert {peer for peer, _, _ in sent(core.handle(TimerExpired("fetch")))} <= {A}
    assert sent(core.handle(PeerJoined(C))) == []


def test_an_ingest_takes_no_block_from_somebody_else():
    """B was asked for the same block by another fetch of this node: what it gives is no claim."""
    core = Core(A, B)
    core.start(NAME, holders=[A], claim=NAME, session=1)
    core.start(NAME, holders=[B], session=2)
    effects = core.give(B, DATA)
    assert BlockFetched(2, NAME, DATA, B) in effects
    assert FetchFinished(2) in effects
    assert not any(isinstance(one, BlockFetched) and one.session == 1 for one in effects)
    assert BlockFetched(1, NAME, DATA, A) in core.give(A, DATA)


def test_what_an_ingest_gets_is_good_for_any_fetch():
    core = Core(A, B)
    core.start(NAME, holders=[A], claim=NAME, session=1)
    core.start(NAME, holders=[B], session=2)
    effects = core.give(A, DATA)
    assert {one.session for one in effects if isinstance(one, BlockFetched)} == {1, 2}
    assert (B, NAME, CANCEL) in sent(effects)


def test_an_ingest_fetches_what_is_here_for_another_root():
    core = Core(A)
    core.store.put(NAME, DATA, BlockClass.SEALED)
    assert sent(core.start(NAME, holders=[A], claim=NAME)) == [(A, NAME, BLOCK)]


def test_an_ingest_that_goes_on_skips_what_its_own_root_claims():
    core = Core(A)
    batch = Batch((Block(NAME, DATA),), claim=make_cid(b"root"))
    core.store.commit(batch)
    assert core.start(NAME, holders=[A], claim=make_cid(b"root")) == (FetchFinished(1),)


def test_cancelling_the_open_fetch_leaves_the_ingest_its_question():
    core = Core(A, B)
    core.start(NAME, holders=[A], claim=NAME, session=1)
    core.start(NAME, holders=[B], session=2)
    core.handle(FetchCancelled(2))
    assert BlockFetched(1, NAME, DATA, A) in core.give(A, DATA)


def _cost_of_a_message(missing):
    """Give the CPU seconds of a message that says nothing, while so many blocks have no source."""
    core = Core(A)
    core.start(*_names(_many(missing)))
    costs = []
    for _ in range(20):
        began = process_time()
        core.give(A)
        costs.append(process_time() - began)
    return min(costs)


def test_a_message_costs_the_same_however_much_is_missing():
    assert _cost_of_a_message(40_000) < 8 * _cost_of_a_message(400)
