"""From a step about hospitals and validator keys to the flow that does it."""

from typing import Final

from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import MICROS_PER_SECOND
from node.sim.cast import Cast
from node.sim.schema import steps as todo
from node.workflows.requests import Flow
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

_SECRET_BYTES: Final = 32


def government_flow(cast: Cast, step: todo.GovernmentStep, entropy: TreeEntropy) -> Flow[object]:
    """Give the flow of a step; a new key is drawn from the step's own entropy."""
    ward, hospital = cast.ward, cast.hospitals[step.hospital]
    regulators = tuple(cast.regulators.values())
    match step:
        case todo.AdmitValidator():
            return admit_validator(ward, hospital, regulators)
        case todo.WithdrawValidator():
            return withdraw_validator(ward, hospital, regulators)
        case todo.EmergencyWithdraw():
            return emergency_withdraw(ward, hospital, regulators)
        case todo.SuspendHospital():
            return suspend_hospital(ward, hospital, regulators)
        case todo.LiftSuspension():
            return lift_suspension(ward, hospital, regulators)
        case todo.RevokeHospital():
            return revoke_hospital(ward, hospital, regulators)
        case todo.SetLicence():
            seconds = None if step.for_us is None else -(-step.for_us // MICROS_PER_SECOND)
            return set_licence(ward, hospital, regulators, seconds=seconds)
        case todo.SweepExpired():
            return sweep_expired(ward, hospital, regulators[0])
        case todo.RotateValidatorKey():
            new_key = PrivateKey.from_bytes(entropy.take(_SECRET_BYTES))
            return rotate_validator_key(ward, hospital, new_key)
