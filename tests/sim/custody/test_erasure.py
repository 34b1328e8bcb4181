"""A record is erased, and a node that slept through it still has its part."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "erasure"


def test_after_an_erasure_nothing_is_left_to_open() -> None:
    played = shipped(NAME)
    assert_valid(played)
    erased = [one for one in played.run.world.history.as_dicts() if one["f"] == "custody.erased"]
    assert len(erased) == 4


def test_a_custodian_that_was_down_has_not_erased() -> None:
    played = changed(NAME, ("\nexpect:", "\n  - {do: crash, nodes: h4, at: {after: own}}\nexpect:"))
    assert played.results.verdict == "invalid"
    assert played.failing == ["erased"]
    assert "h4" in played.why("erased")


def test_a_custodian_that_was_down_erases_when_it_is_back() -> None:
    played = changed(
        NAME, ("\nexpect:", "\n  - {do: crash, nodes: h4, at: {after: own}, lasting: 12s}\nexpect:")
    )
    assert_valid(played)
