import pytest

from node.report.data import ReportData
from node.sim.expectations import Finding, Terms
from node.sim.history import History
from node.sim.loader import resolve
from node.sim.runner import _Run
from node.sim.schedule import StepOutcome
from node.sim.schema.settings import ENGINES
from node.sim.summary import expectation_results, report_data, step_results
from tests.sim.small import ARRIVE, GRANT, SCAN, outcome, played, scenario

STEPS = (
    ARRIVE
    + SCAN
    + GRANT
    + """
  - {do: consult, id: same-day, doctor: d0, patient: p0}
  - {do: grant, id: second, patient: p0, doctor: d1, pmr: visit, for: 1h}
  - {do: register_patient, patient: p1}
  - {do: consult, id: other, doctor: d1, patient: p1}
  - {do: grant, id: first-of-p1, patient: p1, doctor: d0, pmr: other, for: 1h}
  - {do: read_record, id: read, doctor: d1, pmr: visit}
  - {do: revoke, id: revoked, patient: p0, grant: second}
  - {do: read_record, id: refused, doctor: d1, pmr: visit, expect: any}
"""
)


@pytest.fixture(scope="module")
def run():
    return played(STEPS, "  - {always: heads_agree}", until="3m")


@pytest.fixture(scope="module")
def data(run) -> ReportData:
    given = run.world, run.book, run.schedule.outcomes
    return report_data(*given, file="small.yaml", repeat="python3 cli.py run small.yaml --seed 7")


@pytest.fixture(scope="module")
def results(run) -> dict:
    return run.results({}).as_dict()


def test_every_step_has_a_line_with_its_time_and_gas(run, results: dict) -> None:
    assert [one["name"] for one in results["steps"]] == [one.id for one in run.scenario.steps]
    visit = next(one for one in results["steps"] if one["name"] == "visit")
    ended = outcome(run, "visit")
    assert visit["virtual_ms"] == (ended.ended_us - ended.started_us) // 1_000
    assert visit["gas"] == sum(one.gas_used for one in ended.transactions) > 100_000
    assert (visit["action"], visit["status"]) == ("consult", "ok")


def test_a_step_without_an_outcome_is_skipped_and_undecided() -> None:
    steps = scenario(ARRIVE).steps
    assert {one.status for one in step_results(steps, {})} == {"skipped"}
    judged = expectation_results((), steps, {}, History())
    assert [(one.holds, one.first_event) for one in judged] == [(None, None)] * len(steps)
    assert judged[0].why == "ended with skipped"


def ended(step, status: str, error: str | None, why: str = "") -> dict[str, StepOutcome]:
    return {step.id: StepOutcome(step, status, error, why, 0, 5_000, 7, (), 3)}


@pytest.mark.parametrize(
    ("status", "error", "expect", "named", "holds"),
    [
        ("ok", None, "ok", None, True),
        ("revert", "DateTooFar", "ok", None, False),
        ("revert", "DateTooFar", "revert", None, True),
        ("revert", "DateTooFar", "revert", "DateTooFar", True),
        ("revert", "DateTooFar", "revert", "InvalidDate", False),
        ("refused", "EXPIRED", "revert", "EXPIRED", False),
        ("timeout", None, "timeout", None, True),
        ("timeout", None, "any", None, True),
        ("skipped", "StepNotReadyError", "any", None, None),
    ],
)
def test_a_step_is_held_against_what_its_file_expects(status, error, expect, named, holds) -> None:
    extra = f", expect: {expect}" + (f", error: {named}" if named else "")
    (step,) = scenario(f"  - {{do: onboard_doctor, id: s, doctor: d0{extra}}}").steps
    given = ended(step, status, error, "because")
    (line,) = expectation_results((), (step,), given, History())
    assert line.holds is holds
    assert (line.name, line.line, line.first_event) == ("step s", step.line, 3)
    wants = expect + (f" ({named})" if named else "")
    assert line.text == f"s (onboard_doctor) ends with {wants}"
    got = status + (f" ({error})" if error else "")
    assert line.why == f"ended with {got}: because"


def test_expectations_of_the_file_come_before_those_of_steps() -> None:
    (step,) = scenario("  - {do: onboard_doctor, id: s, doctor: d0}").steps
    found = Finding(Terms("heads_agree", 9, "always heads_agree", "always"), True, None, "so")
    lines = expectation_results((found,), (step,), ended(step, "ok", None), History())
    assert [one.name for one in lines] == ["heads_agree", "step s"]
    assert (lines[0].line, lines[0].why, lines[0].holds) == (9, "so", True)


@pytest.mark.parametrize(("t_us", "event"), [(None, None), (4, None), (5, 0), (9, 1), (99, 2)])
def test_a_finding_names_the_last_event_up_to_its_moment(t_us, event) -> None:
    history = History()
    for at_us in (5, 9, 10):
        history.append(at_us, "h0", "note", "x")
    found = Finding(Terms("heads_agree", 9, "always heads_agree", "always"), False, t_us, "no")
    (line,) = expectation_results((found,), (), {}, history)
    assert line.first_event == event


def test_nodes_are_told_as_they_stand(run, results: dict) -> None:
    for line, (name, core) in zip(results["nodes"], run.world.nodes.items(), strict=True):
        assert line["name"] == name
        assert line["address"] == f"0x{core.address.hex()}"
        assert line["height"] == core.ledger.head.number
        assert line["head_hash"] == f"0x{core.ledger.head_hash.hex()}"
        assert line["state_root"] == f"0x{core.ledger.head.state_root.hex()}"
        assert line["store_blocks"] == core.store.store.count() > 0
        assert line["blocks_sealed"] == run.world.counters.sealed[name]


def test_what_all_nodes_sealed_is_at_least_the_chain(results: dict) -> None:
    sealed = sum(one["blocks_sealed"] for one in results["nodes"])
    assert sealed >= results["nodes"][0]["height"]


def test_metrics_are_whole_numbers_of_every_block_and_step(run, results: dict) -> None:
    metrics = results["metrics"]
    height = results["nodes"][0]["height"]
    assert metrics["block_gas"]["count"] == height
    assert metrics["block_interval_s"]["count"] == height - 1
    assert metrics["block_interval_s"]["min"] >= 1
    assert metrics["step_latency_ms"]["count"] == len(run.schedule.outcomes)
    assert metrics["frames"]["max"] == run.world.counters.frames
    assert metrics["events"]["max"] == run.world.kernel.events
    assert metrics["cpu_busy_us"]["count"] == 2
    values = [value for one in metrics.values() for value in one.values()]
    assert all(type(value) is int for value in values)


@pytest.mark.parametrize("engine", [*ENGINES, "examples.round_robin:Engine"])
def test_the_report_names_who_made_a_block_under_every_engine(engine: str) -> None:
    resolved = resolve(scenario(until="6s"), {"chain.consensus": engine})
    short = _Run(resolved, {}, lambda _event: None)
    short.play()
    told = report_data(short.world, short.book, {}, file="small.yaml", repeat="again")
    makers = [one["signer"] for one in told["blocks"]]
    assert len(makers) >= 2
    assert set(makers) <= {"h0", "h1"}
    assert all(makers.count(name) <= short.world.counters.sealed[name] for name in set(makers))


def test_gas_is_told_under_the_budget_that_it_falls_under(data: ReportData) -> None:
    last = {}
    for row in data["transactions"]:
        last[row["step"]] = row["kind"]
    assert last["visit"] == last["other"] == "mint"
    assert last["same-day"] == "append"
    assert last["scan"] == "file_report"
    assert last["revoked"] == "revoke"


def test_each_patients_first_grant_has_a_budget_of_its_own(data: ReportData) -> None:
    kinds = {row["step"]: row["kind"] for row in data["transactions"]}
    assert kinds["given"] == kinds["first-of-p1"] == "first_grant"
    assert kinds["second"] == "grant"


def test_transactions_on_the_way_are_numbered(data: ReportData) -> None:
    kinds = [row["kind"] for row in data["transactions"] if row["step"] == "order"]
    assert kinds == ["order_lab (step 1 of 2)", "order_lab"]


def test_all_gas_of_the_steps_is_told_once(results: dict, data: ReportData) -> None:
    told = sum(row["gas"] for row in data["transactions"])
    assert told == sum(one["gas"] for one in results["steps"])


def test_blocks_are_told_with_their_sealers(run, data: ReportData) -> None:
    blocks = data["blocks"]
    assert [one["number"] for one in blocks] == list(range(1, len(blocks) + 1))
    assert {one["signer"] for one in blocks} == {"h0", "h1"}
    assert sum(one["txs"] for one in blocks) >= len(data["transactions"])
    head = run.world.nodes["h0"].ledger.head_hash
    assert blocks[-1]["hash"] == f"0x{head.hex()}"


def test_a_records_shares_are_told_with_their_holders(data: ReportData) -> None:
    kinds = {one["record"]: one["kind"] for one in data["records"]}
    assert kinds == {
        "visit": "entry",
        "scan": "study CT",
        "same-day": "entry",
        "other": "entry",
    }
    for record in data["records"]:
        assert [one["index"] for one in record["holders"]] == [1, 2]
        assert {one["node"] for one in record["holders"]} == {"h0", "h1"}
        assert all(one["fragment"] for one in record["holders"])


def test_a_grant_is_told_with_its_releases_inside_and_refusals_outside(
    run, data: ReportData
) -> None:
    given, second, _ = data["grants"]
    revoked_s = outcome(run, "revoked").transactions[-1].timestamp
    assert second["revoked"] == revoked_s
    assert given["revoked"] is None
    assert second["releases"]
    assert all(second["from"] <= at < revoked_s for at in second["releases"])
    assert all(at >= revoked_s for at in second["refusals"])
    assert second["refusals"]


def test_the_page_says_how_to_repeat_the_run(data: ReportData) -> None:
    meta = data["scenario"]
    assert meta["repeat"].endswith("--seed 7")
    assert (meta["t"], meta["n"], meta["period_s"]) == (2, 3, 1)
    assert meta["consensus"] == "clique"


def test_frames_are_told_with_names_of_their_types(data: ReportData) -> None:
    assert len(data["messages"]) == 200
    first = data["messages"][0]
    assert first["arrive_us"] > first["t_us"]
    assert isinstance(first["type"], str)
