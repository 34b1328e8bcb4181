"""``bench ledger``: the whole way with few transactions; nothing here looks at a clock."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.bench import candidates, consensus, consensus_parts, sharing_kernels
from node.bench.measured import Measured
from node.commands.bench import STAGES
from node.commands.main import main

RUN = Measured(
    transactions=2,
    cpu_us_per_tx=1234.5,
    wall_us_per_tx=1300.0,
    stages=dict.fromkeys(STAGES, 246.9),
    digest="aa",
    state_root="bb" * 32,
    figures={"gas_per_tx": 119_000.0},
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "run_child", lambda *_: RUN)


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    status = main(["bench", "ledger", "--json", *words])
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["exit_code"] == status
    assert said.err == ""
    return found


@pytest.mark.slow
def test_execution_is_measured_by_stage_and_ends_in_one_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document(capsys, "--transactions", "4", "--rounds", "1", "--executor", "py-evm")
    assert found["exit_code"] == 0
    assert [row["name"] for row in found["rows"]] == ["py-evm build", "py-evm import", "eth-tester"]
    assert len({row["digest"] for row in found["rows"]}) == 1
    build, imported, tester = found["rows"]
    assert build["state_root"] == imported["state_root"] != ""
    assert tuple(build["stages"]) == STAGES
    assert tester["stages"] == {}
    assert all(row["ratio"] > 0 for row in found["rows"])


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["memo", "replay", "scale"])
def test_other_modes_run(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--mode", mode, "--transactions", "2", "--rounds", "1", "--executor", "py-evm")
    found = document(capsys, *words)
    assert (found["exit_code"], found["disagreements"]) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["execute", "memo", "replay", "scale", "fresh"])
def test_every_mode_ends_with_its_table(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    count = () if mode == "fresh" else ("--transactions", "2")
    words = ("--mode", mode, *count, "--rounds", "2", "--executor", "py-evm")
    status = main(["bench", "ledger", *words])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert said.out.splitlines()[-1].startswith("load     ")


@pytest.mark.slow
def test_fresh_node_has_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--mode", "fresh", "--rounds", "1", "--executor", "py-evm")
    assert found["rows"][0]["figures"]["node_bytes"] > 0


def test_table_ends_each_own_row_with_its_root(
    quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "ledger", "--executor", "py-evm", "--rounds", "2"]) == 0
    said = capsys.readouterr()
    rows = [line for line in said.out.splitlines() if line.startswith("  py-evm build  ")]
    assert rows[0].split()[2:5] == ["2", "1,234.5", "1.00"]
    assert rows[0].endswith("bbbbbbbbbbbb")
    assert rows[1].endswith("gas per tx 119,000.0")
    assert "machine  " in said.out
    assert "load     " in said.out
    assert len(said.err.splitlines()) == 6


def test_rows_may_have_more_or_fewer_figures_than_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"gas_per_tx": 119_000.0, "memo_hits": 2.0}
    runs = iter([RUN, RUN, replace(RUN, figures=figures), replace(RUN, figures={})])
    monkeypatch.setattr(candidates, "run_child", lambda *_: next(runs))
    assert main(["bench", "ledger", "--executor", "py-evm", "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "gas per tx" in line] == [
        "  py-evm build   gas per tx 119,000.0",
        "  py-evm import  gas per tx 119,000.0  memo hits 2.0",
    ]


def test_different_states_end_with_1_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = iter([RUN, RUN, replace(RUN, state_root="cc"), replace(RUN, state_root="")])
    monkeypatch.setattr(candidates, "run_child", lambda *_: next(runs))
    assert main(["bench", "ledger", "--executor", "py-evm", "--rounds", "1"]) == 1
    assert "WRONG    after 2 transactions the state roots of" in capsys.readouterr().out


def test_absent_peers_are_listed_with_the_reason(
    quick: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ["bench", "ledger", "--executor", "py-evm", "--rounds", "1", "--peers"]
    assert main([*words, "--peers-dir", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for name in ("anvil", "hardhat", "ganache"):
        assert f"absent   {name}: " in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mode", "fast"], "no mode is called 'fast', choose one of execute, memo"),
        (["--executor", "geth"], "no executor is called 'geth', choose one of py-evm"),
        (["--mode", "memo", "--peers"], "--peers goes with --mode execute"),
        (["--mode", "fresh", "--transactions", "5"], "fresh runs no transactions"),
        (["--peers", "--peers-dir", "nowhere"], "--peers-dir: nowhere is no folder"),
        (["--transactions", "1"], "should be greater than or equal to 2"),
        (["--transactions", "100001"], "should be less than or equal to 100000"),
        (["--rounds", "0"], "should be greater than or equal to 1"),
    ],
)
def test_wrong_words_are_answered(
    words: list[str], said: str, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "ledger", *words]) == 2
    assert said in capsys.readouterr().err


def test_help_names_the_modes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "ledger", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [mode for mode in candidates.MODES if mode not in shown] == []


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_HEADERS", "_PASSES", "_SNAPSHOTS", "_ENCODINGS", "_SIGNATURES"):
        monkeypatch.setattr(consensus_parts, name, 2)
    for name in ("_STEADY_S", "_FULL_S"):
        monkeypatch.setattr(consensus, name, {"qbft": 5, "clique": 5})


@pytest.mark.usefixtures("few")
def test_consensus_prints_each_figure_beside_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "consensus", "--only", "parts", "--rounds", "1"]) == 0
    said = capsys.readouterr()
    [line] = [line for line in said.out.splitlines() if "Clique header" in line]
    assert ">= 10,000/s" in line
    assert "as fast" in line
    assert "round 1/1" in said.err
    assert "slowness" in said.out


@pytest.mark.usefixtures("few")
def test_consensus_of_a_network_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--only", "clique", "--validators", "2", "--rounds", "1", "--json")
    assert main(["bench", "consensus", *words]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["bench"], found["validators"], found["disagreements"]) == ("consensus", 2, [])
    assert said.err == ""


def test_consensus_knows_its_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "consensus", "--only", "raft"]) == 2
    assert "parts, qbft, clique" in capsys.readouterr().err


@pytest.mark.slow
def test_sharing_is_one_document_or_one_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing_kernels, "PYSHAMIR_BYTES_MAX", 16)
    words = ["bench", "sharing", "--size", "1", "--rounds", "1"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bench"], found["mebibytes"], found["disagreements"]) == ("sharing", 1, [])
    assert main(words) == 0
    said = capsys.readouterr().out
    assert all(row["name"] in said for row in found["rows"])
