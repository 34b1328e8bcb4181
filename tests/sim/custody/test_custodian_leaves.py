"""A hospital leaves, another takes its place and the old share is worth nothing."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "custodian-leaves"


def test_the_newcomers_share_counts_and_the_leavers_does_not() -> None:
    assert_valid(shipped(NAME))


def test_without_the_refresh_the_leavers_share_still_opens() -> None:
    """Both hold a share of the same index: a repair takes nothing away."""
    played = changed(
        NAME,
        (
            "{do: refresh_epoch, id: refresh, at: {after: handover, delay: 30s}, patient: pat-1,",
            "{do: read_own, id: refresh, at: {after: handover, delay: 30s}, patient: pat-1,",
        ),
    )
    assert played.results.verdict == "invalid"
    assert "step with-leaver" in played.failing
    assert played.step("with-leaver").status == "ok"
