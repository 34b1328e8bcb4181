"""``bench gas``: prints, stores and compares the gas of every function."""

import json
from pathlib import Path

import pytest

from node.bench import gas
from node.commands.main import main
from tests.bench.gas_rows import measured


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = measured()
    monkeypatch.setattr(gas, "measure", lambda: rows)


def test_what_is_written_passes_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "reference")
    assert main(["bench", "gas", "--write", "--folder", folder]) == 0
    assert main(["bench", "gas", "--check", "--folder", folder]) == 0
    said = capsys.readouterr().out
    assert f"{len(measured())} cases are within 5 %" in said
    assert "| PmrToken | claim |" in (tmp_path / "reference" / "gas.md").read_text()


def test_more_gas_than_stored_fails_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["bench", "gas", "--write", "--folder", str(tmp_path)])
    rows = json.loads((tmp_path / "gas.json").read_text())
    rows[0]["gas"] //= 2
    (tmp_path / "gas.json").write_text(json.dumps(rows))
    assert main(["bench", "gas", "--check", "--folder", str(tmp_path)]) == 1
    assert f"WRONG    {measured()[0].name}: " in capsys.readouterr().out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gas", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bench"], found["exit_code"], found["problems"]) == ("gas", 0, [])
    assert len(found["rows"]) == len(measured())


def test_check_without_a_stored_report_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "gas", "--check", "--folder", str(tmp_path)]) == 2
    assert "--write" in capsys.readouterr().err


def test_check_and_write_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gas", "--check", "--write"]) == 2
    assert "choose one" in capsys.readouterr().err
