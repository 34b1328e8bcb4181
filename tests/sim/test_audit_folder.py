"""A run folder as the source of an audit: files that are gone or cut are findings."""

import json
import shutil
from pathlib import Path

import pytest

from node.base.errors import ConfigError, UsageError
from node.sim.audit_folder import AuditSourceError, RunFolder
from tests.sim.audited import folder


@pytest.fixture
def run(tmp_path_factory, tmp_path) -> Path:
    """Give a copy to spoil."""
    place = tmp_path / "run"
    shutil.copytree(folder(tmp_path_factory), place)
    return place


def found(place: Path) -> list[tuple[str, str]]:
    return [(one.record, one.rule) for one in RunFolder(place, executes=False).findings()]


def test_a_whole_folder_has_no_finding(run) -> None:
    source = RunFolder(run, executes=False)
    assert source.findings() == ()
    assert [shelf.name for shelf in source.shelves] == ["h0", "h1", "h2", "h3", "h4"]
    assert source.checks_seals is False


@pytest.mark.parametrize("name", ["nodes/h1/store.car", "nodes/h1/custody.msgpack"])
def test_a_nodes_file_that_is_gone_or_cut_is_named(name, run) -> None:
    path = run / name
    path.write_bytes(path.read_bytes()[:-1])
    assert found(run) == [(name, "store")]
    path.unlink()
    assert found(run) == [(name, "store")]


def test_the_custody_of_another_node_is_named(run) -> None:
    shutil.copy(run / "nodes/h2/custody.msgpack", run / "nodes/h1/custody.msgpack")
    assert found(run) == [("nodes/h1/custody.msgpack", "store")]


def test_a_chain_that_is_gone_is_named_and_none_is_given(run) -> None:
    (path,) = (run / "chains").iterdir()
    path.unlink()
    source = RunFolder(run, executes=False)
    assert source.ledger() is None
    assert [(one.record, one.rule) for one in source.findings()] == [
        (f"chains/{path.name}", "chain")
    ]


def test_a_head_that_left_the_others_is_named(run) -> None:
    results = json.loads((run / "results.json").read_text())
    results["nodes"][3]["height"] += 1_000
    (run / "results.json").write_text(json.dumps(results))
    (finding,) = RunFolder(run, executes=False).findings()
    assert (finding.record, finding.rule) == ("head of h3", "heads")


@pytest.mark.parametrize("name", ["genesis.json", "scenario.yaml", "results.json"])
@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_what_a_folder_must_have_is_asked_for(name, content, run) -> None:
    (run / name).unlink()
    if content is not None:
        (run / name).write_bytes(content)
    with pytest.raises(AuditSourceError, match=name):
        RunFolder(run, executes=False)


def test_what_is_no_folder_is_a_matter_of_the_words(tmp_path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        RunFolder(tmp_path / "nowhere")


def test_an_executor_that_there_is_not_is_refused(run) -> None:
    with pytest.raises(ConfigError, match="no executor is called 'abacus'"):
        RunFolder(run, executor="abacus")


def test_the_seed_is_that_of_the_run_and_not_of_the_file(run) -> None:
    results = json.loads((run / "results.json").read_text())
    results["seed"] = 99
    (run / "results.json").write_text(json.dumps(results))
    source = RunFolder(run, executes=False)
    assert source.scenario.run.seed == 99
