"""The engine that a scenario names, with the options of its ``chain`` section."""

from node.sim.engine_plans import engine_plan
from node.sim.loader import load


def plan_of(chain: str):
    return engine_plan(load(f"wardnet: 1\nname: plan\nchain: {{{chain}}}\n", "plan.yaml"))


def test_clique_has_the_options_of_the_file() -> None:
    plan = plan_of("consensus: clique, period: 1s, epoch: 30")
    assert (plan.name, plan.period_s) == ("clique", 1)
    assert plan.settings == {"period": 1, "epoch": 30}
