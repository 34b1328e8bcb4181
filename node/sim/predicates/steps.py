"""Predicates about the steps of a scenario."""

from collections.abc import Iterable

from node.base.rng import PPM
from node.sim.facts import Fact, StepEnded
from node.sim.predicates.base import State


class StepStatus:
    """A step ended with a status: ``step_ok`` and ``refused`` of the scenario language."""

    def __init__(self, step: str, *statuses: str) -> None:
        self._step = step
        self._wants = statuses
        self._got: str | None = None

    def observe(self, fact: Fact) -> None:
        """Note how the step ended."""
        if isinstance(fact, StepEnded) and fact.step == self._step:
            self._got = fact.status

    def state(self) -> State:
        """Compare the status with the ones asked for."""
        why = f"step {self._step} " + (f"ended with {self._got}" if self._got else "has not ended")
        return State(holds=self._got in self._wants, why=why)


class LivesDone:
    """So many parts per million of the steps that lives came to have ended well.

    Lives without a step have not been lived: that never holds.
    """

    def __init__(self, steps: Iterable[str], ratio_ppm: int) -> None:
        self._open = set(steps)
        self._planned = len(self._open)
        self._ratio_ppm = ratio_ppm
        self._ok = 0

    def observe(self, fact: Fact) -> None:
        """Count a step."""
        if isinstance(fact, StepEnded) and fact.step in self._open:
            self._open.discard(fact.step)
            self._ok += fact.status == "ok"

    def state(self) -> State:
        """Compare what ended well with what was planned."""
        holds = self._planned > 0 and self._ok * PPM >= self._ratio_ppm * self._planned
        failed = self._planned - len(self._open) - self._ok
        why = f"{self._ok} of {self._planned} steps ended well, {failed} otherwise"
        return State(holds=holds, why=why)
