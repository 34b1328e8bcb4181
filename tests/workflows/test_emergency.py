"""Breaking the glass on a small network: what opens, for whom, until when, and what follows."""

import pytest

from node.privacy.emergency import emergency_grant_id
from node.privacy.release_errors import GrantNotActiveError
from node.workflows.access import revoke
from node.workflows.emergency import after_emergency, emergency_access, review_emergency
from node.workflows.errors import NoGrantError
from node.workflows.refresh import refresh_epoch
from tests.workflows.stage import Stage, note


def _stage(*, is_left: bool = True) -> Stage:
    stage = Stage()
    stage.patient("p0").leaves_for_emergencies = is_left
    return stage.onboard("d0", "d1", "d3").register("p0")


def _break(stage: Stage, doctor: str = "d3", seconds: int = 600):
    who = stage.doctor(doctor), stage.patient("p0")
    return stage.do(emergency_access(stage.ward, *who, reason="coma", seconds=seconds))


def test_doctor_of_another_hospital_reads_what_was_left() -> None:
    stage = _stage()
    visit = stage.visit(entry=note("allergic to penicillin"))
    made = _break(stage)
    assert stage.read(visit.pmr_id, "d3").entries[0].record == note("allergic to penicillin")
    named = {one[40:72] for one in stage.world.receipts}
    assert named == {bytes(made.emergency_id)}


def test_patient_is_told_at_the_own_hospital() -> None:
    stage = _stage()
    stage.visit()
    made = _break(stage)
    stage.until(lambda: any(one.name == "emergency.patient_told" for one in stage.world.history))
    [told] = [one for one in stage.world.history if one.name == "emergency.patient_told"]
    assert told.process == "h0"
    assert bytes(made.emergency_id).hex() in str(told.value)


def test_who_left_nothing_stays_closed() -> None:
    stage = _stage(is_left=False)
    visit = stage.visit()
    _break(stage)
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d3")
    assert refused.value.status == "NO_DEPOSIT"


def test_doctor_without_an_emergency_reads_nothing() -> None:
    stage = _stage()
    visit = stage.visit()
    _break(stage)
    with pytest.raises(NoGrantError):
        stage.read(visit.pmr_id, "d1")
    stage.doctor("d1").grants.extend(stage.doctor("d3").grants)  # learned the id
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d1")
    assert refused.value.status == "UNKNOWN_GRANT"


def test_nothing_opens_after_the_end() -> None:
    stage = _stage()
    visit = stage.visit()
    made = _break(stage, seconds=20)
    stage.until(lambda: min(stage.final_times()) >= made.until_s)
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d3")
    assert refused.value.status == "EXPIRED"


def test_ends_of_grants_and_refreshes_leave_it_usable() -> None:
    """A step of the deal's epoch, standard revocation of another grant, and a renewal."""
    stage = _stage()
    visit = stage.visit()
    given = stage.grant(visit)
    stage.do(revoke(stage.ward, given))
    deal_id = visit.filed.deal_id
    custodians = [one.custody.custodian for one in stage.world.nodes.values()]
    stage.until(lambda: all(one.grant_share(given.grant_id, deal_id) is None for one in custodians))
    stage.do(refresh_epoch(stage.ward, visit.patient, (deal_id,), stage.entropy()))
    assert visit.patient.wallet.epoch(deal_id) == 2
    again = stage.grant(visit)
    assert again.deposits == 4
    _break(stage)
    assert stage.read(visit.pmr_id, "d3").entries[0].record == note()


def test_every_record_is_left_the_later_ones_too() -> None:
    stage = _stage()
    visit = stage.visit()
    stage.scan(visit)
    stage.visit(entry=note("the next day's"))
    _break(stage)
    assert len(stage.read(visit.pmr_id, "d3").entries) == 3
    left = [deal_id for _, deal_id in visit.patient.lent]
    assert len(set(left)) == len(left) == 3


def test_records_from_before_the_wish_are_left_with_the_next_one() -> None:
    stage = _stage(is_left=False)
    visit = stage.visit(entry=note("before"))
    visit.patient.leaves_for_emergencies = True
    stage.visit(entry=note("after"))
    _break(stage)
    assert len(stage.read(visit.pmr_id, "d3").entries) == 2


def test_afterwards_the_records_are_shared_anew_and_left_for_the_next_emergency() -> None:
    stage = _stage()
    visit = stage.visit(entry=note("allergic"))
    _break(stage, seconds=600)
    stage.read(visit.pmr_id, "d3")
    [(old, rotated)] = stage.do(after_emergency(stage.ward, visit.patient, stage.entropy()))
    assert old == visit.filed.deal_id
    assert rotated.generation == 1
    left_id = emergency_grant_id(stage.ward.chain_id, visit.patient.patient_id)
    assert visit.patient.lent == [(left_id, rotated.filed.deal_id)]
    custodians = [one.custody.custodian for one in stage.world.nodes.values()]
    stage.until(lambda: all(one.grant_share(left_id, old) is None for one in custodians))
    assert stage.read(visit.pmr_id, "d3").entries[0].record == note("allergic")


def test_after_the_end_and_the_rotation_the_doctor_reads_no_more() -> None:
    stage = _stage()
    visit = stage.visit()
    made = _break(stage, seconds=30)
    stage.read(visit.pmr_id, "d3")
    stage.do(after_emergency(stage.ward, visit.patient, stage.entropy()))
    stage.until(lambda: min(stage.final_times()) >= made.until_s)
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d3")
    assert refused.value.status == "EXPIRED"


def test_patient_who_is_none_cannot_be_in_an_emergency() -> None:
    stage = _stage()
    who = stage.doctor("d3"), stage.patient("p1")
    flow = emergency_access(stage.ward, *who, reason="coma", seconds=60)
    assert stage.revert(flow).name == "PatientUnknown"


def test_member_reviews_once() -> None:
    stage = _stage()
    made = _break(stage)
    member = next(iter(stage.cast.regulators.values()))

    def review():
        return review_emergency(
            stage.ward, member, made.emergency_id, outcome="needed", is_justified=True
        )

    assert not stage.do(review()).is_late
    assert stage.revert(review()).name == "AlreadyReviewed"


def test_review_that_finds_no_emergency_closes_it() -> None:
    stage = _stage()
    visit = stage.visit()
    made = _break(stage)
    assert stage.read(visit.pmr_id, "d3").entries
    member = next(iter(stage.cast.regulators.values()))
    review = review_emergency(
        stage.ward, member, made.emergency_id, outcome="curious", is_justified=False
    )
    assert stage.do(review).until_s < made.until_s
    ended_s = stage.head_s()
    stage.until(lambda: min(stage.final_times()) >= ended_s)
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d3")
    assert refused.value.status == "EXPIRED"
