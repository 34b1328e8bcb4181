from dataclasses import replace
from datetime import date

import pytest

from node.contracts.pmr_id import decode_pmr_id
from node.contracts.pmr_token import EntryKind
from node.privacy.record import open_ready
from node.sim.share_trial import rebuild
from node.workflows.consult import Visit, consult, write_entry
from node.workflows.suspend_doctor import suspend_doctor
from tests.workflows.stage import Stage, note

DAY_S = 86_400


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit(entry=note("first"))


def flow(stage: Stage, doctor: str = "d0", patient: str = "p0", on: date | None = None):
    who = stage.doctor(doctor), stage.patient(patient)
    return consult(stage.ward, *who, note(), on=on, entropy=stage.entropy())


def entries(stage: Stage, pmr_id: int):
    return stage.view(stage.contracts.pmr.entries(pmr_id))


def test_the_first_visit_of_a_day_mints_a_token_of_the_patient(stage: Stage, visit: Visit) -> None:
    owner = stage.view(stage.contracts.pmr.owner_of(visit.pmr_id))
    assert owner == stage.patient("p0").wallet.address
    assert visit.entry_index == 0
    assert decode_pmr_id(visit.pmr_id).visit == date(2026, 1, 1)


def test_the_ledger_commits_to_what_was_filed(stage: Stage, visit: Visit) -> None:
    entry = entries(stage, visit.pmr_id)[0]
    assert entry.content == visit.filed.content
    assert entry.kind is EntryKind.CONSULTATION
    assert (entry.doctor_id, entry.hospital_id) == (1, 1)


def test_the_record_opens_as_it_was_written(stage: Stage, visit: Visit) -> None:
    names = [stage.cast.name_of(one) for one in visit.filed.custodians[2:]]
    wallet = visit.patient.wallet
    opened = rebuild(stage.world, wallet, visit.filed, names, essential=True)
    assert open_ready(opened)[1] == note("first")


def test_a_second_visit_on_the_day_appends_to_the_same_token(stage: Stage, visit: Visit) -> None:
    second = stage.visit("d1", entry=note("second"))
    assert (second.pmr_id, second.entry_index) == (visit.pmr_id, 1)
    assert [one.doctor_id for one in entries(stage, visit.pmr_id)] == [1, 2]
    assert stage.view(stage.contracts.pmr.total_supply()) == 1


def test_a_visit_of_the_next_day_is_another_token(stage: Stage, visit: Visit) -> None:
    later = stage.visit(on=date(2026, 1, 2))
    assert later.entry_index == 0
    assert later.pmr_id != visit.pmr_id
    assert decode_pmr_id(later.pmr_id).visit == date(2026, 1, 2)


@pytest.mark.parametrize("day", [date(2025, 12, 30), date(2026, 1, 3)])
def test_a_day_more_than_one_from_the_block_is_refused_before_anything_is_sealed(
    stage: Stage, visit: Visit, day: date
) -> None:
    before, deals = stage.traces(), stage.patient("p0").wallet.deals
    assert stage.revert(flow(stage, on=day)).name == "DateTooFar"
    stage.run(3)
    assert stage.traces() == before
    assert stage.patient("p0").wallet.deals == deals


def test_a_patient_who_never_registered_has_no_record(stage: Stage) -> None:
    before = stage.traces()
    assert stage.revert(flow(stage, patient="p1")).name == "PatientUnknown"
    assert stage.traces() == before


def test_a_doctor_who_was_never_onboarded_writes_nothing(stage: Stage) -> None:
    before = stage.traces()
    assert stage.revert(flow(stage, doctor="d2")).name == "DoctorNotActive"
    stage.run(3)
    assert stage.traces() == before


def test_a_doctor_writes_for_no_hospital_but_their_own(stage: Stage) -> None:
    elsewhere = replace(stage.doctor("d0"), hospital=stage.hospital("h2"))
    who = elsewhere, stage.patient("p0")
    flow_ = consult(stage.ward, *who, note(), on=None, entropy=stage.entropy())
    assert stage.revert(flow_).name == "DoctorNotActive"


def test_an_opinion_without_a_grant_is_refused_before_anything_is_sealed(
    stage: Stage, visit: Visit
) -> None:
    before = stage.traces()
    who = stage.doctor("d1"), visit.patient, note(), visit.pmr_id
    flow_ = write_entry(stage.ward, *who, second=True, entropy=stage.entropy())
    assert stage.revert(flow_).name == "GrantNotActive"
    stage.run(3)
    assert stage.traces() == before


def test_a_suspended_doctor_writes_nothing_until_the_time_is_over() -> None:
    stage = Stage().onboard("d0").register("p0")
    regulators = tuple(stage.cast.regulators.values())
    stage.do(suspend_doctor(stage.ward, stage.doctor("d0"), regulators, seconds=40))
    until_s = stage.view(stage.contracts.doctors.doctor(1)).suspended_until_s
    before = stage.traces()
    assert stage.revert(flow(stage)).name == "DoctorNotActive"
    assert stage.traces() == before
    stage.until(lambda: stage.head_s() >= until_s)
    assert stage.do(flow(stage)).entry_index == 0


def test_the_papers_example_is_minted_on_its_day() -> None:
    stage = Stage(epoch="2021-01-26T09:00:00Z", first_patient_id=85437)
    stage.onboard("d0").register("p0")
    assert stage.visit().pmr_id == 8543726012021


def test_the_day_without_a_date_is_that_of_the_hospitals_zone() -> None:
    stage = Stage(epoch="2026-01-01T20:00:00Z", timezone="Asia/Kolkata")
    stage.onboard("d0").register("p0")
    assert decode_pmr_id(stage.visit().pmr_id).visit == date(2026, 1, 2)
