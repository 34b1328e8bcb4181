"""What the storage section of a scenario makes of its nodes."""

from node.sim.repair_plans import repair_plan
from tests.sim.schema.texts import HEAD, scenario

ON = "storage: {repair: on, rf_min: 1, rf_max: 4, grace: 1m, live: 10m, challenge: 5m, scrub: 7m}\n"


def test_without_repair_there_is_no_plan():
    assert repair_plan(scenario(HEAD), "h0") is None
    assert repair_plan(scenario(HEAD + "storage: {repair: off, grace: 1m}\n"), "h0") is None


def test_a_plan_has_the_numbers_of_the_file():
    plan = repair_plan(scenario(HEAD + ON), "h0")
    assert plan is not None
    assert (plan.rf_min, plan.rf_max) == (1, 4)
    assert (plan.settings.grace_us, plan.settings.live_us) == (60_000_000, 600_000_000)
    assert (plan.challenge_us, plan.scrub_us) == (300_000_000, 420_000_000)


def test_each_node_draws_its_own_questions():
    found = [repair_plan(scenario(HEAD + ON), name) for name in ("h0", "h0", "h1")]
    one, again, other = (plan.entropy.take(8) for plan in found if plan is not None)
    assert one == again != other
