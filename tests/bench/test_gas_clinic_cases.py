"""Cases of appointments and insurance: the largest calls fit what flows offer as gas."""

import pytest

from node.bench.gas_clinic_cases import CASES
from node.workflows.transacting import CALL_GAS
from tests.bench.gas_rows import gas_of, world


@pytest.mark.parametrize("place", range(len(CASES)))
def test_every_case_succeeds_with_the_gas_that_flows_offer(place: int) -> None:
    here = world()
    assert here.send(CASES[place].prepare(here)) < CALL_GAS


@pytest.mark.parametrize(
    ("typical", "worst"),
    [
        ("AppointmentBook.openSlots: 1 slot", "AppointmentBook.openSlots: 24 slots"),
        (
            "InsuranceRegistry.fileClaim: 1 entry, by the patient",
            "InsuranceRegistry.fileClaim: 8 entries, by the hospital",
        ),
    ],
)
def test_worst_case_takes_more(typical: str, worst: str) -> None:
    assert gas_of(worst) > gas_of(typical)
