"""The entry: help, errors as sentences, exit codes, closed pipes, locales."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from node.base.errors import (
    CodecError,
    ConfigError,
    CorruptStoreError,
    OperatorError,
    RefusedError,
    UsageError,
    WardnetError,
)
from node.commands.main import main
from tests.commands.fakes import FakeRunner

HEAVY = ("eth", "trio", "numpy", "starlette", "pydantic", "rich", "pydicom", "cryptography")
COMMAND = [sys.executable, "-P", "-m", "node.commands.main"]


def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException) -> list[str]:
    """Give words that run a scenario whose run raises."""
    FakeRunner(error=error).install(monkeypatch)
    file = tmp_path / "s.yaml"
    file.write_text("x: 1")
    return ["run", str(file)]


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert [
        name for name in ("run", "check", "schema", "test", "doctor", "chain") if name not in said
    ] == []


def test_no_words_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: wardnet")


def test_help_is_plain_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "--help"])
    assert capsys.readouterr().out.isascii()


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['wardnet', '--help']\n"
        "from node.commands.main import main; main()\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.slow
def test_help_costs_at_most_four_tenths_of_a_second() -> None:
    """CPU time, the least of seven: wall time on a shared machine is not wardnet's."""
    took_s = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*COMMAND, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took_s) <= 0.4


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("no"), 2),
        (ConfigError("no"), 2),
        (OperatorError(), 2),
        (RefusedError(), 1),
        (CodecError("rlp", "no"), 3),
        (CorruptStoreError("a", "b", "c"), 3),
        (WardnetError(), 3),
        (OSError(28, "No space left on device", "runs/x"), 3),
        (ModuleNotFoundError("No module named 'numpy'", name="numpy"), 3),
        (KeyError("a bug"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_error_gives_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, status: int
) -> None:
    assert main(broken(monkeypatch, tmp_path, error)) == status


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CorruptStoreError("blocks", "bafy", "hash"), "error: blocks: bafy: hash\n"),
        (RefusedError(), "error: RefusedError\n"),
        (
            OSError(28, "No space left on device", "runs/x"),
            "error: runs/x: No space left on device",
        ),
        (ModuleNotFoundError("x", name="numpy"), "error: numpy is not installed\nhint: "),
        (
            KeyError("bug"),
            "error: unexpected KeyError: 'bug'\nhint: repeat the command with --debug",
        ),
    ],
)
def test_error_is_a_sentence_on_stderr(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    said: str,
) -> None:
    main(broken(monkeypatch, tmp_path, error))
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_report_of_several_lines_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(broken(monkeypatch, tmp_path, ConfigError("a.yaml:1:2 x: wants y\n1 fault in 1 file")))
    assert capsys.readouterr().err == "a.yaml:1:2 x: wants y\n1 fault in 1 file\n"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: int,
) -> None:
    words = broken(monkeypatch, tmp_path, KeyError("bug"))
    words.insert(place, "--debug")
    assert main(words) == 3
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert "error: unexpected KeyError" in said


def test_module_of_our_own_that_is_missing_is_a_bug_and_no_advice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(broken(monkeypatch, tmp_path, ModuleNotFoundError("no", name="node.sim.x")))
    assert capsys.readouterr().err.startswith("error: unexpected ModuleNotFoundError")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "error: No such command 'nope'.\nhint: wardnet --help\n"),
        (["run"], "error: Missing argument 'FILE'.\nhint: wardnet run --help\n"),
        (["run", "--sed", "1", "x"], "error: No such option: --sed"),
        (["run", "--seed", "x", "x"], "error: Invalid value for '--seed'"),
        (["run", "--seed", "-1", "x"], "error: Invalid value for '--seed'"),
        (["run", "--seed", str(2**63), "x"], "error: Invalid value for '--seed'"),
        (["check"], "error: Missing argument 'FILE'.\nhint: wardnet check --help\n"),
    ],
)
def test_wrong_words_end_with_2_and_a_hint(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.delenv("WARDNET_PROGRAM", raising=False)
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(said)


def test_hint_repeats_the_words_that_started_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARDNET_PROGRAM", "python3 cli.py")
    main(["run"])
    assert capsys.readouterr().err.endswith("hint: python3 cli.py run --help\n")


def test_error_under_json_is_still_one_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = broken(monkeypatch, tmp_path, UsageError("no"))
    assert main([*words, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document == {"error": "no", "exit_code": 2, "hint": "", "seed": None}


def test_wrong_words_under_json_are_still_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


@pytest.mark.parametrize("words", [["schema"], ["--help"], ["doctor"]])
def test_closed_pipe_ends_quietly(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, *words], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    "setting",
    [
        {"LANG": "C"},
        {"LC_ALL": "POSIX"},
        {"LANG": "C", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_file_name_beyond_ascii_never_breaks_the_output(setting: dict[str, str]) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    done = subprocess.run(
        [*COMMAND, "check", "h\u00e4\u2713.yaml"],
        capture_output=True,
        check=False,
        env={**kept, **setting},
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: h")
    assert b"Traceback" not in done.stderr


def test_c_locale_gets_ascii_alone() -> None:
    done = subprocess.run(
        [*COMMAND, "check", "h\u00e4.yaml"],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LANG": "C"},
    )
    assert done.stderr.startswith(b"error: h\\xe4.yaml: ")
