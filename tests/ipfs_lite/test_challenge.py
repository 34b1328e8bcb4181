from collections import Counter
from itertools import pairwise

import pytest

from node.base.limits import CHALLENGES_COUNT_MAX
from node.base.rng import TreeEntropy
from node.ipfs_lite.challenge import (
    ANSWER_US_MAX,
    INTERVAL_US,
    TIMER,
    AskPeer,
    ChallengeAnswered,
    Challenger,
)
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.events import PeerGone, PeerJoined, ScheduleTimer, TimerExpired
from node.ipfs_lite.repair_events import CopyMissed, CopyProven, NothingToProve
from tests.ipfs_lite.repair_network import address

_PEER = address(1)
_BLOCKS = [make_cid(b"%d" % number) for number in range(50)]


def _challenger(blocks=_BLOCKS, seed=1):
    return Challenger(lambda peer: blocks, TreeEntropy(seed, "challenge"))


def _asked(effects):
    return [effect for effect in effects if isinstance(effect, AskPeer)]


def _ask_for(*, whole):
    """Go on until a question of that kind comes up."""
    challenger, now = _challenger(), 0
    effects = challenger.handle(PeerJoined(_PEER), now)
    while True:
        for one in _asked(effects):
            if one.whole is whole:
                return challenger, one, now
        (timer,) = [effect for effect in effects if isinstance(effect, ScheduleTimer)]
        now = timer.at_us
        effects = challenger.handle(TimerExpired(TIMER), now)


def test_the_interval_may_be_another_one():
    challenger = Challenger(lambda _peer: _BLOCKS, TreeEntropy(1, "challenge"), 1_000)
    (timer,) = [
        effect
        for effect in challenger.handle(PeerJoined(_PEER), 0)
        if isinstance(effect, ScheduleTimer)
    ]
    assert 500 <= timer.at_us < 1_500


def test_a_peer_is_asked_at_once_and_then_about_every_hour():
    challenger, now, asked_at = _challenger(), 0, []
    effects = challenger.handle(PeerJoined(_PEER), now)
    while len(asked_at) < 50:
        assert 1 <= len(_asked(effects)) <= CHALLENGES_COUNT_MAX
        asked_at.append(now)
        (timer,) = [effect for effect in effects if isinstance(effect, ScheduleTimer)]
        now = timer.at_us
        effects = challenger.handle(TimerExpired(TIMER), now)
    gaps = [later - at for at, later in pairwise(asked_at)]
    assert min(gaps) >= INTERVAL_US // 2
    assert max(gaps) < INTERVAL_US * 3 // 2
    assert 0.8 < sum(gaps) / len(gaps) / INTERVAL_US < 1.2


def test_every_block_is_asked_for_sooner_or_later_and_one_in_64_whole():
    challenger, now, seen, whole = _challenger(), 0, Counter(), 0
    effects = challenger.handle(PeerJoined(_PEER), now)
    for _ in range(1_000):
        for one in _asked(effects):
            seen[one.cid] += 1
            whole += one.whole
        (timer,) = [effect for effect in effects if isinstance(effect, ScheduleTimer)]
        now = timer.at_us
        effects = challenger.handle(TimerExpired(TIMER), now)
    assert set(seen) == set(_BLOCKS)
    assert 1 / 128 < whole / sum(seen.values()) < 1 / 32


def test_a_have_proves_and_a_no_denies():
    for has_it, kind in ((True, CopyProven), (False, CopyMissed)):
        challenger, asked, now = _ask_for(whole=False)
        effects = challenger.handle(ChallengeAnswered(_PEER, asked.cid, has_it), now + 1)
        assert kind(_PEER, asked.cid) in effects


def test_the_word_have_is_no_answer_where_the_block_was_wanted():
    challenger, asked, now = _ask_for(whole=True)
    said = challenger.handle(ChallengeAnswered(_PEER, asked.cid, has_it=True), now + 1)
    assert CopyProven(_PEER, asked.cid) not in said
    challenger, asked, now = _ask_for(whole=True)
    came = challenger.handle(
        ChallengeAnswered(_PEER, asked.cid, has_it=True, is_whole=True), now + 1
    )
    assert CopyProven(_PEER, asked.cid) in came


@pytest.mark.parametrize(("peer", "late"), [(address(2), 1), (_PEER, ANSWER_US_MAX + 1)])
def test_an_answer_of_another_peer_or_a_late_one_says_nothing(peer, late):
    challenger, asked, now = _ask_for(whole=False)
    effects = challenger.handle(ChallengeAnswered(peer, asked.cid, has_it=True), now + late)
    assert not any(isinstance(effect, CopyProven) for effect in effects)


def test_an_answer_counts_once():
    challenger, asked, now = _ask_for(whole=False)
    answer = ChallengeAnswered(_PEER, asked.cid, has_it=True)
    assert CopyProven(_PEER, asked.cid) in challenger.handle(answer, now + 1)
    assert CopyProven(_PEER, asked.cid) not in challenger.handle(answer, now + 2)


def test_who_is_gone_is_not_asked():
    challenger = _challenger()
    challenger.handle(PeerJoined(_PEER), 0)
    assert challenger.handle(PeerGone(_PEER), 1) == ()
    assert _asked(challenger.handle(TimerExpired(TIMER), 10 * INTERVAL_US)) == []


def test_a_peer_without_an_assignment_is_asked_nothing_and_lives():
    effects = _challenger(blocks=[]).handle(PeerJoined(_PEER), 0)
    assert _asked(effects) == []
    assert NothingToProve(_PEER) in effects


def test_the_same_entropy_asks_the_same():
    assert _challenger().handle(PeerJoined(_PEER), 0) == _challenger().handle(PeerJoined(_PEER), 0)
    other = _challenger(seed=2).handle(PeerJoined(_PEER), 0)
    assert _challenger().handle(PeerJoined(_PEER), 0) != other
