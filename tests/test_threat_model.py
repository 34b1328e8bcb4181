"""Every row of docs/threat-model.md names tests that exist and are run."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SCENARIO = re.compile(r"`(scenarios/[\w/-]+\.yaml)`")


def _rows() -> list[tuple[int, list[str]]]:
    """Give the cells of every row of every table, with the line; heads and rules are left out."""
    rows: list[tuple[int, list[str]]] = []
    lines = PAGE.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        is_head = number < len(lines) and lines[number].startswith("|---")
        if line.startswith("|") and not line.startswith("|---") and not is_head:
            rows.append((number, [cell.strip() for cell in line.strip("|").split("|")]))
    return rows


ROWS = _rows()


def test_the_page_has_rows() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize(("line", "cells"), ROWS, ids=[f"line-{line}" for line, _ in ROWS])
def test_each_row_names_tests_that_exist(line: int, cells: list[str]) -> None:
    named = NAMED.findall(cells[-1])
    assert named, f"line {line}: the last cell names no test"
    for path, function in named:
        file = ROOT / path
        assert file.is_file(), f"line {line}: there is no {path}"
        found = {
            one.name: one
            for one in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert function in found, f"line {line}: {path} has no {function}"
        marks = {ast.unparse(one) for one in found[function].decorator_list}
        assert not any("skip" in mark or "xfail" in mark for mark in marks), function


def test_scenarios_that_the_page_names_exist() -> None:
    for path in SCENARIO.findall(PAGE.read_text("utf-8")):
        assert (ROOT / path).is_file(), path


def test_what_is_not_protected_is_said() -> None:
    """At least one row of what an attacker does get, so that the page cannot become a poster."""
    learned = [cells for _, cells in ROWS if "not protected" in cells[-2].lower()]
    assert len(learned) >= 5


def test_the_honest_sentence_stands_there_word_for_word() -> None:
    """README and report say the same."""
    words = " ".join(PAGE.read_text("utf-8").replace("\n> ", " ").split())
    assert (
        "After expiry, a practitioner who has not opened the record cannot open it unless k "
        "custodians misbehave. One who has opened it may keep a copy: that is logged, not "
        "prevented. Later versions and generations stay closed to him."
    ) in words
