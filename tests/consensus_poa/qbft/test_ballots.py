from node.consensus_poa.qbft.ballots import Ballots, RoundChanges
from tests.consensus_poa.qbft.solo import Solo, opened

SOLO = Solo()
DIGEST = SOLO.digest(SOLO.block())


def change(author: int, round_: int):
    return opened(SOLO.change(author, round_))


def test_votes_are_counted_by_round_and_value() -> None:
    ballots = Ballots()
    for author in (2, 0, 1):
        ballots.add(opened(SOLO.prepare(author, DIGEST)))
    ballots.add(opened(SOLO.prepare(3, SOLO.digest(SOLO.block(), 7))))
    assert ballots.count(0, DIGEST) == 3
    assert [v.author for v in ballots.of(0, DIGEST)] == [k.address for k in SOLO.keys[:3]]
    assert ballots.count(1, DIGEST) == 0
    assert len(list(ballots)) == 4
    assert ballots.add(opened(SOLO.prepare(3, DIGEST))) == 0  # its first vote stands
    assert ballots.count(0, DIGEST) == 3
    ballots.drop_below(1)
    assert ballots.count(0, DIGEST) == 0
    assert ballots.first(0, SOLO.keys[0].address) is None


def test_of_one_author_the_window_and_the_highest_round_are_kept() -> None:
    changes = RoundChanges()
    for round_ in range(1, 1001):
        changes.add(change(0, round_), 0)
    assert sorted(changes.by_round) == [1, 2, 3, 4, 5, 6, 7, 8, 1000]
    changes.add(change(0, 500), 0)
    assert 500 not in changes.by_round
    assert changes.highest == {SOLO.keys[0].address: 1000}


def test_the_round_of_a_quorum_is_the_highest_one() -> None:
    changes = RoundChanges()
    for round_ in (2, 3):
        for author in range(3):
            changes.add(change(author, round_), 0)
    assert changes.round_of(3, 1) == 3
    assert changes.round_of(4, 1) is None
    assert changes.round_of(3, 4) is None
    assert sorted(changes.above(2)) == [3, 3, 3]
    changes.drop_below(4)
    assert list(changes) == []
