"""The shipped study: what its run says and leaves beside the history."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from node.sim.research_flows import dataset_files, told
from node.sim.runner import RunResult, run_scenario
from node.workflows.research import Payment

SCENARIO = Path(__file__).parents[2] / "scenarios" / "research-study.yaml"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run_scenario(SCENARIO, out=tmp_path_factory.mktemp("study") / "run")


def test_the_history_tells_amounts_as_text() -> None:
    """A uint96 does not fit into every reader's integers."""
    assert told(Payment(3, 2**90)) == {"study": 3, "amount_wei": str(2**90)}
    assert told("anything else") == {}


def test_no_dataset_no_file() -> None:
    assert dataset_files(()) == {}


@pytest.mark.slow
def test_every_step_of_the_study_ends_as_the_file_says(played: RunResult) -> None:
    assert [one["why"] for one in played.results["expectations"] if not one["holds"]] == []
    assert played.results["verdict"] == "valid"


@pytest.mark.slow
def test_dataset_and_header_lie_in_the_run_folder(played: RunResult) -> None:
    history = (played.folder / "history.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in history]
    (value,) = (one["v"] for one in events if one["f"] == "export_dataset" and one["e"] == "ok")
    read = json.loads((played.folder / "datasets" / "dataset.json").read_text("utf-8"))
    table = (played.folder / "datasets" / "dataset.csv").read_bytes()
    assert read["header"] == value["header"]
    assert sha256(table).hexdigest() == value["header"]["csv_sha256"]
    assert len(read["rows"]) == value["header"]["participants"] == 12
