"""The rows of ``bench records``: what is counted, and what is held against a target."""

import pytest

from node.bench import records
from node.bench.records import measure, registration_rows, slowness, visit_rows
from node.bench.records_registry import Registered
from node.bench.records_visits import Visited


def visited(executor="revm", cpu_s=2.0, ledger_cpu_s=0.1, root="aa"):
    return Visited(
        executor=executor,
        visits=40,
        transactions=360,
        blocks=9,
        cpu_s=cpu_s,
        ledger_cpu_s=ledger_cpu_s,
        state_root=root,
    )


def by_name(rows):
    return {row["name"].split(", ", 1)[1]: row for row in rows}


def test_visits_are_held_against_their_target_with_four_validators_and_as_whole_flows():
    rows = by_name(visit_rows([visited()]))
    on_all = rows["visits, 4 validators that execute all"]
    assert (on_all["figure"], on_all["target"], on_all["is_met"]) == (100, ">= 60", True)
    whole = rows["visits, whole flows with custody and frames"]
    assert (whole["figure"], whole["is_met"]) == (20, False)
    assert rows["transactions of a visit"]["figure"] == 9
    assert rows["transactions, one ledger"]["figure"] == 3_600


def test_the_best_run_counts():
    rows = by_name(visit_rows([visited(cpu_s=4.0), visited(cpu_s=1.0), visited(cpu_s=2.0)]))
    assert rows["visits, whole flows with custody and frames"]["figure"] == 40


@pytest.mark.parametrize(("last_us", "is_met"), [(1_300.0, True), (1_301.0, False)])
def test_the_last_registration_stands_beside_the_first(last_us, is_met):
    rows = by_name(
        registration_rows([Registered(executor="revm", first_us=1_000.0, last_us=last_us)], 50_000)
    )
    assert rows["registration, last beside first"]["is_met"] is is_met


def test_executors_that_come_to_different_states_fail_the_run(monkeypatch):
    monkeypatch.setattr(records, "run_visits", lambda name, _visits: visited(name, root=name))
    found = measure(("visits",), 40, 2_000, 1, lambda _sentence: None)
    assert found["exit_code"] == 1
    assert found["disagreements"]


def test_both_groups_are_one_document(monkeypatch):
    monkeypatch.setattr(records, "run_visits", lambda name, _visits: visited(name))
    one = Registered(executor="revm", first_us=1.0, last_us=1.0)
    monkeypatch.setattr(records, "run_registrations", lambda _count, _tell: (one,))
    told = []
    found = measure(records.GROUPS, 40, 2_000, 2, told.append)
    assert (found["exit_code"], found["bench"]) == (0, "records")
    assert len(found["rows"]) == 13
    assert len(told) == 4


def test_slowness_is_above_nothing():
    assert slowness() > 0
