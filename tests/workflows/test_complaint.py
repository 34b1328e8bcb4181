"""A complaint of how a grant is used, on a small network: before and after it is found proven."""

from dataclasses import replace

import pytest

from node.contracts.government_actions import UpholdComplaint
from node.privacy.record import commitment
from node.privacy.release_errors import GrantNotActiveError
from node.workflows.access import direct_request, grant, revoke
from node.workflows.complaint import ComplaintMade, complain_of_grant, uphold_complaint
from node.workflows.letter import write_letter
from node.workflows.refresh import refresh_epoch
from node.workflows.register_hospital import decide
from node.workflows.rotate_key import rotate_key
from tests.workflows.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage().onboard("d0", "d1", "d3").register("p0", "p1")


def _regulators(stage: Stage):
    return tuple(stage.cast.regulators.values())


def _complain(stage: Stage, made, who=None):
    complainant = stage.hospital("h1") if who is None else who
    return complain_of_grant(
        stage.ward, complainant, made, text="sold to a paper", entropy=stage.entropy()
    )


def test_a_hospital_complains_the_authority_agrees_and_nothing_is_released(stage: Stage) -> None:
    visit = stage.visit()
    made = stage.grant(visit)
    complaint = stage.do(_complain(stage, made))
    assert stage.read(visit.pmr_id, "d1").entries
    stage.do(uphold_complaint(stage.ward, complaint, _regulators(stage)))
    ended_s = stage.head_s()
    stage.until(lambda: min(stage.final_times()) >= ended_s)
    with pytest.raises(GrantNotActiveError) as refused:
        stage.read(visit.pmr_id, "d1")
    assert refused.value.status == "REVOKED"


def test_the_ledger_commits_to_what_the_authority_is_shown(stage: Stage) -> None:
    complaint = stage.do(_complain(stage, stage.grant(stage.visit()), stage.patient("p0")))
    letter = complaint.letter
    assert letter.commitment() == commitment(letter.salt, b"sold to a paper")
    found = stage.view(stage.contracts.consents.complaint_of(complaint.grant.grant_id))
    assert (found.upheld_s, found.patient_id) == (0, stage.patient("p0").patient_id)


def test_each_grant_of_a_list_gets_its_complaint(stage: Stage) -> None:
    visit, doctor = stage.visit(), stage.doctor("d3")
    asked = [direct_request(doctor, visit.patient, pmr_id) for pmr_id in (visit.pmr_id, 0)]
    made = stage.do(grant(stage.ward, *asked, seconds=600, entropy=stage.entropy()))
    complaint = stage.do(_complain(stage, made))
    stage.do(uphold_complaint(stage.ward, complaint, _regulators(stage)))
    for one in (made, *made.others):
        found = stage.view(stage.contracts.consents.complaint_of(one.grant_id))
        assert (found.upheld_s > 0, found.pmr_id) == (True, one.pmr_id)


def test_of_a_list_the_grants_that_still_run_get_their_complaint(stage: Stage) -> None:
    visit, doctor = stage.visit(), stage.doctor("d3")
    asked = [direct_request(doctor, visit.patient, pmr_id) for pmr_id in (visit.pmr_id, 0)]
    made = stage.do(grant(stage.ward, *asked, seconds=600, entropy=stage.entropy()))
    stage.do(revoke(stage.ward, replace(made, others=())))
    complaint = stage.do(_complain(stage, made))
    stage.do(uphold_complaint(stage.ward, complaint, _regulators(stage)))
    again = uphold_complaint(stage.ward, complaint, _regulators(stage))
    before = stage.traces().transactions
    assert stage.revert(again).name == "AlreadyUpheld"
    assert stage.traces().transactions == before
    assert stage.revert(revoke(stage.ward, made)).name == "GrantUnknown"
    assert stage.revert(_complain(stage, made)).name == "GrantNotActive"


def test_what_nobody_complained_of_is_not_decided(stage: Stage) -> None:
    made = stage.grant(stage.visit())
    letter = write_letter("nobody sent this", stage.entropy())
    flow = uphold_complaint(stage.ward, ComplaintMade(made, letter), _regulators(stage))
    assert stage.revert(flow).name == "ComplaintUnknown"


def test_the_wallet_hears_of_a_verdict_from_the_ledger(stage: Stage) -> None:
    """The authority decides without the patient; renewals and grants have to go on behind it."""
    visit = stage.visit()
    made = stage.grant(visit, seconds=120)
    stage.do(_complain(stage, made))
    stage.do(decide(stage.ward, _regulators(stage), UpholdComplaint(made.grant_id)))
    stage.grant(visit, "d3")
    stage.until(lambda: min(stage.final_times()) > made.valid_until_s + 10)
    deal_id = visit.filed.deal_id
    stage.do(refresh_epoch(stage.ward, visit.patient, (deal_id,), stage.entropy()))
    assert stage.grant(visit, "d1").deposits == 4
    assert stage.read(visit.pmr_id, "d1").entries
    assert stage.read(visit.pmr_id, "d3").entries


def test_a_rotation_lends_nothing_to_a_grant_that_the_authority_ended(stage: Stage) -> None:
    visit = stage.visit()
    made = stage.grant(visit)
    stage.do(_complain(stage, made))
    stage.do(decide(stage.ward, _regulators(stage), UpholdComplaint(made.grant_id)))
    flow = rotate_key(stage.ward, visit.patient, visit.filed.deal_id, stage.entropy(), without=None)
    assert stage.do(flow).deposits == 0


def test_who_is_neither_patient_nor_hospital_does_not_complain(stage: Stage) -> None:
    made = stage.grant(stage.visit())
    assert stage.revert(_complain(stage, made, stage.patient("p1"))).name == "NotParticipant"


def test_minority_of_the_authority_ends_nothing(stage: Stage) -> None:
    visit = stage.visit()
    made = stage.grant(visit)
    complaint = stage.do(_complain(stage, made))
    one = _regulators(stage)[:1]
    before = visit.patient.granted[made.grant_id].ends_s
    stage.do(uphold_complaint(stage.ward, complaint, one))
    assert stage.read(visit.pmr_id, "d1").entries
    assert visit.patient.granted[made.grant_id].ends_s == before
