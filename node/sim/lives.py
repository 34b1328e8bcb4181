"""Lives become steps before the run: who comes when, to whom, and what follows from it.

Every draw has a path of its own under ``("lives", patient, ...)``: leaving a patient out leaves
all others' lives as they were.  The steps are plain ones, with ids and times, and stand in
``resolved.json``: a run is repeated by what stands there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.base.errors import OperatorError
from node.base.types import MICROS_PER_SECOND
from node.sim.lives_events import EVENTS, City, Life, Occasion, Planned, at_time
from node.sim.schema.lives import LIFE_EVENTS, LIVES_STEPS_COUNT_MAX, LifeEvent, Lives
from node.sim.schema.scenario import Scenario
from node.sim.schema.steps import AnyStep
from node.sim.schema.units import duration_text

_ONBOARDING_US: Final = 60 * MICROS_PER_SECOND
"""Between two doctors of one hospital: they are written with its one key."""


@dataclass(eq=False)
class LivesError(OperatorError):
    """The lives of a scenario cannot be drawn; the loader says where it stands."""

    wants: str
    got: str

    def __str__(self) -> str:
        return f"lives: wants {self.wants}, got {self.got}"


def expand_lives(scenario: Scenario, lives: Lives) -> tuple[AnyStep, ...]:
    """Give the steps of all lives, in the order of their planned times.

    Doctors and patients whom a step of the file has onboarded or registered are not asked again.

    raises        LivesError: there is nobody to see, they reach beyond the run, are too many, or
                  an id is taken.
    """
    city = City(scenario, lives)
    if city.end_us > scenario.run.until_us:
        wants = f"from + span at most {duration_text(scenario.run.until_us)}, the end of the run"
        raise LivesError(wants, duration_text(city.end_us))
    done = {
        getattr(step, "patient", getattr(step, "doctor", None))
        for step in scenario.steps
        if step.do in ("onboard_doctor", "register_patient")
    }
    if not city.doctors:
        raise LivesError("doctors whom the patients see, in actors.doctors", "none")
    planned = [*_onboarding(city, done)]
    for name, patient in city.actors.patients.items():
        planned += _life(city, name, patient.hospital, is_known=name in done)
        if len(planned) > LIVES_STEPS_COUNT_MAX:
            raise LivesError(f"at most {LIVES_STEPS_COUNT_MAX} steps", "more")
    planned.sort(key=lambda one: (one[0], one[1].id))
    taken = {step.id for step in scenario.steps}
    for _, step in planned:
        if step.id in taken:
            raise LivesError(f"the id {step.id} for itself", "a step that has it")
        taken.add(step.id)
    return tuple(step for _, step in planned)


def _onboarding(city: City, done: set[str | None]) -> Iterator[Planned]:
    """Let each hospital onboard its doctors, one after the other: they share its key."""
    for doctors in city.doctors.values():
        for place, doctor in enumerate(one for one in doctors if one not in done):
            at_us = city.lives.from_us + place * _ONBOARDING_US
            yield (
                at_us,
                city.step("onboard_doctor", f"{doctor}-onboards", at_time(at_us), doctor=doctor),
            )


def _life(city: City, name: str, hospital: str, *, is_known: bool) -> Iterator[Planned]:
    """Give the steps of one patient: registration, then whatever happens, in order."""
    lives = city.lives
    home = city.draws(name, "home")
    doctors = city.doctors.get(hospital) or tuple(city.actors.doctors)
    life = Life(name, hospital, doctors[home.below(len(doctors))])
    is_chronic = home.happens(lives.chronic)
    begin_us = lives.from_us
    if not is_known:
        enrolled_by_us = min(begin_us + lives.enrol_us, city.end_us)
        begin_us = city.calendar.somewhere(home, begin_us, enrolled_by_us)
        yield (
            begin_us,
            city.step("register_patient", f"{name}-registers", at_time(begin_us), patient=name),
        )
    happenings: list[tuple[int, LifeEvent]] = sorted(
        (at_us, event)
        for event in LIFE_EVENTS
        if event != "control" or is_chronic
        for at_us in city.calendar.arrivals(
            city.draws(name, event), lives.rate(event), begin_us + city.step_us
        )
    )
    for at_us, event in happenings:
        draws = city.draws(name, event, at_us)
        for planned in EVENTS[event](city, Occasion(life, draws, at_us)):
            if planned[0] < city.end_us:
                yield planned
