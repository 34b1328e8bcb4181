"""``test``: which steps run, that all of them run, and what the exit code says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node.base.errors import ConfigError
from node.commands import test as command
from node.commands.main import main

STEPS = ["ruff", "ruff", "mypy", "pyright", "-c", "pytest"]


class Calls:
    """Stands in for subprocess.run; the steps whose words contain ``failing`` fail."""

    def __init__(self, failing: str = "nothing") -> None:
        self.failing = failing
        self.words: list[tuple[str, ...]] = []
        self.settings: list[dict[str, object]] = []

    def __call__(
        self, words: tuple[str, ...], **settings: object
    ) -> subprocess.CompletedProcess[bytes]:
        self.words.append(words[1:])
        self.settings.append(settings)
        status = int(any(self.failing in word for word in words[1:]))
        return subprocess.CompletedProcess(words, status, b"what the tool said\n", b"")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Calls]:
    """Give a function that puts the fake in place."""

    def install(failing: str = "nothing") -> Calls:
        fake = Calls(failing)
        monkeypatch.setattr(subprocess, "run", fake)
        return fake

    return install


def test_all_steps_run_and_pytest_is_the_last(calls: Callable[..., Calls]) -> None:
    fake = calls()
    assert main(["test"]) == 0
    ran = [words[1] if words[0] == "-m" else words[0] for words in fake.words]
    assert (sorted(ran), ran[-1]) == (sorted(STEPS), "pytest")


@pytest.mark.parametrize("failing", ["mypy", "pyright", "importlinter", "pytest"])
def test_one_failure_ends_with_1_after_all_steps_ran(
    calls: Callable[..., Calls], failing: str
) -> None:
    fake = calls(failing)
    assert main(["test"]) == 1
    assert len(fake.words) == len(STEPS)


def test_last_line_sums_up(calls: Callable[..., Calls], capsys: pytest.CaptureFixture[str]) -> None:
    calls("mypy")
    main(["test"])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "ruff format ok, ruff check ok, mypy FAILED, pyright ok, lint-imports ok, pytest ok"
    )


def test_json_is_one_document_and_the_talk_is_on_stderr(
    calls: Callable[..., Calls], capsys: pytest.CaptureFixture[str]
) -> None:
    fake = calls("mypy")
    assert main(["test", "--json"]) == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["exit_code"] == 1
    assert document["checks"] == {
        "ruff format": True,
        "ruff check": True,
        "mypy": False,
        "pyright": True,
        "lint-imports": True,
        "pytest": True,
    }
    assert "what the tool said" in said.err
    assert fake.settings[-1]["stdout"] is sys.stderr


def test_what_a_failing_tool_said_is_shown_and_what_others_said_is_not(
    calls: Callable[..., Calls], capsys: pytest.CaptureFixture[str]
) -> None:
    calls("mypy")
    main(["test"])
    assert capsys.readouterr().out.count("what the tool said") == 1


def test_numpy_gets_one_thread(calls: Callable[..., Calls]) -> None:
    fake = calls()
    main(["test"])
    assert {dict(s["env"])["OPENBLAS_NUM_THREADS"] for s in fake.settings} == {"1"}  # type: ignore[call-overload]


def test_words_behind_the_dashes_go_to_pytest(calls: Callable[..., Calls]) -> None:
    fake = calls()
    main(["test", "--", "-k", "shamir", "--debug"])
    assert fake.words[-1][-3:] == ("-k", "shamir", "--debug")


def test_plain_command_leaves_the_long_tests_out() -> None:
    words = command.pytest_words(slow=False, all_marks=False)
    assert words[-1] == "not (slow or clients or browser or judge or oracle or bench)"


def test_slow_adds_the_slow_tests() -> None:
    words = command.pytest_words(slow=True, all_marks=False)
    assert words[-1] == "not (clients or browser or judge or oracle or bench)"


def test_all_leaves_nothing_out() -> None:
    assert "-m" not in command.pytest_words(slow=False, all_marks=True)[2:]


def test_installed_package_without_tests_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command.node, "__file__", str(tmp_path / "node" / "__init__.py"))
    with pytest.raises(ConfigError, match="run in a checkout"):
        command.checkout()


def test_missing_tools_are_named_once() -> None:
    with pytest.raises(ConfigError, match=r"^no_such_tool not installed in .*\[test\]"):
        command.need(["no_such_tool", "pytest", "no_such_tool"])
