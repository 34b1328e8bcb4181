import pytest

from node.workflows.errors import NoGrantError
from node.workflows.move_hospital import move_hospital
from node.workflows.read_record import read_record
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0")


def _reading(stage: Stage, pmr_id: int):
    return read_record(stage.ward, stage.hospital("h2"), pmr_id, stage.entropy())


def _move(stage: Stage, hospital: str, seconds: int = 600):
    patient = stage.patient("p0")
    where = stage.hospital(hospital)
    return move_hospital(stage.ward, patient, where, seconds=seconds, entropy=stage.entropy())


def test_the_new_hospital_reads_the_history_and_nothing_is_filed_anew(stage: Stage) -> None:
    visit = stage.visit()
    assert isinstance(stage.play(_reading(stage, visit.pmr_id)).error, NoGrantError)
    before = stage.view(stage.contracts.pmr.entries(visit.pmr_id))
    made = stage.do(_move(stage, "h2"))
    assert stage.patient("p0").hospital is stage.hospital("h2")
    assert (made.pmr_id, made.grantee.name) == (0, "h2")
    assert [one.index for one in stage.do(_reading(stage, visit.pmr_id)).entries] == [0]
    assert stage.view(stage.contracts.pmr.entries(visit.pmr_id)) == before


def test_a_refused_move_leaves_the_patient_where_they_are(stage: Stage) -> None:
    home = stage.patient("p0").hospital
    too_long = 31 * 86_400
    assert stage.revert(_move(stage, "h1", seconds=too_long)).name == "ConsentPeriod"
    assert stage.patient("p0").hospital is home
