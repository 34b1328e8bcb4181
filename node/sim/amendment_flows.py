"""From the steps of corrections and retention to their flows."""

from node.base.ports import Entropy
from node.privacy.record import PmrEntry
from node.sim.access_flows import Left
from node.sim.custody_steps import RecordOf
from node.sim.schema import amendment_steps as todo
from node.sim.world import World
from node.workflows.amendment import (
    PetitionMade,
    answer_petition,
    dispute,
    extend_petition,
    petition_correction,
)
from node.workflows.requests import Flow
from node.workflows.retain import retain


def amendment_flow(
    world: World, step: todo.AmendmentStep, record: RecordOf, left: Left, entropy: Entropy
) -> Flow[object]:
    """Give the flow of a step.  raises StepNotReadyError: what it refers to is not there."""
    cast = world.cast
    ward = cast.ward
    match step:
        case todo.PetitionCorrection():
            what, patient = record(step.record), cast.patients[step.patient]
            return petition_correction(
                ward, patient, what.pmr_id, what.entry_index, text=step.text, entropy=entropy
            )
        case todo.AnswerPetition():
            return answer_petition(
                ward,
                cast.doctors[step.doctor],
                left(step.petition, PetitionMade),
                PmrEntry(treatment_summary=step.text),
                accept=step.answer == "accept",
                entropy=entropy,
            )
        case todo.ExtendPetition():
            made = left(step.petition, PetitionMade)
            return extend_petition(ward, cast.doctors[step.doctor], made, step.reason, entropy)
        case todo.Dispute():
            made = left(step.petition, PetitionMade)
            entry = PmrEntry(treatment_summary=step.text)
            return dispute(ward, cast.patients[step.patient], made, entry, entropy)
        case todo.Retain():
            what = record(step.pmr)
            return retain(ward, what.patient.node, (what.pmr_id,))
