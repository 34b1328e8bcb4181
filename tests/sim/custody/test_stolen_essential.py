"""A stolen essential share is worth something until the epoch moves on."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "stolen-essential"


def test_after_the_refresh_a_stolen_essential_share_opens_nothing() -> None:
    played = shipped(NAME)
    assert_valid(played)
    assert played.step("thief-before").status == "ok"
    assert played.step("thief-after").status == "refused"


def test_with_undeleted_old_shares_it_still_opens_and_that_is_said() -> None:
    assert shipped(NAME).step("thief-of-all").status == "ok"


def test_without_the_refresh_the_thief_goes_on_opening() -> None:
    played = changed(
        NAME,
        ("{do: refresh_epoch, id: refresh, patient: pat-1}",
         "{do: read_own, id: refresh, patient: pat-1, record: visit}"),
    )  # fmt: skip
    assert played.results.verdict == "invalid"
    assert played.failing == ["step thief-after"]
    assert played.step("thief-after").status == "ok"
