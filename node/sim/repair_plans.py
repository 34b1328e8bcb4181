"""How the ``storage`` section of a scenario has its nodes repair."""

from node.app.repair_desk import RepairPlan
from node.base.rng import TreeEntropy
from node.ipfs_lite.repair import RepairSettings
from node.sim.schema.scenario import Scenario


def repair_plan(scenario: Scenario, node: str) -> RepairPlan | None:
    """Give the plan of a node; None: repair is off, and the node does nothing about it."""
    wanted = scenario.storage
    if wanted.repair == "off":
        return None
    return RepairPlan(
        entropy=TreeEntropy(scenario.run.seed, "node", node, "repair"),
        settings=RepairSettings(live_us=wanted.live_us, grace_us=wanted.grace_us),
        rf_min=wanted.rf_min,
        rf_max=wanted.rf_max,
        challenge_us=wanted.challenge_us,
        scrub_us=wanted.scrub_us,
    )
