"""Cases of the research pool: each function has a row, and money was really there."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_research_cases import CASES, TERMS
from node.bench.gas_world import Call
from tests.bench.gas_rows import gas_of, measured, world


def test_every_function_of_a_study_has_a_row() -> None:
    rows = {row.function for row in measured() if row.contract == "ResearchPool"}
    studies = {"fund", "join", "leave", "release", "payOut", "payHospital", "refund"}
    assert studies | {"describe"} == rows


def test_the_first_of_a_study_pays_for_the_hospitals_counter() -> None:
    first = gas_of("ResearchPool.join: first of a study")
    assert first > gas_of("ResearchPool.join: second of a hospital")


def test_a_study_without_its_money_is_no_case() -> None:
    here = world()
    funding = CASES[0].prepare(here)
    short = Call(funding.sender, funding.to, funding.data, TERMS.escrow_wei - 1)
    with pytest.raises(CandidateFaultError, match="refused"):
        here.send(short)
