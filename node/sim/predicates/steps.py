"""Predicates about the steps of a scenario."""

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
