"""Steps of devices in a run, and the shipped scenario with mistakes put in."""

import pytest

from node.base.rng import TreeEntropy
from node.contracts.bindings.iomt_registry import AlertRaised, ReadingsFiled
from node.privacy.readings import SALT_BYTES
from node.sim.iomt_flows import reading_canaries
from node.sim.summary import report_data
from node.workflows.iomt import FiledReadings
from tests.sim.custody.played import Played, assert_valid, changed, shipped

NAME = "iomt-monitoring"


@pytest.fixture(scope="module")
def played() -> Played:
    return shipped(NAME)


def ledger_events(played: Played, kind):
    world = played.run.world
    ledger = next(iter(world.nodes.values())).ledger
    for number in range(ledger.head.number + 1):
        for receipt in ledger.receipts(ledger.hash_by_number(number)):
            for log in receipt.logs:
                event = world.cast.ward.contracts.decode_log(log.address, log.topics, log.data)
                if isinstance(event, kind):
                    yield event


def test_the_shipped_scenario_is_valid(played: Played) -> None:
    assert_valid(played)


def test_the_planted_anomaly_raises_the_only_alert(played: Played) -> None:
    (alert,) = ledger_events(played, AlertRaised)
    noon = played.run.book.record("noon")
    assert isinstance(noon, FiledReadings)
    assert alert.batch_id == noon.batch_id
    assert alert.sequence == noon.batch.first_sequence + 11
    assert alert.reason.rstrip(b"\0") == b"ABOVE_BASELINE"


def test_batches_follow_each_other_whoever_wears_the_device(played: Played) -> None:
    filed = list(ledger_events(played, ReadingsFiled))
    assert [(one.first_sequence, one.count) for one in filed] == [(0, 24), (24, 3), (27, 12),
                                                                  (39, 2)]  # fmt: skip


def test_batches_are_told_apart_in_the_report(played: Played) -> None:
    run = played.run
    told = report_data(run.world, run.book, run.schedule.outcomes, file="x.yaml", repeat="x")
    kinds = {one["record"]: one["kind"] for one in told["records"]}
    assert kinds["visit"] == "entry"
    assert kinds["noon"] == "readings"


def test_salts_are_searched_for(played: Played) -> None:
    words = reading_canaries(played.run.world.scenario)
    noon = played.run.book.record("noon")
    assert isinstance(noon, FiledReadings)
    salt = noon.batch.readings[0].salt
    assert salt in words
    assert salt.hex().encode() in words
    drawn = TreeEntropy(played.run.world.scenario.run.seed, "step", "noon").take(SALT_BYTES)
    assert salt == drawn


def test_a_calm_noon_makes_the_scenario_invalid() -> None:
    played = changed(NAME, (", anomaly: true", ""))
    assert played.results.verdict == "invalid"
    assert played.run.schedule.outcomes["alert"].error == "NothingUnusualError"


def test_nobody_takes_off_what_nobody_wears() -> None:
    taken = "\nexpect:"
    again = "\n  - {do: unbind_device, id: naked, device: other, by: patient, expect: any}"
    played = changed(
        NAME,
        (
            taken,
            "\n  - {do: unbind_device, device: other}" + again + taken,
        ),
    )
    assert "nobody wears other" in played.run.schedule.outcomes["naked"].why
