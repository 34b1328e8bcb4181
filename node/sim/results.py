"""``results.json``: what a run found, in a fixed order of keys (simulation.md section 13)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

from node.sim.course import CourseResult

SCHEMA: Final = "wardnet.results/1"

StepStatus: TypeAlias = Literal["ok", "refused", "revert", "timeout", "error", "skipped"]
Verdict: TypeAlias = Literal["valid", "invalid", "unknown"]
_EXIT_CODES: Final[dict[Verdict, int]] = {"valid": 0, "invalid": 1, "unknown": 3}
_WORST_FIRST: Final[tuple[Verdict, ...]] = ("invalid", "unknown", "valid")


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """What became of one expectation."""

    name: str
    """The predicate."""
    line: int
    """Line of the scenario file, from 1; 0 of the audit that every run has."""
    text: str
    holds: bool | None
    """None: not decided."""
    first_event: int | None
    """Index in the history of the event that decided it; None when there is none."""
    why: str
    """One plain sentence."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step."""

    name: str
    action: str
    status: StepStatus
    virtual_ms: int
    """From its start to its end in virtual time; 0 for a skipped one."""
    gas: int
    """Sum over its transactions."""


@dataclass(frozen=True, slots=True)
class FaultResult:
    """What one fault did."""

    id: str
    kind: str
    nodes: tuple[str, ...]
    """Whom it was about, over all its activations."""
    effects: int
    """Frames cut, nodes stopped, votes forged, ...: what it counts is told where it is done."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """Where one node stands at the end.  Hashes and addresses are 0x and hex."""

    name: str
    address: str
    height: int
    head_hash: str
    state_root: str
    blocks_sealed: int
    store_blocks: int
    repair: Mapping[str, int] = field(default_factory=lambda: {"is_on": False})
    """As ``repo stat`` shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The results of one run; equal runs give equal results but for ``volatile``."""

    scenario: str
    seed: int
    driver: str
    execution: str
    executor: str
    engine: str
    verdict: Verdict
    cause: str | None
    """Why the verdict is not valid, in a word or two: ``expectation``, ``budget``, ..."""
    digest: str
    """Of the trace, hex."""
    expectations: tuple[ExpectationResult, ...]
    chain: CourseResult
    faults: tuple[FaultResult, ...]
    steps: tuple[StepResult, ...]
    nodes: tuple[NodeResult, ...]
    metrics: Mapping[str, Mapping[str, int | float]]
    """Name: {count, min, mean, p50, ..}."""
    versions: Mapping[str, str]
    volatile: Mapping[str, str | int | float]
    """The only place for wall time, paths and hosts."""

    @property
    def first_failure(self) -> str:
        """Give the sentence of the first expectation that does not hold; empty: all hold."""
        return next((one.why for one in self.expectations if one.holds is not True), "")

    def as_dict(self) -> dict[str, Any]:
        """Give the object of the file, keys in their order."""
        return {
            "schema": SCHEMA,
            "scenario": self.scenario,
            "seed": self.seed,
            "driver": self.driver,
            "execution": self.execution,
            "executor": self.executor,
            "engine": self.engine,
            "verdict": self.verdict,
            "exit_code": exit_code(self.verdict),
            "cause": self.cause,
            "digest": self.digest,
            "expectations": [asdict(one) for one in self.expectations],
            "chain": asdict(self.chain),
            "faults": [asdict(one) | {"nodes": list(one.nodes)} for one in self.faults],
            "steps": [asdict(one) for one in self.steps],
            "nodes": [asdict(one) for one in self.nodes],
            "metrics": {key: dict(self.metrics[key]) for key in sorted(self.metrics)},
            "versions": {key: self.versions[key] for key in sorted(self.versions)},
            "volatile": dict(self.volatile),
        }

    def text(self) -> str:
        """Give the content of ``results.json``."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def step_meets(
    status: StepStatus, got_error: str | None, expect: str, error: str | None
) -> bool | None:
    """Say whether a step ended as its file expects; None when nobody can say.

    ``expect``    ``ok revert refused timeout any`` of the step.
    ``error``     the name that a refusal or revert must have, or None.
    An ``error`` of the simulator decides nothing, and neither does a step that never began.
    """
    if status in ("error", "skipped"):
        return None
    if expect not in ("any", status):
        return False
    return error is None or error == got_error


def verdict_of(holds: Iterable[bool | None], cause: str | None = None) -> Verdict:
    """Judge a run by its expectations (and steps); ``cause`` names what kept it from deciding.

    One violated expectation is enough for invalid, whatever else went wrong (section 12).
    """
    decided = list(holds)
    if any(one is False for one in decided):
        return "invalid"
    if cause is not None or any(one is None for one in decided):
        return "unknown"
    return "valid"


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Judge several runs: invalid beats unknown beats valid; of no run nothing is known."""
    seen = set(verdicts)
    for verdict in _WORST_FIRST:
        if verdict in seen:
            return verdict
    return "unknown"


def exit_code(verdict: Verdict) -> int:
    """Give the exit code of a verdict: 0 valid, 1 invalid, 3 unknown."""
    return _EXIT_CODES[verdict]
