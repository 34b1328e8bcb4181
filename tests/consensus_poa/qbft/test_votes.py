from node.base.types import Address
from node.consensus_poa.qbft.header import Vote
from node.consensus_poa.qbft.votes import Tally

A, B, C, D, E, F = (Address(bytes([i]) * 20) for i in range(1, 7))


def cast(tally: Tally, *votes: tuple[Address, Address, bool]) -> Tally:
    for voter, subject, is_add in votes:
        tally = tally.after(voter, Vote(subject, is_add), is_epoch=False)
    return tally


def test_more_than_half_admit() -> None:
    tally = cast(Tally((A, B, C, D)), (A, E, True), (B, E, True))
    assert tally.validators == (A, B, C, D)
    tally = cast(tally, (C, E, True))
    assert tally == Tally((A, B, C, D, E))


def test_a_voter_counts_once_and_a_new_vote_moves_it() -> None:
    tally = cast(Tally((A, B, C)), (A, E, True), (A, E, True), (A, E, False))
    assert tally.admits == ()
    assert tally.drops == ((E, (A,)),)


def test_removal_ends_the_votes_about_and_by_the_removed() -> None:
    tally = cast(Tally((A, B, C)), (C, E, True), (C, A, False), (A, C, False), (B, C, False))
    assert tally == Tally((A, B))


def test_after_a_shrink_an_old_vote_is_enacted_when_its_subject_is_touched() -> None:
    tally = cast(Tally((A, B, C, D)), (A, E, True), (B, E, True))
    tally = cast(tally, (A, D, False), (B, D, False), (C, D, False))
    assert tally.validators == (A, B, C)
    assert cast(tally, (A, E, True)).validators == (A, B, C, E)


def test_an_epoch_clears_both_kinds_of_votes_and_ignores_its_own() -> None:
    tally = cast(Tally((A, B, C)), (A, E, True), (A, B, False))
    assert tally.after(B, Vote(E, is_add=True), is_epoch=True) == Tally((A, B, C))


def test_pointless_votes_count_and_end_without_effect() -> None:
    tally = cast(Tally((A, B, C)), (A, B, True))
    assert tally.admits == ((B, (A,)),)
    assert cast(tally, (C, B, True)) == Tally((A, B, C))
    assert cast(Tally((A, B, C)), (A, F, False), (B, F, False)) == Tally((A, B, C))


def test_a_block_without_vote_changes_nothing() -> None:
    tally = Tally((A, B))
    assert tally.after(A, None, is_epoch=False) is tally
