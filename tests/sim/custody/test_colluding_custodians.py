"""What custodians can do together."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "colluding-custodians"


def test_custodians_open_nothing_without_the_patients_share_nor_too_few_with_it() -> None:
    assert_valid(shipped(NAME))


def test_a_sharing_that_needs_one_custodian_falls_to_one() -> None:
    played = changed(NAME, ("{t: 3, n: 6}", "{t: 2, n: 6}"))
    assert played.results.verdict == "invalid"
    assert played.failing == ["step one-with-e"]
