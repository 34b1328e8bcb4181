"""Cases of the two record tokens: the same calls, and which of the two takes less for what."""

import pytest

from node.bench.gas import to_markdown
from node.bench.gas_pmr_cases import CASES
from node.contracts.names import TOKENS
from tests.bench.gas_rows import gas_of, measured


def test_both_tokens_are_measured_by_the_same_calls() -> None:
    one, other = (
        [(row.function, row.case) for row in measured() if row.contract == contract]
        for contract in TOKENS.values()
    )
    assert one == other
    assert len(one) + len(other) == len(CASES)


@pytest.mark.parametrize(
    "case",
    [
        "consult: mint, a patient's first record",
        "consult: mint, a later record",
        "claim: one entry",
        "claim: entries of three kinds",
    ],
)
def test_a_record_in_one_word_is_minted_and_moved_for_less(case: str) -> None:
    assert gas_of(f"PmrMultiToken.{case}") * 100 < gas_of(f"PmrToken.{case}") * 85


@pytest.mark.parametrize("case", ["consult: append", "amend: unasked", "denyPetition: typical"])
def test_a_unit_for_each_entry_takes_at_most_a_tenth_more(case: str) -> None:
    here, there = gas_of(f"PmrToken.{case}"), gas_of(f"PmrMultiToken.{case}")
    assert here < there < here * 1.1


def test_a_mint_takes_more_than_an_entry() -> None:
    for contract in TOKENS.values():
        entry = gas_of(f"{contract}.consult: append")
        assert entry < gas_of(f"{contract}.consult: mint, a later record")


def test_the_report_has_them_side_by_side() -> None:
    here, there = gas_of("PmrToken.claim: one entry"), gas_of("PmrMultiToken.claim: one entry")
    text = to_markdown(measured())
    assert f"| claim | one entry | {here:,} | {there:,} |" in text
    assert text.count("| consult | append |") == 3  # a row of each, and both together
