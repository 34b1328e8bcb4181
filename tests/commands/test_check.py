"""``check``: every file is looked at, nothing runs."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.base.errors import UsageError
from node.commands.main import main
from tests.commands.fakes import install_loader
from tests.small_checkout import ROOT


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Give a good and a bad file."""

    def load(text: str, name: str) -> SimpleNamespace:
        if text != "good":
            raise UsageError(f"{name}:1:1 name: wants text\n1 fault in 1 file; nothing was run")
        return SimpleNamespace(steps=(), chain=SimpleNamespace(executor="py-evm"))

    install_loader(monkeypatch, load)
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("good")
    bad.write_text("bad")
    return str(good), str(bad)


def test_good_file_is_ok(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", files[0]]) == 0
    assert capsys.readouterr().out == f"{files[0]}: ok\n"


def test_bad_file_ends_with_2_and_its_report_on_stderr(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", files[1]]) == 2
    said = capsys.readouterr()
    assert said.err == f"{files[1]}:1:1 name: wants text\n1 fault in 1 file; nothing was run\n"
    assert said.out == ""


def test_file_behind_a_bad_one_is_checked_too(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", files[1], files[0]]) == 2
    assert f"{files[0]}: ok\n" in capsys.readouterr().out


def test_json_is_one_document_with_each_file(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *files, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert [entry["ok"] for entry in document["files"]] == [True, False]


def test_missing_file_is_a_fault_like_any_other(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", files[0] + "x", files[0]]) == 2
    said = capsys.readouterr()
    assert said.err == f"error: {files[0]}x: No such file or directory\n"
    assert said.out == f"{files[0]}: ok\n"


def test_a_study_that_is_not_there_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = (ROOT / "scenarios" / "patient-journey.yaml").read_text("utf-8")
    file = tmp_path / "journey.yaml"
    file.write_text(shipped.replace("pydicom:CT_small", "nofile.dcm"))
    assert main(["check", str(file)]) == 2
    assert "step scan-1: study " in capsys.readouterr().err


def test_an_executor_that_is_not_installed_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    file = tmp_path / "fast.yaml"
    file.write_text("wardnet: 1\nname: x\nchain: {executor: fast}\n")
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{file}: ok\n"
    assert said.err.startswith(f"warning: {file}: the executor revm needs the package pyrevm")
    assert main(["check", str(file), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert (found["ok"], found["fault"]) == (True, None)
    assert "pip install 'wardnet[fast]'" in found["warning"]
