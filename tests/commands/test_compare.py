"""``wardnet compare``."""

import json
from pathlib import Path

import pytest

from node.commands.main import main

TEXT = """\
wardnet: 1
name: pair
run: {until: 4s}
chain: {consensus: clique, period: 1s}
network: {validators: 2}
verdicts: {qbft: VERDICT}
expect:
  - {always: agreement}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(TEXT.replace("VERDICT", "valid"))
    return path


def test_a_table_has_a_row_for_each_engine(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["scenario", "engine", "verdict", "expected"]
    assert [line.split()[1] for line in lines[1:5]] == ["qbft", "clique", "aura", "ibft1"]
    assert lines[-1] == "4 of 4 verdicts are as expected"


def test_json_has_the_rows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(file), "--engine", "qbft", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = document["rows"]
    assert row["engine"] == "qbft"
    assert {"verdict", "expected", "safe", "live", "blocks_to_finality", "deepest_reorg"} <= set(
        row
    )


def test_another_verdict_than_the_files_ends_with_1(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(TEXT.replace("VERDICT", "invalid"))
    assert main(["compare", str(file), "--engine", "qbft"]) == 1
    assert "pair, qbft: valid, wants invalid" in capsys.readouterr().out


def test_an_engine_that_nobody_has_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(file), "--engine", "raft"]) == 2
    assert "chain.consensus: wants one of qbft, clique, aura, ibft1" in capsys.readouterr().err
