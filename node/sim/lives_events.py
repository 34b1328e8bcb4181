"""What happens to the patients of a city, as steps: one function an event, and two tables of them.

Another kind of event is a function here, its line in ``EVENTS`` (it happens by itself, at a rate)
or in ``FOLLOW_UPS`` (a share of the visits leads to it), and its name and default in
``node.sim.schema.lives``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from node.base.rng import TreeEntropy
from node.base.types import MICROS_PER_SECOND
from node.sim.lives_calendar import Calendar
from node.sim.schema.actors import Actors
from node.sim.schema.lives import FollowUp, LifeEvent, Lives
from node.sim.schema.scenario import Scenario
from node.sim.schema.step_base import At
from node.sim.schema.steps import STEP_MODELS, AnyStep, Study

_MINUTE_US: Final = 60 * MICROS_PER_SECOND
_HOUR_US: Final = 60 * _MINUTE_US
_DAY_US: Final = 24 * _HOUR_US
STEP_PERIODS: Final = 12
"""Within so many blocks a step that meets no trouble has ended."""
_TIMEOUT_PERIODS: Final = 48
_CLOSED_US: Final = 14 * _DAY_US
"""After so long nothing that followed from a visit is under way."""
_STUDIES: Final = (
    ("CT", "693_J2KI", 45),
    ("MR", "MR_small_jp2klossless", 25),
    ("MR", "MR_small_RLE", 20),
    ("CT", "CT_small", 10),
)
"""Modality, real file that pydicom ships, and weight: 3.6, 6, 7.8 and 39 kB."""


Planned: TypeAlias = tuple[int, AnyStep]
"""When a step is expected to begin, and the step."""


@dataclass(slots=True)
class Life:
    """One patient on the way through the calendar."""

    patient: str
    hospital: str
    doctor: str
    """Who sees them as a rule."""
    visits: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Planned time and id of each visit so far that is not erased."""
    counts: Counter[str] = field(default_factory=Counter[str])
    """What has happened so far, by kind."""

    def next_name(self, kind: str) -> str:
        """Give the id of the next event of a kind."""
        self.counts[kind] += 1
        return f"{self.patient}-{kind}-{self.counts[kind]}"


class City:
    """The places and people of a scenario, and the rules of what follows from what."""

    def __init__(self, scenario: Scenario, lives: Lives) -> None:
        self.lives = lives
        self.actors: Actors = scenario.actors
        self.seed = scenario.run.seed
        self.step_us = STEP_PERIODS * scenario.chain.period_us
        self._timeout_us = _TIMEOUT_PERIODS * scenario.chain.period_us
        self.end_us = lives.from_us + lives.span_us
        self.calendar = Calendar(
            lives.from_us,
            self.end_us,
            epoch_us=scenario.run.epoch_us,
            zone_s=scenario.utc_offset_s,
        )
        self.doctors = _by_hospital(self.actors.doctors)
        self.labs = _by_hospital(self.actors.labs)

    def draws(self, patient: str, *path: str | int) -> TreeEntropy:
        """Give the source of draws of a place in a life."""
        return TreeEntropy(self.seed, "lives", patient, *path)

    def step(self, do: str, name: str, at: At, **fields: object) -> AnyStep:
        """Make a step.  What it ends with is judged over all lives, by ``lives_done``."""
        timing = {"at": at, "timeout_us": self._timeout_us, "expect": "any"}
        step: Any = STEP_MODELS[do].model_construct(None, do=do, id=name, **timing, **fields)
        step.place_at(self.lives.line)
        made: AnyStep = step
        return made


def at_time(at_us: int) -> At:
    """Give the beginning of a step that waits for nobody."""
    return At.model_construct(after=None, delay_us=at_us)


def after(step: str, delay_us: int) -> At:
    """Give the beginning of a step that follows another one."""
    return At.model_construct(after=step, delay_us=delay_us)


def _by_hospital(actors: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, actor in actors.items():
        found[actor.hospital].append(name)
    return {hospital: tuple(names) for hospital, names in found.items()}


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something happens to a patient."""

    life: Life
    draws: TreeEntropy
    at_us: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit that something follows from."""

    visit: str
    doctor: str
    life: Life
    draws: TreeEntropy
    at_us: int


# ---- what happens by itself: see EVENTS


def _visit(city: City, now: Occasion) -> Iterator[Planned]:
    """A consultation, and what it leads to."""
    life, draws = now.life, now.draws
    colleagues = city.doctors.get(life.hospital, ())
    doctor = life.doctor
    if colleagues and draws.happens(city.lives.stranger):
        doctor = colleagues[draws.below(len(colleagues))]
    visit = life.next_name("visit")
    life.visits.append((now.at_us, visit))
    fields = {"doctor": doctor, "patient": life.patient}
    yield now.at_us, city.step("consult", visit, at_time(now.at_us), **fields)
    for follow_up, do in FOLLOW_UPS.items():
        if draws.happens(city.lives.share(follow_up)):
            yield from do(city, Seen(visit, doctor, life, draws, now.at_us))


def _move(city: City, now: Occasion) -> Iterator[Planned]:
    """The patient goes to another hospital from now on, which reads the newest visit."""
    life, draws = now.life, now.draws
    others = [one for one in city.doctors if one != life.hospital]
    if not others:
        return
    before = life.doctor
    life.hospital = others[draws.below(len(others))]
    doctors = city.doctors[life.hospital]
    life.doctor = doctors[draws.below(len(doctors))]
    newest = _settled(city, now)
    if newest is not None:
        seen = Seen(newest, before, life, draws, now.at_us)
        yield from _shared(city, seen, life.next_name("move"), life.doctor)


def _own_read(city: City, now: Occasion) -> Iterator[Planned]:
    """The patient reads what was written last."""
    yield from _with_newest(city, now, "read_own", "own")


def _rotation(city: City, now: Occasion) -> Iterator[Planned]:
    """The patient has the newest record dealt again under a new key."""
    yield from _with_newest(city, now, "rotate_key", "key")


def _erasure(city: City, now: Occasion) -> Iterator[Planned]:
    """The patient has the oldest record destroyed, for a legal reason."""
    life = now.life
    if life.visits and life.visits[0][0] + _CLOSED_US <= now.at_us:
        _, oldest = life.visits.pop(0)
        fields = {"patient": life.patient, "pmr": oldest, "basis": "GDPR-17"}
        yield now.at_us, city.step("erase", f"{oldest}-erased", at_time(now.at_us), **fields)


EVENTS: Final[dict[LifeEvent, Callable[[City, Occasion], Iterator[Planned]]]] = {
    "visit": _visit,
    "control": _visit,
    "move": _move,
    "own_read": _own_read,
    "rotation": _rotation,
    "erasure": _erasure,
}
"""By the name that its rate has in a scenario."""


def _with_newest(city: City, now: Occasion, do: str, kind: str) -> Iterator[Planned]:
    newest = _settled(city, now)
    if newest is not None:
        fields = {"patient": now.life.patient, "record": newest}
        yield now.at_us, city.step(do, now.life.next_name(kind), at_time(now.at_us), **fields)


def _settled(city: City, now: Occasion) -> str | None:
    """Give the newest visit that must have ended by now; None: there is none."""
    for begun_us, visit in reversed(now.life.visits):
        if begun_us + city.step_us <= now.at_us:
            return visit
    return None


# ---- what may follow a visit: see FOLLOW_UPS


def _lab(city: City, seen: Seen) -> Iterator[Planned]:
    """A study is ordered at the end of the visit and made within two days."""
    labs = city.labs.get(city.actors.doctors[seen.doctor].hospital) or tuple(city.actors.labs)
    if not labs:
        return
    order = f"{seen.visit}-order"
    modality, name = _drawn_study(seen.draws)
    asked = {"doctor": seen.doctor, "pmr": seen.visit, "modality": modality}
    at_us = seen.at_us + city.step_us
    yield at_us, city.step("order_lab", order, after(seen.visit, _MINUTE_US), **asked)
    wait_us = _HOUR_US + seen.draws.below(2 * _DAY_US)
    lab = labs[seen.draws.below(len(labs))]
    study = Study.model_construct(source="pydicom", name=name)
    filed = {"lab": lab, "order": order, "study": study}
    at_us += city.step_us + wait_us
    yield at_us, city.step("perform_lab", f"{seen.visit}-study", after(order, wait_us), **filed)


def _referral(city: City, seen: Seen) -> Iterator[Planned]:
    """A doctor elsewhere asks, is let in for some days, and reads."""
    doctor = _elsewhere(city, seen)
    if doctor is not None:
        yield from _shared(city, _later(seen), f"{seen.visit}-refers", doctor)


def _second_opinion(city: City, seen: Seen) -> Iterator[Planned]:
    """A doctor elsewhere is let in for some days, and writes what they think."""
    doctor = _elsewhere(city, seen)
    if doctor is not None:
        later, name = _later(seen), f"{seen.visit}-second"
        yield from _shared(city, later, name, doctor, do="second_opinion")


def _refusal(city: City, seen: Seen) -> Iterator[Planned]:
    """A doctor elsewhere asks and is told no."""
    doctor = _elsewhere(city, seen)
    if doctor is not None:
        later, asked = _later(seen), f"{seen.visit}-refused-asks"
        yield later.at_us, _asking(city, later, asked, doctor)
        fields = {"patient": seen.life.patient, "request": asked}
        denial = city.step("deny", f"{seen.visit}-refused", after(asked, _HOUR_US), **fields)
        yield later.at_us + city.step_us + _HOUR_US, denial


FOLLOW_UPS: Final[dict[FollowUp, Callable[[City, Seen], Iterator[Planned]]]] = {
    "lab": _lab,
    "referral": _referral,
    "second_opinion": _second_opinion,
    "refusal": _refusal,
}
"""By the name that its share has in a scenario."""


def _shared(
    city: City, seen: Seen, name: str, doctor: str, *, do: str = "read_record"
) -> Iterator[Planned]:
    """Request, grant for some days, what the doctor does, and now and then a revocation."""
    patient, draws, at_us = seen.life.patient, seen.draws, seen.at_us
    days = 2 + draws.below(6)
    asked, given = f"{name}-asks", f"{name}-grant"
    yield at_us, _asking(city, seen, asked, doctor)
    at_us += city.step_us + _HOUR_US
    answer = {"patient": patient, "request": asked, "for_us": days * _DAY_US}
    yield at_us, city.step("grant", given, after(asked, _HOUR_US), **answer)
    at_us += city.step_us + _HOUR_US
    opened = {"doctor": doctor, "pmr": seen.visit}
    yield at_us, city.step(do, name, after(given, _HOUR_US), **opened)
    if draws.happens(city.lives.revoked):
        at_us += city.step_us + _HOUR_US
        ended = {"patient": patient, "grant": given}
        yield at_us, city.step("revoke", f"{name}-ends", after(name, _HOUR_US), **ended)


def _asking(city: City, seen: Seen, name: str, doctor: str) -> AnyStep:
    fields = {"doctor": doctor, "patient": seen.life.patient, "pmr": seen.visit}
    return city.step("request_access", name, at_time(seen.at_us), **fields)


def _later(seen: Seen) -> Seen:
    """Give the moment, within three days of a visit, at which somebody else is asked."""
    wait_us = _HOUR_US + seen.draws.below(3 * _DAY_US)
    return replace(seen, at_us=seen.at_us + wait_us)


def _elsewhere(city: City, seen: Seen) -> str | None:
    """Draw a doctor of another hospital; None: there is none."""
    own = city.actors.doctors[seen.doctor].hospital
    others = [name for name, one in city.actors.doctors.items() if one.hospital != own]
    return others[seen.draws.below(len(others))] if others else None


def _drawn_study(draws: TreeEntropy) -> tuple[str, str]:
    left = draws.below(sum(weight for _, _, weight in _STUDIES))
    for modality, name, weight in _STUDIES:
        if left < weight:
            return modality, name
        left -= weight
    raise AssertionError("the weights were summed up")
