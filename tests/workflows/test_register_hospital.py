from dataclasses import replace

import pytest

from node.contracts.government_actions import SuspendHospital, VerifyHospital
from node.contracts.hospital_registry import HospitalStatus
from node.workflows.register_hospital import decide, register_hospital
from tests.workflows.stage import Overheard, Stage, awaits_between

STEPS = "{do: register_hospital, hospital: h0}, {do: register_hospital, hospital: h3}"


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Four hospitals, of which h0 and h3 have still to register."""
    return Stage(steps=STEPS)


def regulators(stage: Stage):
    return tuple(stage.cast.regulators.values())


def status(stage: Stage, name: str):
    return stage.view(stage.contracts.hospitals.hospital(stage.hospital(name).signer.address))


def test_a_hospital_with_a_registration_to_come_is_unknown_at_the_founding(stage: Stage) -> None:
    assert status(stage, "h3").status is HospitalStatus.UNKNOWN
    assert status(stage, "h1").status is HospitalStatus.VERIFIED


def test_a_registered_hospital_is_verified_with_the_next_id_and_validates(stage: Stage) -> None:
    done = stage.do(register_hospital(stage.ward, stage.hospital("h0"), regulators(stage)))
    assert status(stage, "h0").is_verified
    assert done.hospital_id == status(stage, "h0").hospital_id == 3
    assert done.validator


def test_a_second_application_is_refused_with_the_id_that_stands(stage: Stage) -> None:
    error = stage.revert(register_hospital(stage.ward, stage.hospital("h1"), regulators(stage)))
    assert (error.name, error.values) == ("DuplicateRegistration", (1,))


def test_another_account_with_a_registration_that_stands_is_refused(stage: Stage) -> None:
    copy = replace(stage.hospital("h3"), registration=stage.hospital("h2").registration)
    error = stage.revert(register_hospital(stage.ward, copy, regulators(stage)))
    assert error.name == "DuplicateRegistration"
    assert status(stage, "h3").status is HospitalStatus.UNKNOWN


def test_who_is_no_member_cannot_propose(stage: Stage) -> None:
    stranger = replace(regulators(stage)[0], signer=stage.doctor("d0").signer)
    action = SuspendHospital(stage.hospital("h1").signer.address)
    error = stage.revert(decide(stage.ward, (stranger,), action))
    assert error.name == "NotAuthorityMember"


def test_a_decision_takes_two_of_three_votes_and_no_third(stage: Stage) -> None:
    proposal = stage.do(
        decide(stage.ward, regulators(stage), SuspendHospital(stage.hospital("h2").signer.address))
    )
    voted = [
        stage.view(stage.contracts.government.has_voted(proposal, one.signer.address))
        for one in regulators(stage)
    ]
    assert voted == [True, True, False]
    assert status(stage, "h2").status is HospitalStatus.SUSPENDED


def test_too_few_voters_leave_a_proposal_open(stage: Stage) -> None:
    action = VerifyHospital(stage.hospital("h2").signer.address)
    stage.do(decide(stage.ward, regulators(stage)[:1], action))
    assert status(stage, "h2").status is HospitalStatus.SUSPENDED


@pytest.mark.parametrize("members", [1, 2, 4])
def test_any_number_of_regulators_can_verify(members: int) -> None:
    stage = Stage(regulators=members, steps="{do: register_hospital, hospital: h3}")
    done = stage.do(register_hospital(stage.ward, stage.hospital("h3"), regulators(stage)))
    assert done.hospital_id == 4
    assert status(stage, "h3").is_verified


def test_each_regulator_waits_until_its_own_node_knows_what_it_decides_on() -> None:
    """Another node may be blocks behind; a proposal or vote tried there would be refused."""
    stage = Stage(steps="{do: register_hospital, hospital: h3}")
    first, second, _ = regulators(stage)
    hospital = stage.hospital("h3")
    assert len({first.node, second.node, hospital.node}) == 3
    flow = Overheard(register_hospital(stage.ward, hospital, regulators(stage)))
    stage.do(flow)
    assert awaits_between(flow.asked) == [
        (hospital.node, 1),
        (first.node, 1),
        (first.node, 2),
        (second.node, 2),
        (second.node, 3),
    ]
