import pytest

from node.sim.checkers.consensus_tallies import Tally, emptied, voted

A, B, C, D, E = (bytes([n]) * 20 for n in range(5))


def count(members, *votes, keep_pointless=True):
    tally = Tally(members)
    for vote in votes:
        tally = voted(tally, vote, keep_pointless=keep_pointless)
    return tally


@pytest.mark.parametrize(("voters", "added"), [((A, B), False), ((A, B, C), True)])
def test_more_than_half_of_the_set_adds(voters, added):
    found = count((A, B, C, D), *((voter, E, True) for voter in voters))
    assert (E in found.members) is added


def test_a_new_vote_moves_the_voter():
    found = count((A, B, C), (A, D, True), (A, D, False), (B, D, True))
    assert found.members == (A, B, C)


def test_on_removal_the_votes_by_the_removed_go_too():
    found = count((A, B, C), (C, D, True), (A, C, False), (B, C, False))
    assert found == Tally((A, B))


def test_pointless_votes_count_in_qbft_and_not_in_ibft1():
    votes = ((A, B, True),)
    assert count((A, B, C), *votes).votes == votes
    assert count((A, B, C), *votes, keep_pointless=False).votes == ()


def test_an_epoch_clears_votes_for_and_against():
    found = emptied(count((A, B, C), (A, D, True), (A, C, False)))
    assert found == Tally((A, B, C))
