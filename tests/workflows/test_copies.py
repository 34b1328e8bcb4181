"""A copy of the own records, from the request to the patient who opens it."""

from dataclasses import replace

import pytest

from node.base.errors import CodecError
from node.base.types import Hash32
from node.contracts.cids import Content
from node.privacy.record import body_of, commitment
from node.workflows.copies import fetch_copy, issue_copy, request_copy
from tests.workflows.stage import Stage, note


def _stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0")


def _issue(stage: Stage, asked, hospital: str = "h0"):
    return issue_copy(stage.ward, stage.hospital(hospital), asked, stage.entropy())


def test_patient_gets_what_was_written_with_the_means_to_check_it() -> None:
    stage = _stage()
    visit = stage.visit(entry=note("first"))
    stage.visit(entry=note("second"))
    asked = stage.do(request_copy(stage.ward, visit.patient, 0))
    made = stage.do(_issue(stage, asked))
    assert (made.entries, made.is_late) == (2, False)
    entries = stage.do(fetch_copy(visit.patient, made))
    assert [one.record for one in entries] == [note("first"), note("second")]
    for one in entries:
        on_ledger = stage.view(stage.contracts.pmr.entry(one.pmr_id, one.index)).content
        assert commitment(one.salt, body_of(one.record)) == on_ledger.commitment


def test_copy_that_is_not_the_recorded_one_is_refused() -> None:
    stage = _stage()
    visit = stage.visit()
    made = stage.do(_issue(stage, stage.do(request_copy(stage.ward, visit.patient, visit.pmr_id))))
    other = replace(made, content=Content(Hash32(b"\x01" * 32), made.content.cid))
    with pytest.raises(CodecError):
        stage.do(fetch_copy(visit.patient, other))


def test_hospital_that_wrote_an_entry_may_issue_and_another_may_not() -> None:
    stage = _stage()
    visit = stage.visit("d1")  # written by a doctor of h1; the desk is h0
    asked = stage.do(request_copy(stage.ward, visit.patient, 0))
    assert stage.revert(_issue(stage, asked, "h2")).name == "NotRecordKeeper"
    assert stage.do(_issue(stage, asked, "h1")).entries == 1


def test_copy_is_issued_once() -> None:
    stage = _stage()
    visit = stage.visit()
    asked = stage.do(request_copy(stage.ward, visit.patient, 0))
    stage.do(_issue(stage, asked))
    assert stage.revert(_issue(stage, asked)).name == "AlreadyIssued"


def test_anothers_record_is_not_asked_for() -> None:
    stage = _stage().register("p2")
    visit = stage.visit()
    flow = request_copy(stage.ward, stage.patient("p2"), visit.pmr_id)
    assert stage.revert(flow).name == "NotPatient"
