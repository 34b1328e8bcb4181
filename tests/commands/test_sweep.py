"""``wardnet sweep``."""

import json
from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.commands.main import main
from node.commands.sweep import read_seeds
from node.sim import sweep as sweeping

TEXT = """\
wardnet: 1
name: many
run: {until: 3s}
chain: {consensus: clique, period: 1s}
network: {validators: 2}
expect:
  - {always: chain_linked}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "many.yaml"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize(("text", "seeds"), [("1..1", (1, 1)), ("0..999999", (0, 999_999))])
def test_both_ends_run(text: str, seeds: tuple[int, int]) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "1", "1..", "2..1", "-1..3", "1..1000001", "1...3", "a..b"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--seeds"):
        read_seeds(text)


def test_verdicts_are_counted(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", str(file), "--seeds", "1..3", "--workers", "1"]) == 0
    told = "many under clique: 3 runs, 3 valid, 0 invalid, 0 unknown\n"
    assert capsys.readouterr().out == told


def test_what_fails_is_told_with_its_seed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(TEXT.replace("always: chain_linked", "never: chain_linked"))
    assert main(["sweep", str(file), "--seeds", "7..8", "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("seed 7  invalid  ")
    assert "2 runs, 0 valid, 2 invalid, 0 unknown" in out


def test_a_sweep_goes_on_where_its_rows_are(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "rows")
    words = ["sweep", str(file), "--workers", "1", "--out", out, "--json", "--seeds"]
    assert main([*words, "1..2"]) == 0
    capsys.readouterr()
    assert main([*words, "1..3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdicts"] == {"valid": 3, "invalid": 0, "unknown": 0}
    assert len((tmp_path / "rows" / "sweep.jsonl").read_text().splitlines()) == 3


def test_ctrl_c_keeps_the_rows_that_are_there(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = sweeping.judge_scenario

    def stopped(scenario, given):
        if scenario.run.seed == 3:
            raise KeyboardInterrupt
        return judge(scenario, given)

    monkeypatch.setattr(sweeping, "judge_scenario", stopped)
    words = ["sweep", str(file), "--seeds", "1..5", "--workers", "1", "--out", str(tmp_path)]
    assert main(words) == 130
    rows = sweeping.read_rows(tmp_path / "sweep.jsonl").values()
    assert sorted(row.seed for row in rows) == [1, 2]
