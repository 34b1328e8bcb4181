"""Stores are lost up to the limit, and one more."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "lost-shares"


def test_two_of_four_lost_stores_lose_no_record_and_a_third_loses_it() -> None:
    played = shipped(NAME)
    assert_valid(played)
    assert played.step("own-with-one").status == "refused"


def test_one_store_more_at_once_and_nobody_reads() -> None:
    played = changed(
        NAME,
        ("id: shares, nodes: [h0, h1], of: custody", "id: shares, nodes: not(h4), of: custody"),
    )
    assert played.results.verdict == "invalid"
    assert {"step with-two", "step own-with-two"} <= set(played.failing)
