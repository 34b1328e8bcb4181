"""Expectations over time: always, never, eventually (simulation.md section 12)."""

from dataclasses import dataclass
from typing import Literal

from node.sim.facts import Fact
from node.sim.predicates.base import Predicate, State
from node.sim.predicates.records import PlaintextLeak

Mode = Literal["always", "never", "eventually"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scenario file says about one expectation; times are virtual microseconds."""

    name: str
    line: int
    text: str
    mode: Mode
    from_us: int = 0
    until_us: int | None = None
    by_us: int | None = None
    and_stay: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """How an expectation ended: ``holds`` is None while nothing decides it."""

    terms: Terms
    holds: bool | None
    first_event_us: int | None
    why: str


class Expectation:
    """Follows one predicate and decides once."""

    def __init__(self, terms: Terms, predicate: Predicate) -> None:
        self.terms = terms
        self._predicate = predicate
        self._violated: tuple[int, str] | None = None
        self._met: tuple[int, str] | None = None
        self._lost: tuple[int, str] | None = None

    @property
    def reads_bytes(self) -> bool:
        """Say whether bytes on the wire and in stores matter here."""
        return isinstance(self._predicate, PlaintextLeak)

    def observe(self, fact: Fact) -> None:
        """Pass a fact on."""
        self._predicate.observe(fact)

    def check(self, t_us: int) -> None:
        """Judge after a change of state at ``t_us``."""
        if self._violated is not None or not self._wants_check(t_us):
            return
        state = self._predicate.state()
        if self.terms.mode == "eventually":
            self._note_eventually(t_us, state)
        elif state.holds != (self.terms.mode == "always"):
            self._violated = (t_us, state.why)

    def conclude(self, t_us: int) -> Finding:
        """Judge for the last time, at the end of the run."""
        self.check(t_us)
        if self._violated is not None:
            at_us, why = self._violated
            return Finding(self.terms, holds=False, first_event_us=at_us, why=why)
        if self.terms.mode != "eventually":
            return Finding(
                self.terms, holds=True, first_event_us=None, why=self._predicate.state().why
            )
        if self._met is not None:
            at_us, why = self._met
            return Finding(self.terms, holds=True, first_event_us=at_us, why=why)
        if self._lost is not None:
            at_us, why = self._lost
            return Finding(self.terms, holds=False, first_event_us=at_us, why=why)
        by_us = self.terms.by_us
        decided = by_us is None or t_us >= by_us
        why = self._predicate.state().why
        return Finding(
            self.terms,
            holds=False if decided else None,
            first_event_us=by_us if decided else None,
            why=f"not so by {_seconds(t_us if by_us is None else by_us)}: {why}"
            if decided
            else f"the run ended at {_seconds(t_us)}, before it was due: {why}",
        )

    def _wants_check(self, t_us: int) -> bool:
        if t_us < self.terms.from_us:
            return False
        if self.terms.mode == "eventually":
            return self._met is None or self.terms.and_stay
        return self.terms.until_us is None or t_us <= self.terms.until_us

    def _note_eventually(self, t_us: int, state: State) -> None:
        late = self.terms.by_us is not None and t_us > self.terms.by_us
        if state.holds and self._met is None and not late:
            self._met = (t_us, state.why)
        elif not state.holds and self._met is not None:
            # with and_stay only: it may hold again, and stay, before it is due
            self._lost = (t_us, f"held since {_seconds(self._met[0])}, then: {state.why}")
            self._met = None


def _seconds(t_us: int) -> str:
    return f"{t_us / 1_000_000:g} s"
