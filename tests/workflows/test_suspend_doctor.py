import pytest

from node.contracts.government_actions import SUSPENDED_FOR_GOOD
from node.workflows.suspend_doctor import suspend_doctor
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1")


def suspended(stage: Stage, name: str, seconds: int | None):
    regulators = tuple(stage.cast.regulators.values())
    return suspend_doctor(stage.ward, stage.doctor(name), regulators, seconds=seconds)


def is_active(stage: Stage, name: str) -> bool:
    return stage.view(stage.contracts.doctors.is_active(stage.doctor(name).signer.address))


def test_a_suspension_for_a_time_ends_by_itself(stage: Stage) -> None:
    began_s = stage.head_s()
    stage.do(suspended(stage, "d0", 30))
    assert not is_active(stage, "d0")
    until_s = stage.view(stage.contracts.doctors.doctor(1)).suspended_until_s
    assert until_s == began_s + 30
    stage.until(lambda: stage.head_s() >= until_s)
    assert is_active(stage, "d0")


def test_a_suspension_for_good_names_the_end_of_time(stage: Stage) -> None:
    stage.do(suspended(stage, "d1", None))
    doctor = stage.view(stage.contracts.doctors.doctor(2))
    assert doctor.suspended_until_s == SUSPENDED_FOR_GOOD
    assert not is_active(stage, "d1")


def test_who_is_no_doctor_cannot_be_suspended(stage: Stage) -> None:
    before = stage.traces()
    assert stage.revert(suspended(stage, "d2", 30)).name == "DoctorUnknown"
    assert stage.traces() == before
