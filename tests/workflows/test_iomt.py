"""Workflow 11: devices are given out, file what they measure, and tell of what deviates."""

from dataclasses import replace

import pytest

from node.base.errors import UnavailableError
from node.base.limits_records import DEVICE_BATCHES_COUNT_MAX
from node.contracts.iomt_registry import batch_id_of
from node.contracts.pmr_token import EntryKind
from node.privacy.baseline import Deviation
from node.privacy.errors import ReadingSignatureError, RecordError
from node.privacy.readings import ReadingBatch, Sample, kind_word, sign_readings
from node.workflows.access import direct_request, grant
from node.workflows.errors import NothingUnusualError
from node.workflows.iomt import (
    bind_device,
    file_batch,
    file_readings,
    outliers,
    raise_alert,
    unbind_device,
)
from node.workflows.own_record import read_own
from node.workflows.readings_check import device_domain
from node.workflows.requests import HandShare, Submit
from tests.workflows.stage import Overheard, Stage

HEART_RATE = "8867-4 /min"
CALM = (70, 72, 71, 69, 73, 70, 71, 72, 68, 71, 70, 72)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(n=4).onboard("d0", "d1").register("p0", "p1", "p3")


@pytest.fixture(scope="module")
def visit(stage: Stage):
    return stage.visit()


def samples(*values: int, kind: str = HEART_RATE) -> list[Sample]:
    return [Sample(1_767_225_600 + 60 * at, kind, value) for at, value in enumerate(values)]


def bind(stage: Stage, visit, device: str, doctor: str = "d0"):
    return bind_device(stage.ward, stage.doctor(doctor), stage.device(device), visit)


def file(stage: Stage, device: str, *values: int):
    return file_readings(stage.ward, stage.device(device), samples(*values), stage.entropy())


def binding(stage: Stage, device: str):
    account = stage.device(device).signer.address
    return stage.view(stage.contracts.devices.binding_of(account))


@pytest.fixture
def worn(stage: Stage, visit):
    """Device v0 at patient p0, and off again."""
    stage.do(bind(stage, visit, "v0"))
    yield stage.device("v0")
    if binding(stage, "v0").is_bound:
        stage.do(unbind_device(stage.ward, stage.device("v0")))


# giving out and taking off


def test_a_device_is_bound_by_the_doctor_of_the_visit(stage: Stage, visit, worn) -> None:
    found = binding(stage, "v0")
    assert (found.doctor, found.pmr_id) == (stage.doctor("d0").signer.address, visit.pmr_id)
    assert worn.patient is visit.patient


def test_binding_again_sends_nothing(stage: Stage, visit, worn) -> None:
    flow = Overheard(bind(stage, visit, "v0"))
    stage.do(flow)
    assert [ask for ask in flow.asked if isinstance(ask.request, Submit)] == []


def test_a_device_that_somebody_wears_is_not_given_to_another(stage: Stage, worn) -> None:
    other = stage.visit(patient="p3")
    assert stage.revert(bind(stage, other, "v0")).name == "DeviceTaken"


@pytest.mark.parametrize("by", ["patient", "hospital"])
def test_patient_and_hospital_take_a_device_off(stage: Stage, visit, worn, by: str) -> None:
    stage.do(file(stage, "v0", 70))
    who = visit.patient if by == "patient" else "hospital"
    stage.do(unbind_device(stage.ward, worn, by=who))
    assert not binding(stage, "v0").is_bound
    assert (worn.patient, worn.batches) == (None, [])


def test_another_patient_takes_no_device_off(stage: Stage, worn) -> None:
    refused = stage.revert(unbind_device(stage.ward, worn, by=stage.patient("p1")))
    assert refused.name == "HospitalNotVerified"


# filing


def test_filed_readings_are_an_entry_and_a_root(stage: Stage, visit, worn) -> None:
    filed = stage.do(file(stage, "v0", 70, 71, 72))
    entry = stage.view(stage.contracts.pmr.entry(visit.pmr_id, filed.entry_index))
    assert (entry.kind, entry.content) == (EntryKind.IOMT, filed.filed.content)
    batch = stage.view(stage.contracts.devices.batch_of(filed.batch_id))
    assert batch.root == filed.batch.root(device_domain(stage.ward))
    assert (batch.count, batch.entry_index) == (3, filed.entry_index)


def test_batches_go_on_where_the_ledger_stands(stage: Stage, worn) -> None:
    first = stage.do(file(stage, "v0", 70, 71))
    second = stage.do(file(stage, "v0", 72))
    assert second.batch.first_sequence == first.batch.first_sequence + 2


def test_the_patient_opens_the_readings(stage: Stage, visit, worn) -> None:
    filed = stage.do(file(stage, "v0", 70, 75))
    own = stage.do(read_own(stage.ward, visit.patient, filed.filed.deal_id, stage.entropy()))
    assert own.sealable.record == filed.batch


def test_a_grantee_opens_the_readings(stage: Stage, visit, worn) -> None:
    filed = stage.do(file(stage, "v0", 70, 76))
    stage.grant(visit)
    reading = stage.read(visit.pmr_id)
    opened = {one.index: one.record for one in reading.entries}
    assert opened[filed.entry_index] == filed.batch


def test_a_grant_without_their_section_opens_no_readings(stage: Stage, visit, worn) -> None:
    filed = stage.do(file(stage, "v0", 70))
    stage.onboard("d2")
    asked = direct_request(
        stage.doctor("d2"), visit.patient, visit.pmr_id, sections=("diagnosis", "lab_reports")
    )
    stage.do(grant(stage.ward, asked, seconds=600, entropy=stage.entropy()))
    reading = stage.read(visit.pmr_id, "d2")
    assert dict(reading.not_covered)[filed.entry_index] == "OUT_OF_SCOPE"
    assert filed.entry_index not in {one.index for one in reading.entries}


def refused_without_trace(stage: Stage, flow):
    before = stage.traces()
    error = stage.play(flow).error
    stage.run(3)
    assert stage.traces() == before
    return error


def test_a_replayed_batch_leaves_no_trace(stage: Stage, worn) -> None:
    filed = stage.do(file(stage, "v0", 70, 71))
    stage.run(5)
    again = file_batch(stage.ward, worn, filed.batch, stage.entropy())
    error = refused_without_trace(stage, again)
    assert (error.name, error.values) == ("SequenceNotNext", (filed.batch.first_sequence + 2,))


def test_a_batch_of_another_device_leaves_no_trace(stage: Stage, visit, worn) -> None:
    stage.do(bind(stage, visit, "v1"))
    filed = stage.do(file(stage, "v1", 70, 71))
    stage.run(5)
    foreign = file_batch(stage.ward, worn, filed.batch, stage.entropy())
    assert isinstance(refused_without_trace(stage, foreign), ReadingSignatureError)
    stage.do(unbind_device(stage.ward, stage.device("v1")))


def test_one_forged_reading_spoils_its_batch(stage: Stage, worn) -> None:
    batch = sign_readings(
        samples(70, 71, 72),
        first_sequence=binding(stage, "v0").next_sequence,
        domain=device_domain(stage.ward),
        signer=worn.signer,
        entropy=stage.entropy(),
    )
    one, middle, last = batch.readings
    forged = replace(middle, sample=replace(middle.sample, value=200))
    sent = replace(batch, readings=(one, forged, last))
    error = refused_without_trace(stage, file_batch(stage.ward, worn, sent, stage.entropy()))
    assert isinstance(error, ReadingSignatureError)
    assert error.sequence == batch.first_sequence + 1


def test_a_device_that_nobody_wears_files_nothing(stage: Stage) -> None:
    error = refused_without_trace(stage, file(stage, "v1", 70))
    assert error.name == "DeviceUnknown"


def test_a_sample_that_no_record_takes_leaves_no_trace(stage: Stage, worn) -> None:
    wrong = samples(70, kind="pulse")
    flow = file_readings(stage.ward, worn, wrong, stage.entropy())
    assert isinstance(refused_without_trace(stage, flow), RecordError)


def test_a_device_that_forgot_its_patient_files_nothing(stage: Stage, worn) -> None:
    worn.patient = stage.patient("p1")
    error = refused_without_trace(stage, file(stage, "v0", 70))
    assert error.name == "NotPatient"


def test_filing_that_was_cut_off_before_the_ledger_is_done_again(stage: Stage, worn) -> None:
    before = binding(stage, "v0").next_sequence
    flow = Overheard(file(stage, "v0", 70, 71))
    cut = stage.play(_until(flow, HandShare)).error
    assert isinstance(cut, _CutError)
    assert binding(stage, "v0").next_sequence == before
    filed = stage.do(file(stage, "v0", 70, 71))
    assert filed.batch.first_sequence == before


def test_filing_that_was_cut_off_behind_the_ledger_is_followed_by_the_next(
    stage: Stage, worn
) -> None:
    before = binding(stage, "v0").next_sequence
    cut = stage.play(_until(Overheard(file(stage, "v0", 70, 71)), Submit)).error
    assert isinstance(cut, _CutError)
    stage.until(lambda: binding(stage, "v0").next_sequence == before + 2)
    assert stage.do(file(stage, "v0", 72)).batch.first_sequence == before + 2


class _CutError(UnavailableError):
    """The process ends here."""


def _until(flow, kind):
    """Be the flow until it has asked this once, and got its answer."""
    ask = flow.send(None)
    while True:
        answer = yield ask
        if isinstance(ask.request, kind):
            raise _CutError
        ask = flow.send(answer)


def test_a_device_remembers_a_bounded_past(stage: Stage, worn, monkeypatch) -> None:
    assert DEVICE_BATCHES_COUNT_MAX > 2
    monkeypatch.setattr("node.workflows.iomt.DEVICE_BATCHES_COUNT_MAX", 2)
    for value in (70, 71, 72):
        stage.do(file(stage, "v0", value))
    assert [one.readings[0].sample.value for one in worn.batches] == [71, 72]


# alerts


@pytest.mark.parametrize("by", ["device", "hospital"])
def test_an_outlier_is_told_of_without_its_value(stage: Stage, visit, worn, by: str) -> None:
    stage.do(file(stage, "v0", *CALM))
    filed = stage.do(file(stage, "v0", 71, 143, 70))
    (alert,) = stage.do(raise_alert(stage.ward, worn, filed, by=by))
    assert (alert.patient_id, alert.device) == (visit.patient.patient_id, worn.signer.address)
    assert (alert.batch_id, alert.sequence) == (filed.batch_id, filed.batch.first_sequence + 1)
    assert alert.kind == kind_word(HEART_RATE)
    assert alert.reason.rstrip(b"\0") == Deviation.ABOVE.value.encode()


def test_a_calm_batch_raises_no_alert(stage: Stage, worn) -> None:
    stage.do(file(stage, "v0", *CALM))
    filed = stage.do(file(stage, "v0", 70, 72))
    error = refused_without_trace(stage, raise_alert(stage.ward, worn, filed))
    assert isinstance(error, NothingUnusualError)
    assert str(error) == "v0: none of 2 readings deviates that was not told of"


def test_what_was_told_is_not_told_again(stage: Stage, worn) -> None:
    stage.do(file(stage, "v0", *CALM))
    filed = stage.do(file(stage, "v0", 143, 20))
    cut = stage.play(_until(Overheard(raise_alert(stage.ward, worn, filed)), Submit)).error
    assert isinstance(cut, _CutError)
    first = filed.batch.first_sequence
    told = stage.contracts.devices.is_alerted(worn.signer.address, first)
    stage.until(lambda: stage.view(told))
    (alert,) = stage.do(raise_alert(stage.ward, worn, filed))
    assert alert.sequence == first + 1
    assert isinstance(stage.play(raise_alert(stage.ward, worn, filed)).error, NothingUnusualError)


def test_readings_are_compared_with_their_own_kind(stage: Stage) -> None:
    def batch(first: int, *taken: Sample) -> ReadingBatch:
        return sign_readings(
            taken,
            first_sequence=first,
            domain=device_domain(stage.ward),
            signer=stage.device("v2").signer,
            entropy=stage.entropy(),
        )

    hearts = [replace(one, time_s=0) for one in samples(*CALM)]
    sugars = [Sample(0, "2339-0 mg/dL", 3 * one.value) for one in hearts]
    before = batch(0, *hearts, *sugars)
    mixed = batch(24, replace(sugars[0]), replace(hearts[0], value=210), replace(hearts[0]))
    assert outliers([before], mixed) == ((1, Deviation.ABOVE),)
    assert outliers([before, mixed], before) == ()


def test_a_batch_is_named_by_device_and_first_number(stage: Stage, worn) -> None:
    filed = stage.do(file(stage, "v0", 70))
    assert filed.batch_id == batch_id_of(worn.signer.address, filed.batch.first_sequence)
