import json
import sys
from datetime import datetime
from pathlib import Path

import pytest

from node.base.errors import ConfigError, OperatorError, UsageError
from node.base.rng import TreeEntropy
from node.privacy.studies import load_study
from node.sim import runner
from node.sim.loader import load
from node.sim.run_chains import find_chain
from node.sim.run_folder import RunFolderError
from node.sim.runner import ProgressEvent, read_scenario, run_scenario
from node.sim.schema.faults import ScenarioFileError
from node.sim.study_files import StudyFileError
from tests.sim.small import ARRIVE, outcome, played, text

AGREE = "  - {always: heads_agree}"
CT = load_study("pydicom:CT_small")
ORDER = "  - {do: order_lab, id: order, doctor: d0, pmr: visit, modality: CT}\n"
LAB = ARRIVE + ORDER + "  - {do: perform_lab, id: scan, lab: l0, order: order, study: scan.dcm"


def write(folder: Path, content: str, name: str = "small.yaml") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def run(folder: Path, content: str, **given):
    return run_scenario(write(folder, content), out=given.pop("out", folder / "out"), **given)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory):
    """One run of four steps, with its folder."""
    folder = tmp_path_factory.mktemp("run")
    events: list[ProgressEvent] = []
    rendered = []

    def render(*given) -> str:
        rendered.append(given)
        return "<html>report</html>"

    result = run(folder, text(ARRIVE, AGREE, "30s"), progress=events.append, render=render)
    return result, events, rendered


# -- before anything runs


@pytest.fixture
def no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Founding a network is an error here."""

    def founded(*_: object) -> None:
        raise AssertionError("a world was founded")

    monkeypatch.setattr(runner, "World", founded)


@pytest.mark.usefixtures("no_world")
@pytest.mark.parametrize("study", ["missing.dcm", "deep/er/missing.dcm"])
def test_a_study_that_is_not_there_is_told_before_anything_runs(tmp_path: Path, study: str) -> None:
    content = text(LAB.replace("scan.dcm", study) + "}")
    with pytest.raises(StudyFileError, match=rf"step scan: study \S*{study}: No such") as caught:
        run(tmp_path, content)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_world")
@pytest.mark.parametrize(
    ("content", "error", "what"),
    [
        (b"wardnet: 1\nname: x\nseed: 7\n", ScenarioFileError, "3:1 seed"),
        (b"\xff\xfe", ConfigError, "byte 0 is no UTF-8"),
        (None, ConfigError, "No such file"),
    ],
)
def test_a_scenario_that_cannot_be_read_runs_nothing(
    tmp_path: Path, content: bytes | None, error: type, what: str
) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=what) as caught:
        run_scenario(file, out=tmp_path / "out")
    assert isinstance(caught.value, OperatorError)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_seed_can_stand_instead_of_the_files(tmp_path: Path) -> None:
    file = write(tmp_path, text())
    assert read_scenario(file, {}).run.seed == 7
    assert read_scenario(file, {"seed": 8}).run.seed == 8
    assert read_scenario(file, {"seed": 0}).run.seed == 0
    with pytest.raises(UsageError, match=r"run\.seed"):
        read_scenario(file, {"seed": -1})


@pytest.mark.usefixtures("no_world")
def test_an_executor_that_is_not_installed_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    content = text().replace("period: 1s", "period: 1s, executor: revm")
    with pytest.raises(ConfigError, match=r"pip install 'wardnet\[fast\]'") as caught:
        run(tmp_path, content)
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match="needs the package pyrevm"):
        run(tmp_path, text(), executor="fast")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_world")
@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"executor": "geth"}, 'chain.executor: wants one of py-evm, revm, fast, got "geth"'),
        ({"execution": "none"}, 'run.execution: wants one of shared, full, got "none"'),
    ],
)
def test_an_option_that_cannot_be_runs_nothing(tmp_path: Path, given: dict, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(tmp_path, text(), **given)
    assert str(caught.value).startswith(what)


def test_options_stand_instead_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, text())
    found = read_scenario(file, {"executor": "fast", "execution": "full"})
    assert (found.chain.executor, found.run.execution, found.run.seed) == ("revm", "full", 7)
    found = read_scenario(file, {})
    assert (found.chain.executor, found.run.execution) == ("py-evm", "shared")


# -- corrupt studies


@pytest.fixture(scope="module")
def without_study() -> dict:
    """The results of a run in which the lab never performed anything."""
    return played(ARRIVE + ORDER, AGREE, "45s").results({}).as_dict()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (TreeEntropy(1, "noise").take(4_000), "NotDicomError"),
        (CT[: len(CT) // 2], "TruncatedDicomError"),
        (load_study("pydicom:reportsi"), "UnsupportedObjectError"),
        (load_study("pydicom:MR_small"), "ModalityError"),
    ],
    ids=["noise", "truncated", "report", "modality"],
)
def test_a_corrupt_study_is_refused_by_name_and_leaves_nothing(
    tmp_path: Path, data: bytes, error: str, without_study: dict
) -> None:
    (tmp_path / "scan.dcm").write_bytes(data)
    steps = LAB + f", expect: refused, error: {error}}}"
    result = run(tmp_path, text(steps, AGREE, "45s")).results
    assert result["verdict"] == "valid", result["expectations"]
    scan = result["steps"][-1]
    assert (scan["status"], scan["gas"]) == ("refused", 0)
    assert result["nodes"] == without_study["nodes"]


def test_a_refused_study_is_in_no_block_share_or_transaction() -> None:
    run_ = played(LAB + ", expect: refused}", until="45s", studies={"scan": CT[:1_000]})
    assert outcome(run_, "scan").transactions == ()
    assert [step for step, _ in run_.book.records()] == ["visit"]
    for core in run_.world.nodes.values():
        held = core.custody.custodian.store._holdings
        assert len(held) == 2  # the patient's details and the visit
        assert len(core.chain.pool) == 0


# -- what a run gives


def test_results_have_every_key_with_its_type(done) -> None:
    results = done[0].results
    for key in ("scenario", "verdict", "digest", "driver", "execution", "executor"):
        assert isinstance(results[key], str)
    assert (results["seed"], results["exit_code"]) == (7, 0)
    shapes = {
        "steps": {"name": str, "action": str, "status": str, "virtual_ms": int, "gas": int},
        "expectations": {"name": str, "holds": bool, "why": str, "line": int, "text": str},
        "nodes": {
            "name": str,
            "address": str,
            "height": int,
            "head_hash": str,
            "state_root": str,
            "blocks_sealed": int,
            "store_blocks": int,
        },
    }
    for key, shape in shapes.items():
        assert results[key]
        for one in results[key]:
            assert {name: type(one[name]) for name in shape} == shape
    assert all(isinstance(one, dict) for one in results["metrics"].values())
    assert results["versions"]["wardnet"]
    assert set(results["volatile"]) == {"started", "wall_s", "cpu_s", "path", "host"}


def test_all_nodes_end_with_one_head(done) -> None:
    assert len({one["head_hash"] for one in done[0].results["nodes"]}) == 1
    assert len({one["state_root"] for one in done[0].results["nodes"]}) == 1


def test_the_folder_holds_what_is_needed_to_look_and_to_repeat(done) -> None:
    folder = done[0].folder
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "scenario.yaml",
        "resolved.json",
        "history.jsonl",
        "messages.mmd",
        "results.json",
        "report.html",
        "genesis.json",
        "chains",
        "receipts",
        "nodes",
    }
    assert (folder / "scenario.yaml").read_text() == text(ARRIVE, AGREE, "30s")
    assert json.loads((folder / "results.json").read_text()) == done[0].results
    resolved = json.loads((folder / "resolved.json").read_text())
    assert resolved["run"]["until_us"] == 30_000_000
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["i"] for line in lines] == list(range(len(lines)))
    assert (folder / "messages.mmd").read_text().startswith("sequenceDiagram")
    assert (folder / "report.html").read_text() == "<html>report</html>"


def test_the_chain_of_every_node_is_in_the_folder_once(done) -> None:
    result = done[0]
    (packed,) = (result.folder / "chains").iterdir()
    for node in result.results["nodes"]:
        assert packed.name == f"{node['head_hash'][2:]}.rlp.gz"
        chain = find_chain(result.folder, node["name"])
        with chain.blocks() as blocks:
            assert sum(1 for _ in blocks) == node["height"] + 1


def test_a_folder_that_is_used_again_keeps_no_chain_of_the_run_before(tmp_path) -> None:
    run(tmp_path, text(ARRIVE, AGREE, "30s"), seed=1)
    before = {path.name for path in (tmp_path / "out" / "chains").iterdir()}
    result = run(tmp_path, text(ARRIVE, AGREE, "30s"), seed=2)
    heads = {f"{node['head_hash'][2:]}.rlp.gz" for node in result.results["nodes"]}
    assert heads.isdisjoint(before)
    assert {path.name for path in (tmp_path / "out" / "chains").iterdir()} == heads


def test_the_report_is_made_of_results_history_and_what_is_known_besides(done) -> None:
    result, _, rendered = done
    ((results, history, extra),) = rendered
    assert results == result.results
    assert history[0]["e"] == "invoke"
    assert extra["scenario"]["file"] == "small.yaml"
    assert extra["scenario"]["repeat"].endswith("small.yaml --seed 7")
    assert str(result.folder.parent) not in extra["scenario"]["repeat"]


def test_the_report_repeats_the_run_with_the_options_that_were_given(tmp_path) -> None:
    told = []

    def render(_results, _history, extra) -> str:
        told.append(extra["scenario"]["repeat"])
        return ""

    given = {"executor": "py-evm", "execution": "full", "render": render}
    run(tmp_path, text(ARRIVE, AGREE, "30s"), **given)
    assert told[0].endswith("small.yaml --seed 7 --executor py-evm --execution full")


def test_progress_tells_the_founding_each_step_and_the_end(done) -> None:
    _, events, _ = done
    assert events[0] == ProgressEvent(0, "phase", "founding a network of 2")
    steps = [one.text for one in events if one.kind == "step"]
    assert [one.split(":")[0] for one in steps] == [
        "onboard_doctor-1",
        "onboard_doctor-2",
        "register_patient-1",
        "visit",
    ]
    assert [one.text for one in events if one.kind == "expectation"] == [
        "always heads_agree: holds",
        "always state_root_reproducible (audit of every run): holds",
    ]
    assert (events[-1].kind, events[-1].text) == ("done", "valid")
    assert [one.t_us for one in events] == sorted(one.t_us for one in events)


def test_without_a_folder_a_run_lies_under_runs_and_latest_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = run_scenario(write(tmp_path, text(until="2s"))).folder
    assert folder.parts[:2] == ("runs", "small")
    stamp, seed, mark = folder.name.split("-")
    datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - only the form is asked
    assert (seed, len(mark)) == ("s7", 6)
    assert Path("runs/latest").resolve() == folder.resolve()
    assert not (folder / "report.html").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(RunFolderError, match="taken") as caught:
        run(tmp_path, text(until="2s"), out=tmp_path / "taken")
    assert caught.value.exit_code == 3


# -- verdicts

UNDECIDED = """
  - {do: consult, id: visit, doctor: d0, patient: p0, expect: any}
  - {do: order_lab, id: order, doctor: d0, pmr: visit, modality: CT, expect: any}
"""


@pytest.mark.parametrize(
    ("steps", "expect", "verdict", "code", "cause"),
    [
        ("", AGREE, "valid", 0, None),
        ("", "  - {eventually: {height_at_least: {blocks: 99}}}", "invalid", 1, "expectation"),
        ("", "  - {never: heads_agree}", "invalid", 1, "expectation"),
        (
            "  - {do: consult, id: v, doctor: d0, patient: p0, expect: ok}",
            AGREE,
            "invalid",
            1,
            "expectation",
        ),
        ("  - {do: consult, id: v, doctor: d0, patient: p0, expect: revert}", "", "valid", 0, None),
        (UNDECIDED, AGREE, "unknown", 3, "undecided"),
        (UNDECIDED, "  - {never: heads_agree}", "invalid", 1, "expectation"),
    ],
)
def test_a_verdict_has_its_exit_code_and_cause(steps, expect, verdict, code, cause) -> None:
    results = played(steps, expect, "10s").results({}).as_dict()
    assert (results["verdict"], results["exit_code"]) == (verdict, code)
    assert results["cause"] == cause


def test_a_run_over_its_budget_is_unknown_and_says_so() -> None:
    limited = text("", AGREE, "10s").replace("until: 10s", "until: 10s, budget: {events: 50}")
    run_ = runner._Run(load(limited, "small.yaml"), {}, lambda _event: None)
    run_.play()
    results = run_.results({})
    assert (results.verdict, results.as_dict()["exit_code"]) == ("unknown", 3)
    assert results.cause == "EventBudgetError: the run stopped after 50 events, its budget"


def test_a_step_that_waits_too_long_ends_as_timeout() -> None:
    steps = "  - {do: onboard_doctor, id: slow, doctor: d0, timeout: 2s, expect: timeout}"
    run_ = played(steps, AGREE, "10s")
    assert outcome(run_, "slow").status == "timeout"
    assert outcome(run_, "slow").ended_us == 2_000_000
    assert run_.results({}).verdict == "valid"


def test_an_error_of_the_simulator_leaves_the_run_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("node.sim.world.World.settle", broken)
    results = played(expect=AGREE, until="5s").results({})
    assert results.verdict == "unknown"
    assert results.cause is not None
    assert results.cause.startswith("unexpected RuntimeError: boom (test_runner.py:")
