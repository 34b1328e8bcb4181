"""The engine of a scenario, with the options that its ``chain`` section gives."""

from node.app.engines import EnginePlan, aura_plan, clique_plan
from node.base.types import MICROS_PER_SECOND
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique.options import CliqueOptions
from node.sim.schema.scenario import Scenario


def engine_plan(scenario: Scenario) -> EnginePlan:
    """Give the plan of the engine that the scenario names.

    raises        ConfigError: an option of the engine is unknown or cannot be.
    """
    chain = scenario.chain
    period_s = chain.period_us // MICROS_PER_SECOND
    if chain.consensus == "aura":
        options = chain.options
        return aura_plan(
            AuraOptions(step_durations=((0, period_s),), two_thirds=options.two_thirds)
        )
    return clique_plan(
        CliqueOptions(
            epoch=chain.epoch,
            period=period_s,
            fork_choice=chain.fork_choice,
            wiggle=chain.options.wiggle,
            out_of_turn_min_delay_us=chain.options.out_of_turn_min_delay_us,
        )
    )
