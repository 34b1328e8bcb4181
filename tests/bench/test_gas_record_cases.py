"""Cases of records, consents and custody: budgets are named, worst cases are the worst."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_record_cases import CASES, GRANTS_MAX
from tests.bench.gas_rows import gas_of, measured, world


def test_a_list_of_grants_is_full_after_the_worst_case() -> None:
    here = world()
    for _ in range(GRANTS_MAX):
        here.send(here.grant())
    with pytest.raises(CandidateFaultError, match="GrantLimit"):
        here.send(here.grant())


@pytest.mark.parametrize(
    ("typical", "worst"),
    [
        ("ConsentRegistry.grant: another grantee", "ConsentRegistry.grant: 8th of one list"),
        ("ConsentRegistry.revoke: alone in its list", "ConsentRegistry.revoke: 8th of its list"),
        ("ConsentRegistry.grantMany: 1 consent", "ConsentRegistry.grantMany: 16 consents"),
        ("CustodyLedger.recordEpochs: 1 first note", "CustodyLedger.recordEpochs: 64 first notes"),
    ],
)
def test_worst_case_takes_more(typical: str, worst: str) -> None:
    assert gas_of(worst) > gas_of(typical)


def test_each_budget_of_the_specification_has_a_row() -> None:
    rows = [row for row in measured() if row.budget is not None]
    budgets = {row.function: row.budget for row in rows if row.contract != "PmrMultiToken"}
    assert budgets == {
        "consult": 120_000,
        "addSecondOpinion": 120_000,
        "amend": 120_000,
        "denyPetition": 120_000,
        "dispute": 120_000,
        "file": 200_000,
        "grant": 80_000,
        "revoke": 35_000,
        "revokeSigned": 35_000,
    }
    assert {case.budget for case in CASES} >= {100_000}
