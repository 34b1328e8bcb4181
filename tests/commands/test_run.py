"""``run``: what goes to the runner, what comes out, and which exit code."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.base.errors import UsageError
from node.commands.main import main
from node.commands.run import folders, repeat_command, worst
from node.report import page
from tests.commands.fakes import FakeRunner, install_loader

LOADED = SimpleNamespace(chain=SimpleNamespace(executor="py-evm"))
"""As much of a scenario as is looked at before it runs."""


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> FakeRunner:
    """Put a fake runner, and a loader that likes every file, into place."""
    fake = FakeRunner()
    fake.install(monkeypatch)
    install_loader(monkeypatch, lambda _text, _name: LOADED)
    return fake


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Give a scenario file."""
    path = tmp_path / "journey.yaml"
    path.write_text("wardnet: 1")
    return str(path)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_exit_code_is_that_of_the_verdict(runner: FakeRunner, file: str, code: int) -> None:
    runner.exit_codes = [code]
    assert main(["run", file]) == code


def test_seed_and_folder_reach_the_runner(runner: FakeRunner, file: str) -> None:
    main(["run", file, "--seed", "8", "--out", "there"])
    assert (runner.calls[0]["seed"], runner.calls[0]["out"]) == (8, Path("there"))


def test_executor_and_mode_of_execution_reach_the_runner(runner: FakeRunner, file: str) -> None:
    main(["run", file, "--executor", "fast", "--execution", "full"])
    assert (runner.calls[0]["executor"], runner.calls[0]["execution"]) == ("fast", "full")


def test_file_decides_who_executes_without_an_option(runner: FakeRunner, file: str) -> None:
    main(["run", file])
    assert (runner.calls[0]["executor"], runner.calls[0]["execution"]) == (None, None)


def test_executor_that_is_not_installed_keeps_the_first_file_from_running(
    runner: FakeRunner,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    assert main(["run", file, file, "--executor", "fast"]) == 2
    assert "pip install 'wardnet[fast]'" in capsys.readouterr().err
    assert runner.calls == []


def test_equal_modes_are_told_and_change_no_exit_code(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", file, "--check-execution"]) == 0
    assert "modes    shared and full are equal in 12 points\n" in capsys.readouterr().out


@pytest.mark.parametrize("code", [0, 1, 3])
def test_modes_that_differ_end_with_1_and_the_first_difference(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    runner.exit_codes, runner.difference = [code], "h1, block 3: a with shared, b with full"
    assert main(["run", file, "--check-execution"]) == 1
    told = "modes    shared and full DIFFER: h1, block 3: a with shared, b with full\n"
    assert told in capsys.readouterr().out


def test_json_holds_the_comparison_and_the_exit_code_it_leads_to(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.difference = "the head"
    main(["run", file, "--check-execution", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 1
    assert document["execution_check"] == {
        "modes": ["shared", "full"],
        "points": 12,
        "difference": "the head",
    }


def test_nothing_is_said_of_modes_that_were_not_compared(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", file, "--json"])
    assert "execution_check" not in json.loads(capsys.readouterr().out)


def test_report_is_rendered_by_the_report_folder(runner: FakeRunner, file: str) -> None:
    main(["run", file])
    assert runner.calls[0]["render"] is page.render


def test_seed_of_the_file_stands_without_an_option(runner: FakeRunner, file: str) -> None:
    main(["run", file])
    assert runner.calls[0]["seed"] is None


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_smallest_and_largest_seed_are_taken(runner: FakeRunner, file: str, seed: int) -> None:
    assert main(["run", file, "--seed", str(seed)]) == 0


def test_json_is_the_results_object_alone(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", file, "--json"])
    said = capsys.readouterr()
    assert json.loads(said.out)["digest"] == "d1" * 32
    assert said.err == ""


def test_json_shows_no_progress(runner: FakeRunner, file: str) -> None:
    main(["run", file, "--json"])
    assert runner.calls[0]["progress"] is None


def test_progress_goes_to_stderr_alone(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", file])
    said = capsys.readouterr()
    assert "admit h0 ok" in said.err
    assert "admit h0 ok" not in said.out


@pytest.mark.parametrize(
    "part",
    [
        "journey, seed 7\n",
        "verdict  valid\n",
        "folder   runs/somewhere\n",
        " --seed 7\n",
        "  admit  register_patient  ok      5.000 s  21000\n",
        "  heads  holds  four heads agree\n",
    ],
)
def test_summary_names(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    main(["run", file])
    assert part in capsys.readouterr().out


def test_missing_file_ends_with_2(
    runner: FakeRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.endswith("none.yaml: No such file or directory\n")
    assert runner.calls == []


def test_fault_in_the_last_file_keeps_the_first_from_running(
    runner: FakeRunner, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("nonsense")

    def load(_text: str, name: str) -> SimpleNamespace:
        if name.endswith("bad.yaml"):
            raise UsageError("bad.yaml:1:1: nonsense")
        return LOADED

    install_loader(monkeypatch, load)
    assert main(["run", file, str(bad)]) == 2
    assert runner.calls == []


def test_several_files_give_one_json_document(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.exit_codes = [0, 1]
    assert main(["run", file, file, "--json", "--seed", "5"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [run["exit_code"] for run in document["runs"]] == [0, 1]
    assert (document["exit_code"], document["seed"]) == (1, 5)


@pytest.mark.parametrize(
    ("codes", "status"),
    [([], 0), ([0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1], 1), ([0, 2], 2)],
)
def test_invalid_beats_unknown_beats_valid(codes: list[int], status: int) -> None:
    assert worst(codes) == status


def test_one_file_gets_the_folder_itself() -> None:
    assert folders([Path("a/x.yaml")], Path("o")) == [Path("o")]


def test_several_files_get_a_folder_each() -> None:
    files = [Path("a/x.yaml"), Path("b/x.yaml"), Path("y.yaml")]
    assert folders(files, Path("o")) == [Path("o/x"), Path("o/x-2"), Path("o/y")]


def test_without_a_folder_the_runner_chooses() -> None:
    assert folders([Path("x"), Path("y")], None) == [None, None]


def test_repeat_command_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDNET_PROGRAM", "python3 cli.py")
    assert (
        repeat_command(Path("my file.yaml"), {"seed": 7, "engine": None})
        == "python3 cli.py run 'my file.yaml' --seed 7"
    )


def test_repeat_command_has_the_options_that_were_given(
    runner: FakeRunner, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", file, "--executor", "py-evm", "--engine", "qbft", "--verify", "full"])
    told = " --seed 7 --executor py-evm --engine qbft --verify full\n"
    assert told in capsys.readouterr().out
