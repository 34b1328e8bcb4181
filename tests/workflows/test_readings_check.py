"""Readings that were opened are held against the ledger."""

from dataclasses import replace

import pytest

from node.privacy.errors import ReadingSignatureError
from node.privacy.readings import Sample, sign_readings
from node.workflows.errors import ReadingsDifferError
from node.workflows.iomt import bind_device, file_readings
from node.workflows.readings_check import check_readings, device_domain
from tests.workflows.stage import Stage, note

HEART_RATE = "8867-4 /min"


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(n=4).onboard("d0").register("p0")


@pytest.fixture(scope="module")
def filed(stage: Stage):
    visit, device = stage.visit(), stage.device("v0")
    stage.do(bind_device(stage.ward, stage.doctor("d0"), device, visit))
    samples = [Sample(at, HEART_RATE, 70 + at) for at in range(3)]
    return stage.do(file_readings(stage.ward, device, samples, stage.entropy()))


def check(stage: Stage, filed, record, **place: int):
    at = {"pmr_id": filed.pmr_id, "index": filed.entry_index} | place
    return check_readings(stage.ward, stage.patient("p0").node, record, **at)


def test_what_was_filed_passes(stage: Stage, filed) -> None:
    stage.do(check(stage, filed, filed.batch))


def test_a_record_of_another_kind_passes(stage: Stage, filed) -> None:
    stage.do(check(stage, filed, note()))


@pytest.mark.parametrize("place", [{"pmr_id": 1}, {"index": 0}])
def test_readings_at_another_place_do_not_pass(stage: Stage, filed, place) -> None:
    error = stage.play(check(stage, filed, filed.batch, **place)).error
    assert isinstance(error, ReadingsDifferError)
    assert "readings from 0 of device 0x" in str(error)


def test_readings_that_the_device_signed_and_did_not_file_do_not_pass(stage: Stage, filed) -> None:
    other = sign_readings(
        [one.sample for one in filed.batch.readings],
        first_sequence=0,
        domain=device_domain(stage.ward),
        signer=stage.device("v0").signer,
        entropy=stage.entropy(),
    )
    shorter = replace(filed.batch, readings=filed.batch.readings[:2])
    for batch in (other, shorter):
        assert isinstance(stage.play(check(stage, filed, batch)).error, ReadingsDifferError)


def test_readings_that_the_device_did_not_sign_do_not_pass(stage: Stage, filed) -> None:
    one = filed.batch.readings[0]
    forged = replace(one, sample=replace(one.sample, value=99))
    batch = replace(filed.batch, readings=(forged, *filed.batch.readings[1:]))
    assert isinstance(stage.play(check(stage, filed, batch)).error, ReadingSignatureError)
