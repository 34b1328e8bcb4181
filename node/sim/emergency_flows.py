"""From the steps of emergencies and copies to their flows."""

from node.base.ports import Entropy
from node.sim.access_flows import Left
from node.sim.schema import emergency_steps as todo
from node.sim.step_ready import whole_seconds
from node.sim.world import World
from node.workflows.consult import Visit
from node.workflows.copies import CopyAsked, issue_copy, request_copy
from node.workflows.emergency import EmergencyMade, emergency_access, review_emergency
from node.workflows.requests import Flow


def emergency_flow(
    world: World, step: todo.EmergencyStep, left: Left, entropy: Entropy
) -> Flow[object]:
    """Give the flow of a step.

    raises        StepNotReadyError: a step that it refers to did not end well.
    """
    cast = world.cast
    match step:
        case todo.EmergencyAccess():
            return emergency_access(
                cast.ward,
                cast.doctors[step.doctor],
                cast.patients[step.patient],
                reason=step.reason,
                seconds=whole_seconds(step.for_us),
            )
        case todo.ReviewEmergency():
            return review_emergency(
                cast.ward,
                next(iter(cast.regulators.values())),
                left(step.emergency, EmergencyMade).emergency_id,
                outcome=step.outcome,
                is_justified=step.justified,
            )
        case todo.RequestCopy():
            pmr_id = 0 if step.pmr is None else left(step.pmr, Visit).pmr_id
            return request_copy(cast.ward, cast.patients[step.patient], pmr_id)
        case todo.IssueCopy():
            asked = left(step.copied, CopyAsked)
            return issue_copy(cast.ward, cast.hospitals[step.hospital], asked, entropy)
