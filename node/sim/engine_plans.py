"""The engine of a scenario, with the options that its ``chain`` section gives."""

from node.app.engines import EnginePlan, aura_plan, clique_plan, ibft1_plan, qbft_plan
from node.base.types import MICROS_PER_SECOND
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.qbft.options import QbftOptions
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
    empty_us = chain.empty_period_us
    empty_s = None if empty_us is None else max(period_s, empty_us // MICROS_PER_SECOND)
    if chain.consensus == "qbft":
        return qbft_plan(
            QbftOptions(
                period=period_s,
                empty_period=empty_s,
                request_timeout_us=chain.request_timeout_us,
                round_timeout_cap_us=chain.options.round_timeout_cap_us,
                early_round_change=chain.early_round_change,
                validators_from=chain.validators_from,
                epoch=chain.epoch,
                relays=False,
            )
        )
    if chain.consensus == "ibft1":
        return ibft1_plan(
            Ibft1Options(
                epoch=chain.epoch,
                period=period_s,
                empty_period=empty_s,
                request_timeout_us=chain.request_timeout_us,
                quorum=chain.options.quorum,
                lock="on" if chain.options.lock else "off",
                old_rounds=chain.options.old_rounds,
                strict_seals=chain.options.strict_seals,
                relays=False,
            )
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
