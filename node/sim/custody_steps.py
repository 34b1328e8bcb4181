"""From a step about shares over time to the flow that does it."""

from collections.abc import Callable
from typing import TypeAlias

from node.base.rng import TreeEntropy
from node.sim.cast import fresh_account
from node.sim.schema import custody_steps as todo
from node.sim.world import World
from node.workflows.access import GrantMade
from node.workflows.consult import Visit
from node.workflows.erase import erase
from node.workflows.labs import FiledStudy
from node.workflows.lending import record_deals
from node.workflows.own_record import read_own
from node.workflows.recovery import FreshAccount, cancel_recovery, recover_key, set_guardian
from node.workflows.refresh import refresh_epoch
from node.workflows.replace_custodian import replace_by_authority, replace_custodian
from node.workflows.requests import Flow
from node.workflows.rotate_key import rotate_key

RecordOf: TypeAlias = Callable[[str], FiledStudy | Visit]
"""(step) -> the record that it filed, in its newest generation; raises StepNotReadyError."""
GrantOf: TypeAlias = Callable[[str], GrantMade]


def custody_flow(
    world: World, step: todo.CustodyStep, record: RecordOf, grant: GrantOf, entropy: TreeEntropy
) -> Flow[object]:
    """Give the flow of a step.  raises StepNotReadyError: what it refers to is not there."""
    cast = world.cast
    ward = cast.ward
    match step:
        case todo.RefreshEpoch():
            patient = cast.patients[step.patient]
            deals = record_deals(patient)
            if step.record is not None:
                deals = (record(step.record).filed.deal_id,)
            without = frozenset(world.addresses[name] for name in step.without)
            return refresh_epoch(ward, patient, deals, entropy, without=without)
        case todo.RotateKey():
            deal_id = record(step.record).filed.deal_id
            given = None if step.without is None else grant(step.without).grant_id
            patient = cast.patients[step.patient]
            return rotate_key(ward, patient, deal_id, entropy, without=given)
        case todo.Erase():
            pmr_id = record(step.pmr).pmr_id
            return erase(ward, cast.patients[step.patient], pmr_id, basis=step.basis)
        case todo.ReadOwn():
            deal_id = record(step.record).filed.deal_id
            return read_own(ward, cast.patients[step.patient], deal_id, entropy)
        case todo.ReplaceCustodian():
            return _replacement(world, step, record(step.record), entropy)
        case _:
            return _recovery(world, step, entropy)


def _recovery(
    world: World,
    step: todo.SetGuardian | todo.RecoverKey | todo.CancelRecovery,
    entropy: TreeEntropy,
) -> Flow[object]:
    cast = world.cast
    ward, patient = cast.ward, cast.patients[step.patient]
    match step:
        case todo.SetGuardian():
            hospitals = [cast.hospitals[name] for name in step.hospitals]
            guardian = cast.guardians[step.guardian]
            return set_guardian(ward, patient, guardian, hospitals, entropy)
        case todo.RecoverKey():
            fresh = FreshAccount(patient.signer, patient.wallet)
            if step.patient not in world.loot.accounts:
                # nothing is lost: somebody else wants the records under keys of their own
                fresh = FreshAccount(*fresh_account(ward, entropy))
            return recover_key(
                ward,
                patient,
                cast.guardians[step.guardian],
                hospital=cast.hospitals[step.hospital],
                fresh=fresh,
                entropy=entropy,
            )
        case todo.CancelRecovery():
            return cancel_recovery(ward, patient)


def _replacement(
    world: World, step: todo.ReplaceCustodian, record: FiledStudy | Visit, entropy: TreeEntropy
) -> Flow[object]:
    ward = world.cast.ward
    leaver, newcomer = world.addresses[step.leaver], world.addresses[step.newcomer]
    if step.by == "patient":
        return replace_custodian(
            ward,
            record.patient,
            record.filed.deal_id,
            leaver=leaver,
            newcomer=newcomer,
            entropy=entropy,
        )
    # a member whose hospital is not the one that leaves: peers may have left that one
    members = world.cast.regulators.values()
    member = next((one for one in members if one.node != leaver), next(iter(members)))
    return replace_by_authority(ward, member, record.filed.manifest, leaver, newcomer)
