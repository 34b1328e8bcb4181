"""The end of a grant by final block time, and what own clocks would make of it."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "expiry-clock-skew"
OWN_CLOCKS = (
    "\nexpect:",
    (
        "\n  - {do: own_clock, id: own, custodians: [h4, h5], "
        "at: {after: given, delay: 100s}, by: -2m}\nexpect:"
    ),
)


def test_wrong_clocks_expose_nothing_by_the_time_of_final_blocks() -> None:
    played = shipped(NAME)
    assert_valid(played)
    assert played.metric("over_exposure_chain_s") == 0
    assert played.metric("over_exposure_clock_s") == 0


def test_custodians_that_trust_their_clocks_release_minutes_after_the_end() -> None:
    played = changed(NAME, OWN_CLOCKS)
    assert played.results.verdict == "invalid"
    assert "over_exposure" in played.failing
    assert "grant_window_respected" in played.failing
    assert played.metric("over_exposure_clock_s") >= 100
