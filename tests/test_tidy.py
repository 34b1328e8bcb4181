"""What no linter knows about this house: sizes, names, mirrors, errors, records of decisions."""

import ast
import fnmatch
import importlib
import pickle
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

import node
from node.base.errors import WardnetError

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
TEST_FILE_BYTES_MAX = 200_000
ROOT_ENTRIES = {
    *("README.md", "pyproject.toml", "cli.py", "node", "tests", "scenarios"),
    *("LICENSE", "CHANGELOG.md", "constraints.txt", "docs", "examples", ".ci", ".gitignore"),
}
ALWAYS_THERE = {".git"}
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}
MAY_WAIT = {"service.py", "sim/trio_virtual.py", "sim/real.py"}
MAY_ASK_THE_SYSTEM = {"base", "commands"}
SYSTEM = re.compile(r"\bos\.urandom\b|\bos\.environ\b|\bos\.getenv\b|datetime\.now\b|\buuid4\b")
RPC_CODES = {*range(-32099, -31999), *range(-32700, -32599), 3}
"""The server's own range and the standard ones of JSON-RPC 2.0, and geth's 3 for a revert."""
ADR_HEADINGS = ["## Context", "## Decision", "## Status", "## Consequences"]


def ignored(path: Path) -> bool:
    """Say whether .gitignore leaves a path out."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    parts = path.relative_to(ROOT).parts
    return any(fnmatch.fnmatch(part, pattern) for part in parts for pattern in patterns)


def python_files(*folders: str) -> list[Path]:
    """Give the Python files of folders, in order."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if not ignored(path))


def name_of(path: Path) -> str:
    """Give a path as the report shows it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Give the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def everything() -> list[Path]:
    """Give all Python files that somebody wrote."""
    return [ROOT / "cli.py", *filter(is_written, python_files("node", "tests"))]


def is_written(path: Path) -> bool:
    """Say whether a person wrote a file: the bindings of the contracts are generated."""
    return not path.is_relative_to(ROOT / "node" / "contracts" / "bindings")


def test_every_file_has_at_most_400_lines() -> None:
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in everything()}
    assert {name: size for name, size in sizes.items() if size > FILE_LINES_MAX} == {}


def test_every_function_has_at_most_70_lines() -> None:
    too_long = [
        f"{name_of(path)}:{found.lineno} {found.name}"
        for path in everything()
        for found in ast.walk(tree_of(path))
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
        and found.end_lineno is not None
        and found.end_lineno - found.lineno >= FUNCTION_LINES_MAX
    ]
    assert too_long == []


def test_only_the_shells_wait() -> None:
    waiting = [
        name_of(path)
        for path in python_files("node")
        if path.name not in MAY_WAIT
        and path.relative_to(ROOT / "node").as_posix() not in MAY_WAIT
        and any(
            isinstance(found, ast.AsyncFunctionDef | ast.Await) for found in ast.walk(tree_of(path))
        )
    ]
    assert waiting == []


def test_only_base_and_commands_ask_the_system() -> None:
    """One line of ``evm/__init__.py`` picks the backend of eth-hash (ledger.md, section 1)."""
    asking = [
        f"{name_of(path)}: {line.strip()}"
        for path in python_files("node")
        if path.relative_to(ROOT / "node").parts[0] not in MAY_ASK_THE_SYSTEM
        for line in path.read_text("utf-8").splitlines()
        if SYSTEM.search(line)
    ]
    allowed = [line for line in asking if line.startswith("node/evm/__init__.py: ")]
    assert asking == allowed
    assert all("ETH_HASH_BACKEND" in line for line in allowed)
    assert len(allowed) <= 1


def test_every_module_has_its_tests() -> None:
    missing = [
        name_of(path)
        for path in filter(is_written, python_files("node"))
        if path.name != "__init__.py"
        and not (
            ROOT / "tests" / path.relative_to(ROOT / "node").parent / f"test_{path.name}"
        ).is_file()
    ]
    assert missing == []


def test_root_holds_what_the_house_lists_and_nothing_else() -> None:
    entries = {path.name for path in ROOT.iterdir() if not ignored(path)} - ALWAYS_THERE
    assert entries - ROOT_ENTRIES == set()


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in everything() if path.name in FORBIDDEN_NAMES] == []


def test_nothing_under_tests_is_larger_than_200_kb() -> None:
    sizes = {
        name_of(path): path.stat().st_size
        for path in sorted((ROOT / "tests").rglob("*"))
        if path.is_file() and not ignored(path)
    }
    assert {name: size for name, size in sizes.items() if size > TEST_FILE_BYTES_MAX} == {}


def adrs() -> list[Path]:
    """Give the records of decisions."""
    return sorted((ROOT / "docs" / "adr").glob("*.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:5] for path in adrs()] == [f"{n:04}-" for n in range(1, len(adrs()) + 1)]


@pytest.mark.parametrize("path", adrs(), ids=lambda path: path.stem)
def test_decision_has_its_four_headings(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == ADR_HEADINGS


OPTIONAL = {"pyrevm"}
"""Packages of extras that the tests do not install."""


@cache
def error_classes() -> tuple[type[WardnetError], ...]:
    """Import the whole package; give every error class of it.

    A module over an optional package is left out where that package is not installed.
    """
    for module in pkgutil.walk_packages(node.__path__, "node."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise
    return tuple(sorted(subclasses(WardnetError), key=lambda found: found.__qualname__))


def subclasses(root: type[WardnetError]) -> Iterator[type[WardnetError]]:
    """Give a class and all below it that the package defines."""
    if root.__module__.startswith("node."):
        yield root
    for child in root.__subclasses__():
        yield from subclasses(child)


def test_every_error_has_a_docstring_of_its_own() -> None:
    silent = [
        error.__qualname__
        for error in error_classes()
        if not error.__dict__.get("__doc__") or error.__doc__.startswith(f"{error.__name__}(")
    ]
    assert silent == []


def test_every_error_is_named_error() -> None:
    wrong = [e.__qualname__ for e in error_classes() if not e.__name__.endswith("Error")]
    assert wrong == []


def test_every_error_has_an_allowed_rpc_code() -> None:
    wrong = {e.__qualname__: e.rpc_code for e in error_classes() if e.rpc_code not in RPC_CODES}
    assert wrong == {}


def test_every_error_has_an_exit_code_of_the_command_line() -> None:
    wrong = {e.__qualname__: e.exit_code for e in error_classes() if e.exit_code not in (1, 2, 3)}
    assert wrong == {}


def test_every_error_survives_pickling() -> None:
    for error in error_classes():
        made = error(*["field"] * len(fields(error)))
        again = pickle.loads(pickle.dumps(made))
        assert (type(again), vars(again)) == (error, vars(made)), error.__qualname__
