"""From the steps of access to their flows."""

from dataclasses import replace
from typing import Final, Protocol, TypeVar

from node.base.ports import Entropy
from node.privacy.consent import Purpose
from node.sim.schema import access_steps as todo
from node.sim.step_ready import StepNotReadyError, whole_seconds
from node.sim.world import World
from node.workflows.access import (
    AccessRequest,
    GrantMade,
    deny,
    direct_request,
    grant,
    request_access,
    revoke,
)
from node.workflows.complaint import ComplaintMade, complain_of_grant, uphold_complaint
from node.workflows.consult import Visit
from node.workflows.move_hospital import ALL_RECORDS, move_hospital
from node.workflows.read_record import read_record, second_opinion
from node.workflows.requests import Flow
from node.workflows.ward import Recipient

T = TypeVar("T")

_CHECKED: Final = "the loader has checked this"


class Left(Protocol):
    """What steps left behind."""

    def __call__(self, step: str, kind: type[T]) -> T:
        """Give what a step left.  raises StepNotReadyError: it did not end well."""
        ...


def access_flow(world: World, step: todo.AccessStep, left: Left, entropy: Entropy) -> Flow[object]:
    """Give the flow of a step.

    raises        StepNotReadyError: a step that it refers to did not end well.
    """
    cast = world.cast
    match step:
        case todo.RequestAccess():
            return request_access(
                cast.ward,
                recipient(world, step),
                cast.patients[step.patient],
                left(step.pmr, Visit).pmr_id,
                purpose=Purpose(step.purpose),
                sections=step.scope,
            )
        case todo.Grant():
            seconds = whole_seconds(step.for_us)
            requests = _requests(world, step, left)
            return grant(cast.ward, *requests, seconds=seconds, entropy=entropy)
        case todo.Deny():
            asked = left(step.request, AccessRequest)
            return deny(cast.ward, replace(asked, patient=cast.patients[step.patient]))
        case todo.Revoke():
            made = left(step.grant, GrantMade)
            return revoke(cast.ward, replace(made, patient=cast.patients[step.patient]))
        case todo.Complain():
            made = left(step.grant, GrantMade)
            hospital = step.hospital
            who = made.patient if hospital is None else cast.hospitals[hospital]
            return complain_of_grant(cast.ward, who, made, text=step.text, entropy=entropy)
        case todo.UpholdComplaint():
            regulators = tuple(cast.regulators.values())
            return uphold_complaint(cast.ward, left(step.complaint, ComplaintMade), regulators)
        case todo.ReadRecord():
            pmr_id = left(step.pmr, Visit).pmr_id
            return read_record(cast.ward, recipient(world, step), pmr_id, entropy)
        case todo.SecondOpinion():
            visit = left(step.pmr, Visit)
            doctor = cast.doctors[step.doctor]
            return second_opinion(cast.ward, doctor, visit.patient, visit.pmr_id, entropy)
        case todo.MoveHospital():
            return move_hospital(
                cast.ward,
                cast.patients[step.patient],
                cast.hospitals[step.hospital],
                seconds=whole_seconds(step.for_us),
                entropy=entropy,
            )


def recipient(world: World, step: todo.Recipient) -> Recipient:
    """Give whom a step names as the one who reads."""
    cast = world.cast
    if step.doctor is not None:
        return cast.doctors[step.doctor]
    if step.hospital is not None:
        return cast.hospitals[step.hospital]
    if step.insurer is not None:
        return cast.insurers[step.insurer]
    assert step.researcher is not None, _CHECKED
    return cast.researchers[step.researcher]


def _requests(world: World, step: todo.Grant, left: Left) -> list[AccessRequest]:
    """Give what the patient of the step answers: theirs to sign, whoever was asked."""
    patient = world.cast.patients[step.patient]
    if step.account == "lost":
        old = world.loot.accounts.get(step.patient)
        if old is None:
            raise StepNotReadyError(step.id, f"{step.patient} has lost no account")
        patient = replace(patient, signer=old.signer, wallet=old.wallet)
    if step.request is not None:
        return [replace(left(step.request, AccessRequest), patient=patient)]
    assert step.pmr is not None, _CHECKED
    visits = () if step.pmr == todo.ALL else step.pmr
    pmr_ids = [left(visit, Visit).pmr_id for visit in visits] or [ALL_RECORDS]
    who, purpose = recipient(world, step), Purpose(step.purpose)
    return [
        direct_request(who, patient, pmr_id, purpose=purpose, sections=step.scope)
        for pmr_id in pmr_ids
    ]
