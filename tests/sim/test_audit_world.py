"""The step ``audit``: the rules on the world at that moment."""

import pytest

from node.sim.audit_world import AuditFindingsError, LiveWorld, audit_now
from tests.sim.small import ARRIVE, GRANT, outcome, played

STEPS = ARRIVE + GRANT + "\n  - {do: read_record, id: read, doctor: d1, pmr: visit}\n"


def test_a_world_that_is_whole_lets_the_step_end_well() -> None:
    run = played(STEPS + "  - {do: audit, id: look}\n", until="1m")
    ended = outcome(run, "look")
    assert (ended.status, ended.error) == ("ok", None)


def test_any_finding_refuses_the_step_and_says_the_first() -> None:
    run = played(STEPS, until="1m")
    world = run.world
    custody = world.disks["h0"].custody
    custody.delete_deal(custody.deals()[0])
    with pytest.raises(AuditFindingsError, match="at h0 is missing") as info:
        next(audit_now(world))
    assert info.value.findings >= 1


def test_a_head_that_left_the_others_is_found() -> None:
    run = played(ARRIVE, until="1m")
    source = LiveWorld(run.world)
    assert source.findings() == ()
    source.lag_blocks = -1
    assert [one.record for one in source.findings()] == ["head of h0", "head of h1"]
