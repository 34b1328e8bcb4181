"""Cases of devices: the largest batch, budgets, and what is warm the second time."""

import pytest

from node.base.limits_records import BATCH_READINGS_COUNT_MAX
from node.bench.gas_iomt_cases import CASES, FILE_READINGS_BUDGET, READINGS_COUNT
from tests.bench.gas_rows import gas_of, measured


def test_the_batch_of_the_report_is_the_largest() -> None:
    assert READINGS_COUNT == BATCH_READINGS_COUNT_MAX


@pytest.mark.parametrize("case", ["first batch", "next batch"])
def test_filing_readings_has_a_budget_and_keeps_it(case: str) -> None:
    name = f"IomtRegistry.fileReadings: {case}"
    (row,) = [each for each in measured() if each.name == name]
    assert row.budget == FILE_READINGS_BUDGET >= row.gas


def test_what_comes_later_costs_less() -> None:
    first = gas_of("IomtRegistry.raiseAlert: first of 256 readings")
    assert gas_of("IomtRegistry.raiseAlert: another of these") < first
    new = gas_of("IomtRegistry.bindDevice: a new device")
    assert gas_of("IomtRegistry.bindDevice: a device that has filed") < new


def test_every_case_has_its_row() -> None:
    rows = [row for row in measured() if row.contract == "IomtRegistry"]
    assert len(rows) == len(CASES)
