from dataclasses import replace
from datetime import date
from io import BytesIO

import pydicom
import pytest

from node.base.rng import TreeEntropy
from node.contracts.lab_registry import OrderStatus
from node.contracts.pmr_token import EntryKind
from node.privacy.errors import (
    AlreadyDeidentifiedError,
    NotDicomError,
    TruncatedDicomError,
    UnsupportedObjectError,
)
from node.privacy.record import Study, open_ready
from node.privacy.studies import load_study
from node.sim.share_trial import rebuild
from node.sss.shares import Scheme
from node.workflows.consult import Visit
from node.workflows.errors import ModalityError
from node.workflows.labs import FiledStudy, order_lab, perform_lab
from tests.privacy.dicom_factory import make
from tests.workflows.stage import Overheard, Stage, awaits_between

CT = load_study("pydicom:CT_small")
NOISE = TreeEntropy(1, "noise").take(5_000)


@pytest.fixture(scope="module")
def stage() -> Stage:
    steps = "{do: register_hospital, hospital: h3}"
    return Stage(steps=steps, n=4).onboard("d0", "d1").register("p0")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit()


@pytest.fixture(scope="module")
def study(stage: Stage, visit: Visit) -> FiledStudy:
    return stage.scan(visit)


def order(stage: Stage, visit: Visit, *, doctor="d0", lab="l0", modality="CT", reason=None):
    lab = stage.lab(lab) if isinstance(lab, str) else lab
    who = stage.doctor(doctor), visit.patient, lab, visit.pmr_id
    return order_lab(stage.ward, *who, modality=modality, reason=reason)


def perform(stage: Stage, ordered, data: bytes = CT, lab: str = "l0"):
    return perform_lab(stage.ward, stage.lab(lab), ordered, data, stage.entropy())


def test_an_order_is_open_on_the_ledger_for_its_lab(stage: Stage, visit: Visit) -> None:
    ordered = stage.do(order(stage, visit, modality="MR"))
    found = stage.view(stage.contracts.labs.order_of(ordered.order_id))
    assert (found.status, found.pmr_id) == (OrderStatus.OPEN, visit.pmr_id)
    assert found.lab == stage.lab("l0").signer.address


def test_a_lab_is_listed_once_by_its_hospital(stage: Stage, visit: Visit) -> None:
    stage.do(order(stage, visit))
    before = stage.traces(stage.hospital("h0").signer.address)
    stage.do(order(stage, visit))
    after = stage.traces(stage.hospital("h0").signer.address)
    assert after.nonces == before.nonces
    assert after.transactions == before.transactions + 1


def test_a_lab_of_another_hospital_is_listed_by_that_one(stage: Stage, visit: Visit) -> None:
    stage.do(order(stage, visit, lab="l1"))
    listed_by = stage.view(stage.contracts.labs.hospital_of(stage.lab("l1").signer.address))
    home = stage.hospital("h1").signer.address
    assert listed_by == stage.view(stage.contracts.hospitals.id_of(home))


def test_the_doctors_node_must_know_the_lab_before_it_is_asked(stage: Stage, visit: Visit) -> None:
    lab = replace(stage.lab("l1"), signer=stage.patient("p3").signer)
    assert lab.node != stage.doctor("d0").node
    flow = Overheard(order(stage, visit, lab=lab))
    stage.do(flow)
    here = stage.doctor("d0").node
    assert awaits_between(flow.asked) == [(lab.node, 1), (here, 1), (here, 2)]


def test_a_doctor_who_may_not_order_gets_no_lab_listed_either(stage: Stage, visit: Visit) -> None:
    unlisted = replace(stage.lab("l1"), signer=stage.doctor("d2").signer)
    before = stage.traces()
    refused = stage.revert(order(stage, visit, lab=unlisted, doctor="d2"))
    assert refused.name == "DoctorNotActive"
    stage.run(3)
    assert stage.traces() == before


def test_an_order_without_a_reason_is_refused(stage: Stage, visit: Visit) -> None:
    assert stage.revert(order(stage, visit, reason="")).name == "ReasonMissing"


def test_an_unverified_hospital_lists_no_lab(stage: Stage, visit: Visit) -> None:
    hospital = stage.hospital("h3")
    lab = replace(stage.lab("l1"), hospital=hospital, signer=stage.patient("p2").signer)
    assert stage.revert(order(stage, visit, lab=lab)).name == "HospitalNotVerified"


def test_a_filed_study_is_an_entry_of_the_visits_record(
    stage: Stage, visit: Visit, study: FiledStudy
) -> None:
    entry = stage.view(stage.contracts.pmr.entry(visit.pmr_id, study.entry_index))
    assert entry.kind is EntryKind.LAB
    assert entry.content == study.filed.content
    assert (study.pmr_id, study.patient) == (visit.pmr_id, visit.patient)


def test_the_ledger_says_when_it_was_taken_and_how_it_was_split(
    stage: Stage, study: FiledStudy
) -> None:
    found = stage.view(stage.contracts.labs.order_of(study.order.order_id))
    assert found.status is OrderStatus.FILED
    assert found.captured == date(1997, 4, 30)
    assert (found.plan.scheme_id, found.plan.needed, found.plan.total) == (Scheme.SSMS, 3, 4)


def test_what_opens_is_the_study_without_its_person(stage: Stage, study: FiledStudy) -> None:
    names = [stage.cast.name_of(one) for one in study.filed.custodians[:2]]
    wallet = study.patient.wallet
    opened = rebuild(stage.world, wallet, study.filed, names, essential=True)
    record = open_ready(opened)[1]
    assert isinstance(record, Study)
    before, after = (pydicom.dcmread(BytesIO(each)) for each in (CT, record.data))
    assert after.PatientName != before.PatientName
    assert after.PatientIdentityRemoved == "YES"
    assert after.PixelData == before.PixelData


def test_a_study_without_a_date_is_of_the_day_it_is_filed(stage: Stage, visit: Visit) -> None:
    ordered = stage.do(order(stage, visit))
    done = stage.do(perform(stage, ordered, make()))
    found = stage.view(stage.contracts.labs.order_of(done.order.order_id))
    assert found.captured == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotDicomError),
        (NOISE, NotDicomError),
        (CT[:200], TruncatedDicomError),
        (CT[:-1], TruncatedDicomError),
        (CT[: len(CT) // 2], TruncatedDicomError),
        (load_study("pydicom:reportsi"), UnsupportedObjectError),
        (load_study("pydicom:MR_small"), ModalityError),
    ],
    ids=["empty", "noise", "header", "byte", "half", "report", "modality"],
)
def test_a_file_that_cannot_be_filed_is_named_and_leaves_nothing_anywhere(
    stage: Stage, visit: Visit, data: bytes, error: type
) -> None:
    ordered = stage.do(order(stage, visit))
    account = stage.lab("l0").signer.address
    before, deals = stage.traces(account), visit.patient.wallet.deals
    assert type(stage.play(perform(stage, ordered, data)).error) is error
    stage.run(3)
    assert stage.traces(account) == before
    assert visit.patient.wallet.deals == deals
    found = stage.view(stage.contracts.labs.order_of(ordered.order_id))
    assert found.status is OrderStatus.OPEN


def test_a_study_that_was_cleaned_before_is_not_cleaned_again(
    stage: Stage, visit: Visit, study: FiledStudy
) -> None:
    names = [stage.cast.name_of(one) for one in study.filed.custodians[:2]]
    opened = rebuild(stage.world, study.patient.wallet, study.filed, names, essential=True)
    clean = open_ready(opened)[1]
    ended = stage.play(perform(stage, stage.do(order(stage, visit)), clean.data))
    assert isinstance(ended.error, AlreadyDeidentifiedError)


def test_an_order_is_performed_once(stage: Stage, study: FiledStudy) -> None:
    before = stage.traces()
    assert stage.revert(perform(stage, study.order)).name == "OrderNotOpen"
    stage.run(3)
    assert stage.traces() == before


def test_an_order_is_performed_by_the_lab_that_it_names(stage: Stage, visit: Visit) -> None:
    ordered = stage.do(order(stage, visit))
    before = stage.traces()
    assert stage.revert(perform(stage, ordered, lab="l1")).name == "NotOrderedLab"
    stage.run(3)
    assert stage.traces() == before
