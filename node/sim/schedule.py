"""Runs the steps of a scenario at their times and notes how each one ended."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from node.base.errors import StorageError, WardnetError
from node.privacy.release_errors import GrantNotActiveError
from node.sim.facts import StepEnded
from node.sim.flow_driver import Ended, NodeDownError
from node.sim.history import EventKind, JsonValue
from node.sim.kernel import Priority
from node.sim.research_flows import told
from node.sim.results import StepStatus
from node.sim.schema.custody_steps import RotateKey
from node.sim.schema.steps import AnyStep, PerformLab
from node.sim.step_ready import StepNotReadyError
from node.sim.steps import StepBook
from node.sim.world import World
from node.workflows.errors import (
    ContractRevertError,
    FetchFailedError,
    FragmentsMissingError,
)
from node.workflows.read_record import Opinion, Reading
from node.workflows.requests import Inclusion
from node.workflows.rotate_key import Rotated
from node.workflows.validators import RotatedKey


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended."""

    step: AnyStep
    status: StepStatus
    error: str | None
    """Name of the refusal, revert or error; None for a step that ended well."""
    why: str
    """One sentence; empty for a step that ended well."""
    started_us: int
    ended_us: int
    gas: int
    transactions: tuple[Inclusion, ...]
    event: int
    """Index in the history of the event that ended it."""


class Schedule:
    """Starts each step when its time has come: at ``at``, or when the step before it ended."""

    def __init__(self, world: World, book: StepBook, on_end: Callable[[StepOutcome], None]) -> None:
        self._world = world
        self._book = book
        self._on_end = on_end
        self._steps = world.scenario.steps
        self._waiting: defaultdict[str, list[AnyStep]] = defaultdict(list)
        """Steps by the one at whose end they start, in the order of the file."""
        for before, step in pairwise((None, *self._steps)):
            assert step is not None
            if step.at is not None and step.at.after is not None:
                self._waiting[step.at.after].append(step)
            elif step.at is None and before is not None:
                self._waiting[before.id].append(step)
        self.outcomes: dict[str, StepOutcome] = {}

    def start(self) -> None:
        """Schedule the first step, and all that have a time of their own."""
        for index, step in enumerate(self._steps):
            if step.at is not None and step.at.after is None:
                self._at(step.at.delay_us, step)
            elif step.at is None and index == 0:
                self._at(0, step)

    def _at(self, t_us: int, step: AnyStep) -> None:
        self._world.kernel.at(t_us, Priority.STEP, "", lambda: self._begin(step))

    def _begin(self, step: AnyStep) -> None:
        world = self._world
        started = world.kernel.now
        if started >= world.scenario.run.until_us:
            return  # what is under way at the horizon may end; nothing new begins
        world.history.append(started, actor_of(step), "invoke", step.do, ref=step.id)
        try:
            flow = self._book.flow(step)
        except WardnetError as error:
            self._end(step, started, Ended(error=error))
            return
        world.flows.start(
            step.id,
            flow,
            timeout_us=step.timeout_us,
            done=lambda ended: self._end(step, started, ended),
        )

    def _end(self, step: AnyStep, started: int, ended: Ended) -> None:
        world = self._world
        now = world.kernel.now
        status, error, why = judged(ended)
        if isinstance(step, PerformLab) and error is not None:
            why = f"study {step.study.name}: {why}"
        if status == "ok":
            self._book.leave(step.id, ended.value)
            if isinstance(step, RotateKey) and isinstance(ended.value, Rotated):
                self._book.rotated(step.record, ended.value)
        value: JsonValue = {"error": error, "why": why}
        if error is None:
            value = {"gas": ended.gas, **told(ended.value)}
        event = world.history.append(
            now, actor_of(step), _KINDS[status], step.do, value, ref=step.id
        )
        outcome = StepOutcome(
            step, status, error, why, started, now, ended.gas, ended.transactions, event
        )
        self.outcomes[step.id] = outcome
        self._tell_reading(step, ended.value)
        if isinstance(ended.value, RotatedKey):
            world.rotations.rotated(world.cast.name_of(ended.value.node), ended.value.signer)
        world.tell(StepEnded(step.id, status))
        self._on_end(outcome)
        self._follow(step)

    def _tell_reading(self, step: AnyStep, value: object) -> None:
        """Name who gave a reader wrong shares or none, and what the reader's grant left out."""
        reading = value.reading if isinstance(value, Opinion) else value
        if not isinstance(reading, Reading):
            return
        now, history = self._world.kernel.now, self._world.history
        for one in reading.suspects:
            custodian = self._world.cast.name_of(one.custodian)
            what: JsonValue = {"entry": one.entry, "why": one.why}
            history.append(now, custodian, "evidence", "custody.suspected", what, ref=step.id)
        for index, status in reading.not_covered:
            what = {"entry": index, "status": status}
            history.append(now, actor_of(step), "note", "read.not_covered", what, ref=step.id)

    def _follow(self, ended: AnyStep) -> None:
        """Start what waited for this step."""
        now = self._world.kernel.now
        for step in self._waiting.get(ended.id, ()):
            self._at(now if step.at is None else now + step.at.delay_us, step)


_KINDS: dict[StepStatus, EventKind] = {
    "ok": "ok",
    "refused": "fail",
    "revert": "fail",
    "timeout": "info",
    "error": "info",
    "skipped": "fail",
}


def judged(ended: Ended) -> tuple[StepStatus, str | None, str]:
    """Give status, name of the error, and the sentence of how a flow ended."""
    error = ended.error
    if ended.timed_out:
        return "timeout", None, "no answer within the step's timeout; it may still happen"
    match error:
        case None:
            return "ok", None, ""
        case StepNotReadyError():
            return "skipped", type(error).__name__, str(error)
        case ContractRevertError():
            return "revert", error.name, str(error)
        case GrantNotActiveError():
            return "refused", error.status, str(error)
        case FetchFailedError() | FragmentsMissingError() | StorageError() | NodeDownError():
            return "error", type(error).__name__, str(error)
        case _:
            return "refused", type(error).__name__, str(error)


def actor_of(step: AnyStep) -> str:
    """Give who does a step, for the history: the most particular participant it names."""
    for field in ("lab", "doctor", "device", "patient", "hospital", "researcher"):
        name = getattr(step, field, None)
        if isinstance(name, str):
            return name
    return "world"
