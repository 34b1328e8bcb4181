from dataclasses import replace

import pytest

from node.contracts.registration import RegistrationCodeError
from node.workflows.onboard_doctor import onboard_doctor
from node.workflows.register_hospital import register_hospital
from tests.workflows.stage import Stage

STEPS = "{do: register_hospital, hospital: h0}"


@pytest.fixture(scope="module")
def stage() -> Stage:
    """h0 is not Verified; d1 of h1 is on board as Doctor-ID 1."""
    return Stage(steps=STEPS).onboard("d1")


def test_a_doctor_is_active_under_the_id_that_the_flow_gives(stage: Stage) -> None:
    account = stage.doctor("d1").signer.address
    assert stage.view(stage.contracts.doctors.id_of(account)) == 1
    assert stage.view(stage.contracts.doctors.is_active(account))


def test_a_doctor_of_an_unverified_hospital_is_refused_by_the_contract(stage: Stage) -> None:
    error = stage.revert(onboard_doctor(stage.ward, stage.doctor("d0")))
    assert error.name == "HospitalNotVerified"


def test_nothing_of_a_refused_doctor_reaches_the_ledger(stage: Stage) -> None:
    desk = stage.hospital("h0").signer.address
    before = stage.traces(desk)
    stage.revert(onboard_doctor(stage.ward, stage.doctor("d0")))
    stage.run(3)
    assert stage.traces(desk) == before
    assert before.pooled == 0
    assert stage.view(stage.contracts.doctors.doctor_count()) == 1


def test_a_registration_number_stands_for_one_doctor_in_the_whole_network(stage: Stage) -> None:
    second = replace(
        stage.doctor("d2"),
        registration=stage.doctor("d1").registration.lower(),
        hospital=stage.hospital("h2"),
    )
    error = stage.revert(onboard_doctor(stage.ward, second))
    assert (error.name, error.values) == ("DuplicateRegistration", (1,))


def test_an_account_is_one_doctor_whatever_number_it_shows(stage: Stage) -> None:
    again = replace(stage.doctor("d1"), registration="UPRN-NEW")
    error = stage.revert(onboard_doctor(stage.ward, again))
    assert (error.name, error.values) == ("DuplicateRegistration", (1,))


@pytest.mark.parametrize("number", ["", " ", "A" * 33, "UPRN_1", "Ä1"])
def test_a_number_that_cannot_be_one_is_told_before_anything_is_asked(
    stage: Stage, number: str
) -> None:
    flow = onboard_doctor(stage.ward, replace(stage.doctor("d2"), registration=number))
    with pytest.raises(RegistrationCodeError, match="registration number"):
        next(flow)


def test_once_the_hospital_is_verified_its_doctor_is_taken() -> None:
    stage = Stage(steps=STEPS)
    regulators = tuple(stage.cast.regulators.values())
    stage.do(register_hospital(stage.ward, stage.hospital("h0"), regulators))
    assert stage.do(onboard_doctor(stage.ward, stage.doctor("d0"))) == 1
