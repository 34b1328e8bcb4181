"""Columns, documents and complaints."""

import json

import pytest

from node.commands import output


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert output.columns([("a", "bbb", 1), ("aaaa", "b", None)]) == [
        "  a     bbb  1",
        "  aaaa  b    -",
    ]


def test_no_rows_are_no_lines() -> None:
    assert output.columns([]) == []


def test_line_break_in_a_cell_does_not_break_the_table() -> None:
    assert output.columns([("a\nb",)], indent=0) == ["a b"]


def test_document_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json({"name": "h\u00e4"})
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == {"name": "h\u00e4"}


def test_complaint_has_its_hint_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain("it broke", "mend it")
    assert capsys.readouterr().err == "error: it broke\nhint: mend it\n"


@pytest.mark.parametrize(("holds", "word"), [(True, "holds"), (False, "FAILS"), (None, "unknown")])
def test_expectation_is_told_in_a_word(
    holds: bool | None, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {"expectations": [{"name": "heads", "holds": holds, "why": "x"}]}
    output.print_result(results, "runs/x", "wardnet run x")
    assert f"  heads  {word}" in capsys.readouterr().out


def test_result_with_nothing_in_it_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_result({}, "runs/x", "wardnet run x")
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "?, seed ?",
        "verdict  unknown",
        "digest   -",
        "folder   runs/x",
        "repeat   wardnet run x",
    ]


def test_cause_of_an_undecided_run_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_result({"cause": "event budget spent"}, "runs/x", "wardnet run x")
    assert "cause    event budget spent\n" in capsys.readouterr().out
