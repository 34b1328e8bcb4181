"""How a fault is told."""

import pickle

import pytest

from node.sim.schema.faults import (
    Fault,
    FaultList,
    Place,
    ScenarioFileError,
    describe,
    path_text,
    shown,
    suggestion,
)


def _fault(line: int = 1, column: int = 1, *, source: str = "", file: str = "a.yaml") -> Fault:
    return Fault(file, line, column, "run.seed", "a number", '"x"', "", source)


def test_fault_is_written_as_the_specification_says() -> None:
    assert str(_fault(7, 35)) == 'a.yaml:7:35 run.seed: wants a number, got "x"'


def test_hint_stands_behind_a_semicolon() -> None:
    fault = Fault("a.yaml", 1, 1, "x", "", 'unknown key "x"', "did you mean y?")
    assert str(fault) == 'a.yaml:1:1 x: unknown key "x"; did you mean y?'


def test_fault_without_path_has_no_colon_for_it() -> None:
    fault = Fault("a.yaml", 4, 1, "", "", '"seed" appears twice (first at 2:1)')
    assert str(fault) == 'a.yaml:4:1 "seed" appears twice (first at 2:1)'


def test_caret_stands_below_the_column() -> None:
    assert _fault(1, 5, source="run: x").excerpt() == "    run: x\n        ^"


@pytest.mark.parametrize("column", [1, 48, 97, 250, 500])
def test_long_line_is_cut_around_the_caret(column: int) -> None:
    source = "".join(chr(ord("a") + index % 26) for index in range(500))
    shown_line, caret = _fault(1, column, source=source).excerpt().splitlines()
    assert len(shown_line) <= 102
    under = shown_line[len(caret) - 1]
    assert under in (source[column - 1], "…")


def test_characters_that_a_terminal_obeys_are_not_shown() -> None:
    assert "\x1b" not in _fault(source="a\x1b[2Jb").excerpt()


def test_caret_is_right_behind_a_tab() -> None:
    assert _fault(1, 2, source="\tx").excerpt() == "     x\n     ^"


def test_description_is_sorted_by_place_and_counts_files() -> None:
    told = describe([_fault(3, file="b.yaml"), _fault(9), _fault(2)]).splitlines()
    assert [line.split()[0] for line in told[::3]] == [
        "a.yaml:2:1",
        "a.yaml:9:1",
        "b.yaml:3:1",
        "3",
    ]
    assert told[-1] == "3 faults in 2 files; nothing was run"


def test_one_fault_is_singular() -> None:
    assert describe([_fault()]).endswith("1 fault in 1 file; nothing was run")


def test_error_survives_pickling() -> None:
    error = ScenarioFileError((_fault(),))
    assert pickle.loads(pickle.dumps(error)).faults == error.faults


def test_list_does_not_repeat_the_fault_before() -> None:
    faults = FaultList("a.yaml", ["x"])
    for _ in range(2):
        faults.add(Place(1, 1), ("a",), wants="b", got="c")
    assert len(faults.all()) == 1


def test_place_behind_the_last_line_has_no_source() -> None:
    faults = FaultList("a.yaml", ["x"])
    faults.add(Place(2, 1), (), got="end")
    assert faults.all()[0].source == ""


@pytest.mark.parametrize(
    ("loc", "text"),
    [((), ""), (("a", "b"), "a.b"), (("a", 0, "b", 1, 2), "a[0].b[1][2]"), ((0, "a"), "[0].a")],
)
def test_path_is_written_with_dots_and_brackets(loc, text) -> None:
    assert path_text(loc) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (7, "7"),
        (1.5, "1.5"),
        ("a\nb", '"a\\nb"'),
        ("Zoë", '"Zoë"'),
        ({}, "a mapping"),
        ((), "a list"),
        ("x" * 99, '"' + "x" * 60 + '…"'),
    ],
)
def test_value_is_shown_in_a_message(value, text) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("sed", ["seed", "until"], "did you mean seed?"),
        ("zzz", ["seed", "until"], "there are seed, until"),
        ("zzz", [], "there are none"),
        ("zzz", [str(index) for index in range(19)], ""),
    ],
)
def test_nearest_name_is_suggested(name, known, hint) -> None:
    assert suggestion(name, known) == hint
