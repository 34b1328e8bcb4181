"""Cases of devices, insurance and appointments: the worst is the most that a contract takes."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_service_cases import READINGS_MAX
from node.bench.gas_world import PMR_ID, Call, account, content, word
from tests.bench.gas_rows import gas_of, world


@pytest.mark.parametrize(
    ("typical", "worst"),
    [
        ("IomtRegistry.raiseAlert: of 4 readings", "IomtRegistry.raiseAlert: of 1,024 readings"),
        (
            "InsuranceRegistry.fileClaim: 1 entry, by the patient",
            "InsuranceRegistry.fileClaim: 8 entries, by the hospital",
        ),
        ("AppointmentBook.openSlots: 1 slot", "AppointmentBook.openSlots: 24 slots"),
    ],
)
def test_worst_case_takes_more(typical: str, worst: str) -> None:
    assert gas_of(worst) > gas_of(typical)


@pytest.mark.parametrize(("count", "is_taken"), [(READINGS_MAX, True), (READINGS_MAX + 1, False)])
def test_a_batch_has_so_many_readings_and_no_more(count: int, is_taken: bool) -> None:
    here = world()
    devices = here.suite.devices
    bound = devices.bind_device(account("watch"), pmr_id=PMR_ID, hospital_id=1)
    here.send(Call("d1", devices.address, bound))
    data = devices.file_readings(0, count=count, root=word("root"), content=content("readings"))
    call = Call("watch", devices.address, data)
    if is_taken:
        here.send(call)
    else:
        with pytest.raises(CandidateFaultError, match="BatchSize"):
            here.send(call)
