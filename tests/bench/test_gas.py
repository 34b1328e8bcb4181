"""The gas report: what the check finds, and that what is stored passes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.bench.errors import StoredReportError
from node.bench.gas import (
    NOT_MEASURED,
    ROWS_NAME,
    TABLE_NAME,
    TOGETHER,
    Row,
    from_json,
    problems,
    to_json,
    to_markdown,
)
from tests.bench.gas_rows import measured

STORED = Path(__file__).parents[2] / "docs" / "reference"


def changed(name: str, **fields: object) -> tuple[Row, ...]:
    return tuple(
        replace(row, **fields) if row.name == name else row  # type: ignore[arg-type]
        for row in measured()
    )


def test_contracts_are_within_the_stored_report() -> None:
    stored = from_json((STORED / ROWS_NAME).read_text("utf-8"))
    assert problems(measured(), stored) == []


def test_the_table_shows_the_stored_rows() -> None:
    stored = from_json((STORED / ROWS_NAME).read_text("utf-8"))
    assert (STORED / TABLE_NAME).read_text("utf-8") == to_markdown(stored)


@pytest.mark.parametrize(("percent", "is_found"), [(95, False), (105, False), (106, True)])
def test_five_percent_more_is_the_border(percent: int, is_found: bool) -> None:
    name = "ConsentRegistry.deny: typical"
    row = next(row for row in measured() if row.name == name)
    found = problems(changed(name, gas=row.gas * percent // 100), measured())
    assert [each.startswith(f"{name}: ") and "over 5 %" in each for each in found] == (
        [True] if is_found else []
    )


def test_a_budget_is_held_whatever_is_stored() -> None:
    name = "PmrToken.consult: append"
    worse = changed(name, gas=120_001)
    assert problems(worse, worse) == [f"{name}: 120,001 gas, over its budget of 120,000"]


def test_a_budget_for_several_transactions_is_held() -> None:
    worse = changed("DoctorRegistry.onboard: typical", gas=300_000)
    assert [each.split(":")[0] for each in problems(worse, worse)] == [TOGETHER[0].name]


def test_a_function_without_a_row_is_found() -> None:
    left_out = ("PmrToken", "claim")
    rows = tuple(row for row in measured() if (row.contract, row.function) != left_out)
    assert problems(rows, rows) == ["PmrToken.claim: changes state and has no case"]


def test_a_row_without_its_case_is_found() -> None:
    gone = Row("PmrToken", "claim", "of old", 1)
    assert problems(measured(), (*measured(), gone)) == [
        "PmrToken.claim: of old: in the stored report, and no case measures it"
    ]


def test_a_case_that_is_not_stored_is_found() -> None:
    assert problems(measured(), measured()[1:]) == [
        f"{measured()[0].name}: new, not in the stored report"
    ]


def test_two_cases_of_one_name_are_found() -> None:
    twice = (*measured(), measured()[0])
    assert problems(twice, twice) == [f"{measured()[0].name}: measured twice, wants another label"]


def test_an_exception_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**NOT_MEASURED, "PmrToken.claim": "", "PmrToken.gone": ""}
    monkeypatch.setattr("node.bench.gas.NOT_MEASURED", more)
    assert problems(measured(), measured()) == [
        "PmrToken.gone: named in NOT_MEASURED for nothing",
        "PmrToken.claim: named in NOT_MEASURED for nothing",
    ]


def test_rows_survive_their_file() -> None:
    assert from_json(to_json(measured())) == measured()


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"contract": "PmrToken"}]'])
def test_another_file_is_no_report(text: str) -> None:
    with pytest.raises(StoredReportError, match="--write"):
        from_json(text)
