from dataclasses import FrozenInstanceError

import pytest

from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def test_everybody_of_a_hospital_goes_through_its_node(stage: Stage) -> None:
    node = stage.hospital("h0").signer.address
    assert stage.hospital("h0").node == node
    assert stage.doctor("d0").node == stage.patient("p0").node == stage.lab("l0").node == node
    assert stage.doctor("d1").node != node


def test_each_record_of_a_pmr_has_the_next_version(stage: Stage) -> None:
    patient = stage.patient("p0")
    assert [patient.next_version(5) for _ in range(3)] == [0, 1, 2]


def test_versions_of_two_pmrs_do_not_mix(stage: Stage) -> None:
    patient = stage.patient("p1")
    patient.next_version(5)
    assert patient.next_version(6) == 0
    assert stage.patient("p2").next_version(5) == 0


def test_two_patients_share_no_notebook(stage: Stage) -> None:
    assert stage.patient("p0").manifests is not stage.patient("p1").manifests
    assert stage.doctor("d0").grants is not stage.doctor("d1").grants


def test_what_all_know_about_the_network_nobody_changes(stage: Stage) -> None:
    with pytest.raises(FrozenInstanceError):
        stage.ward.chain_id = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        stage.hospital("h0").title = "x"  # type: ignore[misc]
