"""``wardnet test``: format, lint, types, layers and tests of a checkout, one after the other."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

import node
from node.base.errors import ConfigError
from node.commands import output

LEFT_OUT: Final = ("slow", "clients", "browser", "judge", "oracle", "bench")
"""Markers of tests that the plain command leaves to CI."""
LAYERS: Final = "import sys; from importlinter.cli import lint_imports_command as main; main()"


@dataclass(frozen=True, slots=True)
class Check:
    """One step: its name, and the words behind the interpreter that run it."""

    name: str
    words: tuple[str, ...]
    module: str
    """What must be importable for it."""


CHECKS: Final = (
    Check("ruff format", ("-m", "ruff", "format", "--check", "--quiet", "."), "ruff"),
    Check("ruff check", ("-m", "ruff", "check", "--quiet", "."), "ruff"),
    Check("mypy", ("-m", "mypy"), "mypy"),
    Check("pyright", ("-m", "pyright", "--pythonpath", sys.executable), "pyright"),
    Check("lint-imports", ("-c", LAYERS), "importlinter"),
)


def run_checks(
    context: typer.Context,
    slow: Annotated[bool, typer.Option("--slow", help="Also tests marked slow.")] = False,
    all_marks: Annotated[bool, typer.Option("--all", help="Tests with any marker.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, the talk on stderr.")
    ] = False,
) -> None:
    """Check format, lint, types, layers; run the tests.

    Words behind -- go to pytest: wardnet test -- -k shamir
    """
    import subprocess

    root = checkout()
    need([*(check.module for check in CHECKS), "pytest"])
    tell = output.talk if as_json else output.say
    passed = dict(_static(root, tell))
    tell("== pytest")
    done = subprocess.run(  # noqa: S603 - the words of the person at the keyboard
        (sys.executable, *pytest_words(slow=slow, all_marks=all_marks), *context.args),
        cwd=root,
        env=_environment(),
        check=False,
        stdout=sys.stderr if as_json else None,
    )
    passed["pytest"] = done.returncode == 0
    status = 0 if all(passed.values()) else 1
    if as_json:
        output.write_json({"exit_code": status, "seed": None, "checks": passed})
    else:
        told = (f"{name} {'ok' if fine else 'FAILED'}" for name, fine in passed.items())
        output.say(", ".join(told))
    raise typer.Exit(status)


def pytest_words(*, slow: bool, all_marks: bool) -> tuple[str, ...]:
    """Give the words that run pytest on the wanted tests."""
    left_out = () if all_marks else tuple(m for m in LEFT_OUT if not (slow and m == "slow"))
    words = ("-m", "pytest", "-q")
    return (*words, "-m", f"not ({' or '.join(left_out)})") if left_out else words


def checkout() -> Path:
    """Give the folder of the sources.

    raises        ConfigError: this is an installed package without its tests.
    """
    root = Path(str(node.__file__)).resolve().parents[1]
    if not (root / "tests").is_dir() or not (root / "pyproject.toml").is_file():
        raise ConfigError(f"the tests run in a checkout; {root} holds no tests")
    return root


def need(modules: Sequence[str]) -> None:
    """Insist on the tools.

    raises        ConfigError: names those that are not installed.
    """
    import importlib.util

    missing = sorted({name for name in modules if importlib.util.find_spec(name) is None})
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} not installed in {sys.prefix}: pip install -e '.[test]'"
        )


def _environment() -> dict[str, str]:
    # numpy's threads cost more than they bring on small matrices, and CI has two cores
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def _static(root: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, bool]]:
    """Run the checks two at a time, tell each one's outcome in order, go on after a failure."""
    import subprocess
    from concurrent.futures import ThreadPoolExecutor

    def work(check: Check) -> tuple[Check, int, str, float]:
        start = time.monotonic()
        done = subprocess.run(  # noqa: S603 - fixed words
            (sys.executable, *check.words),
            cwd=root,
            env=_environment(),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        said = done.stdout.decode("utf-8", "backslashreplace")
        return check, done.returncode, said, time.monotonic() - start

    output.talk(f"checking {', '.join(check.name for check in CHECKS)}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, status, said, took_s in pool.map(work, CHECKS):
            tell(f"== {check.name}: {'FAILED' if status else 'ok'} ({took_s:.1f} s)")
            if status:
                tell(said.rstrip())
            yield check.name, status == 0
