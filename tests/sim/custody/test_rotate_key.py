"""A new generation of a record, and who reads it."""

from tests.sim.custody.played import assert_valid, changed, shipped

NAME = "rotate-key"
NO_REVOKE = (
    "{do: revoke, id: back, patient: pat-1, grant: given}",
    "{do: read_own, id: back, patient: pat-1, record: visit}",
)


def test_the_old_generation_is_gone_and_other_grants_go_on() -> None:
    played = shipped(NAME)
    assert_valid(played)
    assert len(played.run.book.generations("visit")) == 2


def test_a_grant_that_is_left_out_of_the_rotation_has_no_deposit() -> None:
    played = changed(NAME, NO_REVOKE, ("error: REVOKED", "error: NO_DEPOSIT"))
    assert_valid(played)


def test_a_rotation_alone_takes_nothing_from_a_grant_that_stands() -> None:
    played = changed(NAME, NO_REVOKE, (", without: given", ""))
    assert played.results.verdict == "invalid"
    assert played.failing == ["step read-revoked"]
    assert played.step("read-revoked").status == "ok"
