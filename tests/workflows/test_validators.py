"""Flows of the authority and of hospitals on who validates; judged by the contract's set.

The Clique engine of these networks seals by its own votes, so blocks go on whatever the set is.
"""

import pytest

from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.contracts.hospital_registry import HospitalStatus
from node.workflows.validators import (
    admit_validator,
    emergency_withdraw,
    lift_suspension,
    revoke_hospital,
    rotate_validator_key,
    set_licence,
    suspend_hospital,
    sweep_expired,
    withdraw_validator,
)
from tests.workflows.stage import Stage

NEW = PrivateKey.from_bytes(keccak256(b"workflows: a new validator key"))


class _Registry:
    """A stage of five hospitals, four of which have to validate, and words for its flows."""

    def __init__(self) -> None:
        self.stage = Stage(validators=5)
        self.government = self.stage.contracts.government
        self.regulators = tuple(self.stage.cast.regulators.values())

    def do(self, flow, name: str = "h0", **more):
        made = flow(self.stage.ward, self.stage.hospital(name), self.regulators, **more)
        return self.stage.do(made)

    def refused(self, flow, name: str = "h0", **more) -> str:
        made = flow(self.stage.ward, self.stage.hospital(name), self.regulators, **more)
        return self.stage.revert(made).name

    def names(self) -> set[str]:
        """Give the hospitals whose keys are in the set of the next block."""
        members = self.stage.view(self.government.get_validators())
        hospitals = self.stage.cast.hospitals
        known = {one.validator_key.address: name for name, one in hospitals.items()}
        return {known[member] for member in members}

    def status(self, name: str) -> HospitalStatus:
        account = self.stage.hospital(name).signer.address
        return self.stage.view(self.stage.contracts.hospitals.hospital(account)).status


@pytest.fixture
def registry() -> _Registry:
    return _Registry()


ALL = {"h0", "h1", "h2", "h3", "h4"}


def test_a_withdrawn_validator_is_admitted_again(registry: _Registry) -> None:
    gone = registry.do(withdraw_validator)
    assert gone.key == registry.stage.hospital("h0").signer.address
    assert gone.active_until > 0
    assert registry.names() == ALL - {"h0"}
    assert registry.refused(withdraw_validator) == "ValidatorUnknown"
    back = registry.do(admit_validator)
    assert back.active_from > gone.active_until
    assert (back.active_until, back.is_waiting, back.hospital_id) == (0, False, gone.hospital_id)
    assert registry.names() == ALL
    assert registry.refused(admit_validator) == "ValidatorKnown"


def test_a_withdrawal_at_the_minimum_waits_and_an_emergency_does_not(registry: _Registry) -> None:
    registry.do(withdraw_validator, "h0")
    assert registry.do(withdraw_validator, "h1").is_waiting
    assert registry.names() == ALL - {"h0"}
    gone = registry.do(emergency_withdraw, "h1")
    assert not gone.is_waiting
    assert registry.names() == ALL - {"h0", "h1"}
    assert registry.refused(emergency_withdraw, "h1") == "ValidatorUnknown"


def test_an_emergency_takes_every_vote(registry: _Registry) -> None:
    registry.do(emergency_withdraw)
    number = registry.stage.view(registry.government.proposal_count())
    proposal = registry.stage.view(registry.government.proposal(number))
    assert (proposal.votes, proposal.is_enacted) == (3, True)


def test_a_suspended_hospital_comes_back_in_two_steps(registry: _Registry) -> None:
    registry.do(suspend_hospital)
    assert registry.status("h0") is HospitalStatus.SUSPENDED
    assert registry.names() == ALL - {"h0"}
    assert registry.refused(suspend_hospital) == "HospitalNotVerified"
    assert registry.refused(admit_validator) == "HospitalNotVerified"
    registry.do(lift_suspension)
    assert registry.status("h0") is HospitalStatus.VERIFIED
    assert registry.names() == ALL - {"h0"}
    registry.do(admit_validator)
    assert registry.names() == ALL


def test_only_a_suspension_is_lifted() -> None:
    """The same vote would accept an application."""
    stage = Stage(validators=5, steps="{do: register_hospital, hospital: h4}")
    regulators = tuple(stage.cast.regulators.values())
    before = stage.traces()
    for name in ("h0", "h4"):
        flow = lift_suspension(stage.ward, stage.hospital(name), regulators)
        assert stage.revert(flow).name == "HospitalStatusWrong"
    assert stage.traces() == before


def test_a_revoked_hospital_never_comes_back(registry: _Registry) -> None:
    registry.do(revoke_hospital)
    assert registry.status("h0") is HospitalStatus.REVOKED
    assert registry.names() == ALL - {"h0"}
    assert registry.refused(lift_suspension) == "HospitalStatusWrong"
    assert registry.refused(admit_validator) == "HospitalNotVerified"
    assert registry.refused(revoke_hospital) == "HospitalStatusWrong"


def test_a_licence_that_has_ended_is_swept(registry: _Registry) -> None:
    stage = registry.stage
    until_s = registry.do(set_licence, seconds=30)
    hospital, anybody = stage.hospital("h0"), registry.regulators[0]
    assert stage.revert(sweep_expired(stage.ward, hospital, anybody)).name == "LicenceNotExpired"
    stage.until(lambda: stage.head_s() >= until_s)
    assert registry.names() == ALL
    assert stage.do(sweep_expired(stage.ward, hospital, anybody)).active_until > 0
    assert registry.names() == ALL - {"h0"}
    assert stage.revert(sweep_expired(stage.ward, hospital, anybody)).name == "ValidatorUnknown"
    assert registry.refused(admit_validator) == "LicenceExpired"
    assert registry.do(set_licence, seconds=None) == 0
    registry.do(admit_validator)
    assert registry.names() == ALL


def test_a_rotated_key_takes_the_place_of_the_old_one(registry: _Registry) -> None:
    stage = registry.stage
    hospital = stage.hospital("h0")
    old = hospital.signer.address
    done = stage.do(rotate_validator_key(stage.ward, hospital, NEW))
    assert (done.node, done.old_key, done.signer) == (old, old, NEW)
    assert hospital.validator_key is NEW
    assert registry.names() == ALL
    members = stage.view(registry.government.get_validators())
    assert NEW.address in members
    assert old not in members
    record = stage.view(registry.government.validator(NEW.address))
    assert record.active_from == done.active_from
    registry.do(withdraw_validator)
    assert registry.names() == ALL - {"h0"}


def test_a_rotation_that_is_refused_leaves_the_key(registry: _Registry) -> None:
    stage = registry.stage
    hospital = stage.hospital("h0")
    taken = stage.hospital("h1").signer
    error = stage.revert(rotate_validator_key(stage.ward, hospital, taken))
    assert error.name == "ValidatorKnown"
    assert hospital.validator_key is hospital.signer
