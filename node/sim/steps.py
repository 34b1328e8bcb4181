"""From a step of the scenario to the flow that does it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from node.base.rng import TreeEntropy
from node.privacy.record import Diagnosis, Insurance, PmrEntry
from node.privacy.synthetic import make_consultation
from node.sim.access_flows import access_flow
from node.sim.amendment_flows import amendment_flow
from node.sim.audit_world import audit_now
from node.sim.clinic_flows import clinic_flow
from node.sim.custody_steps import custody_flow
from node.sim.emergency_flows import emergency_flow
from node.sim.government_steps import government_flow
from node.sim.iomt_flows import iomt_flow
from node.sim.research_flows import research_flow
from node.sim.schema import steps as todo
from node.sim.schema.access_steps import AccessStep
from node.sim.schema.amendment_steps import AmendmentStep
from node.sim.schema.clinic_steps import ClinicStep
from node.sim.schema.custody_steps import CustodyStep
from node.sim.schema.emergency_steps import EmergencyStep
from node.sim.schema.iomt_steps import IomtStep
from node.sim.schema.research_steps import ResearchStep
from node.sim.share_trial import rebuild
from node.sim.step_ready import StepNotReadyError, whole_seconds
from node.sim.world import World
from node.workflows.access import GrantMade
from node.workflows.consult import Visit, consult
from node.workflows.labs import FiledStudy, Order, order_lab, perform_lab
from node.workflows.onboard_doctor import onboard_doctor
from node.workflows.register_hospital import register_hospital
from node.workflows.register_patient import register_patient
from node.workflows.requests import Flow
from node.workflows.research import Exported, Joined
from node.workflows.rotate_key import Rotated
from node.workflows.suspend_doctor import suspend_doctor
from node.workflows.validators import vote_in_headers
from node.workflows.ward import Lab

T = TypeVar("T")


class StepBook:
    """What steps left behind, and the flows of those to come."""

    def __init__(self, world: World, studies: Mapping[str, bytes]) -> None:
        self._world = world
        self._studies = studies
        """Step id of a ``perform_lab``: the bytes of its file."""
        self._left: dict[str, object] = {}
        self._performed = {
            step.order: step.lab
            for step in reversed(world.scenario.steps)
            if isinstance(step, todo.PerformLab)
        }
        """By the order of a study: the lab that performs it, the first one if two steps do."""
        self._generations: dict[str, list[FiledStudy | Visit]] = {}

    def studies(self) -> tuple[bytes, ...]:
        """Give the files of all studies, as they were captured."""
        return tuple(self._studies.values())

    def leave(self, step: str, value: object) -> None:
        """Remember what a step ended with."""
        self._left[step] = value
        if isinstance(value, FiledStudy | Visit):
            self._generations[step] = [value]

    def rotated(self, record: str, rotated: Rotated) -> None:
        """Remember that the record of a step has another generation."""
        generations = self._generations[record]
        generations.append(replace(generations[-1], filed=rotated.filed))

    def visit(self, step: str) -> Visit:
        """Give the visit that a step left."""
        return self._get(step, Visit)

    def record(self, step: str) -> FiledStudy | Visit | None:
        """Give the record that a step filed, in its newest generation; None: there is none."""
        generations = self.generations(step)
        return generations[-1] if generations else None

    def generations(self, step: str) -> tuple[FiledStudy | Visit, ...]:
        """Give a record as it was filed and after each rotation of its key, the oldest first."""
        return tuple(self._generations.get(step, ()))

    def grants(self) -> tuple[GrantMade, ...]:
        """Give all grants, in the order in which they were made."""
        left = (one.grant if isinstance(one, Joined) else one for one in self._left.values())
        return tuple(one for one in left if isinstance(one, GrantMade))

    def records(self) -> tuple[tuple[str, FiledStudy | Visit], ...]:
        """Give all records that steps filed, with the ids of the steps."""
        return tuple(
            (step, one) for step, one in self._left.items() if isinstance(one, FiledStudy | Visit)
        )

    def exported(self) -> tuple[tuple[str, Exported], ...]:
        """Give all datasets that were released, with the ids of the steps."""
        return tuple((step, one) for step, one in self._left.items() if isinstance(one, Exported))

    def flow(self, step: todo.AnyStep) -> Flow[object]:
        """Give the flow of a step.

        raises        StepNotReadyError: a step that it refers to did not end well.
        """
        try:
            return self._flow(step)
        except StepNotReadyError as error:
            raise StepNotReadyError(step.id, error.why) from error

    def _flow(self, step: todo.AnyStep) -> Flow[object]:
        """Find the folder of flows that a step belongs to."""
        entropy = TreeEntropy(self._world.scenario.run.seed, "step", step.id)
        if isinstance(step, todo.GovernmentStep):
            return government_flow(self._world.cast, step, entropy)
        if isinstance(step, CustodyStep):
            return custody_flow(
                self._world, step, self._record, lambda grant: self._get(grant, GrantMade), entropy
            )
        if isinstance(step, AmendmentStep):
            return amendment_flow(self._world, step, self._record, self._get, entropy)
        if isinstance(step, ClinicStep):
            return clinic_flow(self._world.cast, step, self._get, entropy)
        if isinstance(step, ResearchStep):
            return research_flow(self._world, step, self._get, self._joined, entropy)
        if isinstance(step, IomtStep):
            return iomt_flow(self._world, step, self._get)
        if isinstance(step, AccessStep | EmergencyStep):
            return self._of_patients(step, entropy)
        return self._own_flow(step, entropy)

    def _own_flow(self, step: todo.OwnStep, entropy: TreeEntropy) -> Flow[object]:
        cast = self._world.cast
        regulators = tuple(cast.regulators.values())
        match step:
            case todo.RegisterHospital():
                return register_hospital(cast.ward, cast.hospitals[step.hospital], regulators)
            case todo.OnboardDoctor():
                return onboard_doctor(cast.ward, cast.doctors[step.doctor])
            case todo.RegisterPatient():
                return register_patient(cast.ward, cast.patients[step.patient], entropy)
            case todo.SuspendDoctor():
                seconds = None if step.for_us is None else whole_seconds(step.for_us)
                doctor = cast.doctors[step.doctor]
                return suspend_doctor(cast.ward, doctor, regulators, seconds=seconds)
            case todo.Vote():
                keys = self._world.addresses
                nodes = tuple(keys[name] for name in step.nodes)
                return vote_in_headers(nodes, keys[step.subject], authorize=step.authorize)
            case todo.Consult() | todo.OrderLab() | todo.PerformLab():
                return self._clinical(step, entropy)
            case todo.Rebuild() | todo.Audit():
                return self._look(step)

    def _of_patients(self, step: AccessStep | EmergencyStep, entropy: TreeEntropy) -> Flow[object]:
        if isinstance(step, EmergencyStep):
            return emergency_flow(self._world, step, self._get, entropy)
        return access_flow(self._world, step, self._get, entropy)

    def _clinical(
        self, step: todo.Consult | todo.OrderLab | todo.PerformLab, entropy: TreeEntropy
    ) -> Flow[object]:
        cast = self._world.cast
        match step:
            case todo.Consult():
                patient = cast.patients[step.patient]
                entry = make_consultation(patient.person, entropy)
                if step.sections is not None:
                    entry = written_entry(dict(step.sections.items()))
                doctor = cast.doctors[step.doctor]
                return consult(cast.ward, doctor, patient, entry, on=step.date, entropy=entropy)
            case todo.OrderLab():
                visit = self._get(step.pmr, Visit)
                doctor = cast.doctors[step.doctor]
                return order_lab(
                    cast.ward,
                    doctor,
                    visit.patient,
                    self._lab_for(step),
                    visit.pmr_id,
                    modality=step.modality,
                    reason=step.reason,
                )
            case todo.PerformLab():
                order = self._get(step.order, Order)
                lab = cast.labs[step.lab]
                return perform_lab(cast.ward, lab, order, self._studies[step.id], entropy)

    def _look(self, step: todo.Rebuild | todo.Audit) -> Flow[object]:
        """Give a flow that reads the disks and asks no node."""
        if isinstance(step, todo.Audit):
            return audit_now(self._world)
        newest = self._record(step.record)
        generations = self.generations(step.record)
        if step.generation is None:
            return _collude(self._world, step, newest)
        if step.generation >= len(generations):
            why = f"{step.record} has {len(generations)} generations"
            raise StepNotReadyError(step.id, why)
        return _collude(self._world, step, generations[step.generation])

    def _record(self, step: str) -> FiledStudy | Visit:
        record = self.record(step)
        if record is None:
            raise StepNotReadyError("", f"step {step} filed no record")
        return record

    def _lab_for(self, step: todo.OrderLab) -> Lab:
        """Give the lab that is named, or performs the order, or the first of the hospital's."""
        cast = self._world.cast
        if step.lab is not None:
            return cast.labs[step.lab]
        if step.id in self._performed:
            return cast.labs[self._performed[step.id]]
        hospital = cast.doctors[step.doctor].hospital
        for lab in cast.labs.values():
            if lab.hospital is hospital:
                return lab
        why = f"{hospital.name} has no lab, and no step performs the order"
        raise StepNotReadyError(step.id, why)

    def _joined(self) -> tuple[Joined, ...]:
        return tuple(one for one in self._left.values() if isinstance(one, Joined))

    def _get(self, step: str, kind: type[T]) -> T:
        left = self._left.get(step)
        if not isinstance(left, kind):
            raise StepNotReadyError("", f"step {step}, which it refers to, did not end well")
        return left


def written_entry(sections: Mapping[str, str]) -> PmrEntry:
    """Give the entry whose sections a scenario file writes out as texts."""
    return PmrEntry(
        present_illness=sections.get("present_illness", ""),
        past_illness=sections.get("past_illness", ""),
        diagnosis=(Diagnosis("", sections["diagnosis"]),) if "diagnosis" in sections else (),
        treatment_summary=sections.get("treatment_summary", ""),
        lab_reports=(sections["lab_reports"],) if "lab_reports" in sections else (),
        iomt=(sections["iomt"],) if "iomt" in sections else (),
        insurance=Insurance("", sections["insurance"]) if "insurance" in sections else None,
    )


def _collude(world: World, step: todo.Rebuild, record: FiledStudy | Visit) -> Flow[object]:
    """Be a flow that asks nobody, and give the length of what custodians open on their own."""
    yield from ()
    return len(
        rebuild(
            world,
            record.patient.wallet,
            record.filed,
            step.custodians,
            essential=step.essential,
            source=step.shares,
        )
    )
