from node.contracts.deploy import RETENTION_SECONDS
from node.workflows.erase import erase
from node.workflows.retain import Retention, retain
from tests.workflows.stage import Stage

NOWHERE = 9901012026


def test_a_record_is_kept_for_three_years_from_its_newest_entry() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    stage.visit()
    newest = stage.view(stage.contracts.pmr.entries(visit.pmr_id))[-1].time_s
    node = stage.hospital("h1").node
    [told] = stage.do(retain(stage.ward, node, (visit.pmr_id,)))
    assert (told.pmr_id, told.until_s) == (visit.pmr_id, newest + RETENTION_SECONDS)
    assert (told.erased_s, told.is_running) == (0, True)
    stage.do(erase(stage.ward, stage.patient("p0"), visit.pmr_id, basis="GDPR-17"))
    [gone] = stage.do(retain(stage.ward, stage.hospital("h0").node, (visit.pmr_id,)))
    assert gone.erased_s > 0
    assert not gone.is_running
    assert stage.revert(retain(stage.ward, node, (NOWHERE,))).name == "RecordUnknown"


def test_the_time_is_over_at_its_last_second() -> None:
    assert Retention(1, until_s=100, erased_s=0, at_s=99).is_running
    assert not Retention(1, until_s=100, erased_s=0, at_s=100).is_running
