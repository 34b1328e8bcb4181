"""From the steps of the clinic's desk to their flows."""

from node.base.ports import Entropy
from node.contracts.pmr_token import EntryKind
from node.sim.access_flows import Left
from node.sim.cast import Cast
from node.sim.schema import clinic_steps as todo
from node.sim.step_ready import StepNotReadyError, whole_seconds
from node.workflows.appointments import (
    Appointment,
    OpenSlots,
    book_appointment,
    cancel_appointment,
    move_appointment,
    open_slots,
)
from node.workflows.consult import Visit
from node.workflows.insurance import (
    ClaimMade,
    Policy,
    bind_policy,
    claim_insurance,
    decide_claim,
)
from node.workflows.requests import Flow


def clinic_flow(cast: Cast, step: todo.ClinicStep, left: Left, entropy: Entropy) -> Flow[object]:
    """Give the flow of a step.

    raises        StepNotReadyError: a step that it refers to did not end well.
    """
    ward = cast.ward
    match step:
        case todo.OpenSlot():
            return open_slots(
                ward,
                cast.doctors[step.doctor],
                in_s=whole_seconds(step.in_us),
                length_s=whole_seconds(step.length_us),
                count=step.count,
            )
        case todo.BookAppointment():
            slots = left(step.slots, OpenSlots)
            start_s = _start(step, slots)
            return book_appointment(ward, cast.patients[step.patient], slots.doctor, start_s)
        case todo.MoveAppointment():
            slots, booked = left(step.slots, OpenSlots), left(step.appointment, Appointment)
            return move_appointment(ward, booked, slots.doctor, _start(step, slots))
        case todo.CancelAppointment():
            booked = left(step.appointment, Appointment)
            return cancel_appointment(ward, booked, by_doctor=step.by == "doctor")
        case _:
            return _insurance(cast, step, left, entropy)


def _insurance(
    cast: Cast,
    step: todo.BindPolicy | todo.ClaimInsurance | todo.DecideClaim,
    left: Left,
    entropy: Entropy,
) -> Flow[object]:
    ward = cast.ward
    match step:
        case todo.BindPolicy():
            covers = step.covers
            return bind_policy(
                ward,
                cast.insurers[step.insurer],
                cast.patients[step.patient],
                seconds=whole_seconds(step.for_us),
                kinds=None if covers is None else [EntryKind[name.upper()] for name in covers],
                entropy=entropy,
            )
        case todo.ClaimInsurance():
            policy, visit = left(step.policy, Policy), left(step.pmr, Visit)
            return claim_insurance(
                ward,
                policy,
                visit.pmr_id,
                (visit.entry_index,) if step.entries is None else step.entries,
                amount=step.amount,
                note=step.note,
                claimant=policy.patient if step.hospital is None else cast.hospitals[step.hospital],
                entropy=entropy,
            )
        case todo.DecideClaim():
            return decide_claim(
                ward,
                left(step.claim, ClaimMade),
                approved=step.approved,
                reason=step.reason or "",
                entropy=entropy,
            )


def _start(step: todo.BookAppointment | todo.MoveAppointment, slots: OpenSlots) -> int:
    if step.slot >= len(slots.starts_s):
        why = f"step {step.slots} opened {len(slots.starts_s)} slots"
        raise StepNotReadyError(step.id, why)
    return slots.starts_s[step.slot]
