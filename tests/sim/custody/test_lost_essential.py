"""A wallet is lost, and guardian and hospital bring its records back."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "lost-essential"


def test_the_records_are_readable_again_and_the_old_keys_grant_nothing() -> None:
    played = shipped(NAME)
    assert_valid(played)
    assert "PatientUnknown" in played.why("step old-keys")


def test_without_a_guardian_nothing_comes_back() -> None:
    played = changed(
        NAME,
        ("{do: set_guardian, id: trust, patient: pat-1, guardian: gua-1, hospitals: [h1, h3]}",
         "{do: read_own, id: trust, patient: pat-1, record: visit}"),
    )  # fmt: skip
    assert played.results.verdict == "invalid"
    assert "NotGuardian" in played.why("step recovery")
    assert "step after" in played.failing


NO_LOSS = (
    "  - {do: essential_lost, id: loss, patient: pat-1, at: {after: before, delay: 1s}}\n",
    "",
)
START = "  - {do: recover_key, id: recovery,"
OBJECTION = (
    "  - {do: cancel_recovery, id: objection, at: {after: before, delay: 25s}, patient: pat-1}\n"
)


def test_the_old_key_stops_a_recovery_that_its_owner_did_not_want() -> None:
    early = f"{OBJECTION}{START} at: {{after: before, delay: 6s}},"
    played = changed(NAME, NO_LOSS, (START, early))
    assert played.step("objection").status == "ok"
    assert played.step("recovery").status == "revert"
    assert "Recovery" in played.why("step recovery")
