"""Incidents of Besu that simulation.md section 18 lists: what each engine comes to, and why."""

from itertools import pairwise

import pytest

from tests.sim.incidents.played import cases, changed, incident

STALL, MEMBER = "stalled", "in_validator_set"
OUTCOMES = {
    "besu-6398-one-of-five-down": {},
    "besu-8425-dead-second-validator": {"qbft": [STALL], "clique": [STALL]},
    "besu-9870-epoch-drop-votes": {"qbft": [MEMBER], "clique": [MEMBER], "ibft1": [MEMBER]},
    "besu-11109-empty-period": {"qbft": [MEMBER], "ibft1": [MEMBER]},
}
"""Incident -> engine -> the predicates that do not hold there."""
QUICK = {"besu-8425-dead-second-validator"}


@pytest.mark.parametrize(("name", "engine", "failing"), cases(OUTCOMES, quick=QUICK))
def test_an_engine_keeps_and_breaks_what_it_is_expected_to(
    name: str, engine: str, failing: list[str]
) -> None:
    played = incident(name, engine)
    assert played.failing == failing, {one: played.why(one) for one in played.failing}
    assert played.results.verdict == ("invalid" if failing else "valid")
    assert played.results.verdict == played.run.scenario.verdicts[engine]


@pytest.mark.slow
def test_6398_each_turn_of_the_dead_proposer_costs_one_request_timeout() -> None:
    played = incident("besu-6398-one-of-five-down", "qbft")
    times = [played.header("h0", number).timestamp for number in range(5, 25)]
    gaps = [after - before for before, after in pairwise(times)]
    late = [index for index, gap in enumerate(gaps) if gap > 2]
    assert {gaps[index] for index in late} == {2 + 4}
    assert {after - before for before, after in pairwise(late)} == {4}


@pytest.mark.slow
def test_8425_the_set_grows_to_two_before_the_chain_stands() -> None:
    assert incident("besu-8425-dead-second-validator", "qbft").members("h0") == {"h0", "h1"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["qbft", "clique", "ibft1"])
def test_9870_with_longer_epochs_the_same_votes_suffice(engine: str) -> None:
    played = changed("besu-9870-epoch-drop-votes", engine, ("epoch: 4}", "epoch: 30}"))
    assert played.failing == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["qbft", "ibft1"])
def test_11109_the_votes_come_to_enough_a_minute_late(engine: str) -> None:
    played = incident("besu-11109-empty-period", engine)
    assert played.members("h0") == {"h0", "h1", "h2"}
    gaps = [
        played.header("h0", number + 1).timestamp - played.header("h0", number).timestamp
        for number in range(1, played.results.chain.height)
    ]
    assert set(gaps) == {20}


@pytest.mark.slow
def test_11109_the_contract_needs_no_votes() -> None:
    played = changed(
        "besu-11109-empty-period", "qbft", ("validators_from: header", "validators_from: contract")
    )
    assert played.failing == []
