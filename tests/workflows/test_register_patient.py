from dataclasses import replace

import pytest

from node.ipfs_lite.errors import PlacementInfeasibleError
from node.privacy.record import body_of, open_ready
from node.sim.share_trial import rebuild
from node.workflows.register_patient import RegisteredPatient, register_patient
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(steps="{do: register_hospital, hospital: h3}", n=4, first_patient_id=85437)


@pytest.fixture(scope="module")
def registered(stage: Stage) -> RegisteredPatient:
    return stage.do(register_patient(stage.ward, stage.patient("p0"), stage.entropy()))


def test_the_first_patient_gets_the_first_id(stage: Stage, registered: RegisteredPatient) -> None:
    account = stage.patient("p0").wallet.address
    assert registered.patient_id == stage.patient("p0").patient_id == 85437
    assert stage.view(stage.contracts.patients.id_of(account)) == 85437


def test_details_open_with_the_patients_share_and_read_as_written(
    stage: Stage, registered: RegisteredPatient
) -> None:
    patient = stage.patient("p0")
    names = [stage.cast.name_of(one) for one in registered.details.custodians[:2]]
    opened = rebuild(stage.world, patient.wallet, registered.details, names, essential=True)
    assert open_ready(opened)[1] == patient.person.details


def test_an_attendant_is_a_record_of_its_own(stage: Stage, registered: RegisteredPatient) -> None:
    assert registered.attendant is not None
    assert registered.attendant.deal_id != registered.details.deal_id
    assert len(stage.patient("p0").wallet.deals) == 2


def test_a_patient_without_attendant_leaves_one_record(stage: Stage) -> None:
    done = stage.do(register_patient(stage.ward, stage.patient("p1"), stage.entropy()))
    assert done.attendant is None
    assert len(stage.patient("p1").wallet.deals) == 1


def test_no_detail_stands_in_clear_in_any_store(
    stage: Stage, registered: RegisteredPatient
) -> None:
    details = body_of(stage.patient("p0").person.details)
    contact = stage.patient("p0").person.details.contact.encode()
    assert contact in details
    for core in stage.world.nodes.values():
        for row in core.store.store._rows.values():
            assert contact not in row.data


def test_a_second_registration_is_refused_with_the_id_that_stands(
    stage: Stage, registered: RegisteredPatient
) -> None:
    error = stage.revert(register_patient(stage.ward, stage.patient("p0"), stage.entropy()))
    assert (error.name, error.values) == ("DuplicateRegistration", (85437,))


def test_a_refused_registration_seals_and_stores_nothing(
    stage: Stage, registered: RegisteredPatient
) -> None:
    desk = stage.hospital("h0").signer.address
    before, deals = stage.traces(desk), stage.patient("p0").wallet.deals
    stage.revert(register_patient(stage.ward, stage.patient("p0"), stage.entropy()))
    stage.run(3)
    assert stage.traces(desk) == before
    assert stage.patient("p0").wallet.deals == deals
    assert stage.patient("p0").patient_id == 85437


def test_the_desk_of_an_unverified_hospital_is_refused(stage: Stage) -> None:
    patient = replace(stage.patient("p2"), hospital=stage.hospital("h3"))
    before = stage.traces()
    error = stage.revert(register_patient(stage.ward, patient, stage.entropy()))
    assert error.name == "HospitalNotVerified"
    assert patient.patient_id == 0
    assert stage.traces() == before


def test_too_few_verified_hospitals_for_the_plan_are_told_and_leave_nothing() -> None:
    stage = Stage(steps="{do: register_hospital, hospital: h3}", n=5)
    before = stage.traces()
    ended = stage.play(register_patient(stage.ward, stage.patient("p1"), stage.entropy()))
    assert isinstance(ended.error, PlacementInfeasibleError)
    stage.run(3)
    assert stage.traces() == before
