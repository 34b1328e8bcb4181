"""Runs a scenario file from beginning to end: the shell around the pure simulator.

Reads files and the wall clock; nothing below this file does (simulation.md section 6).
"""

import json
import platform
import shlex
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

from node.base.clock import WallClock
from node.base.errors import ConfigError, WardnetError
from node.base.types import MICROS_PER_SECOND
from node.evm.executors import require_executor
from node.sim.course import Course
from node.sim.execution_check import ExecutionCheck, compare, portrait
from node.sim.expectations import Finding
from node.sim.faults.injector import Injector
from node.sim.garbage import calm_collector
from node.sim.history import canonical
from node.sim.judges import build_expectations
from node.sim.loader import load, resolve
from node.sim.message_trace import mermaid
from node.sim.purse import Purse
from node.sim.research_flows import dataset_files
from node.sim.results import Results, verdict_of
from node.sim.run_chains import CHAIN_FILES, chain_files
from node.sim.run_folder import point_latest, write_run
from node.sim.run_stores import STORE_FILES, store_files
from node.sim.schedule import Schedule, StepOutcome
from node.sim.schema.scenario import Scenario
from node.sim.steps import StepBook
from node.sim.study_files import read_studies
from node.sim.summary import (
    expectation_results,
    metrics,
    node_results,
    report_data,
    step_results,
)
from node.sim.world import World

Render: TypeAlias = Callable[[Mapping[str, Any], list[dict[str, Any]], Any], str]
"""(results, history, report data) -> report.html; it lies above this layer, so it is handed in."""

RUNS: Final = Path("runs")
_VERSIONS: Final = ("wardnet", "py-evm", "coincurve", "cryptography", "msgpack", "numpy", "pydicom")
_PROGRESS_EVERY_US: Final = 5_000_000
_PROGRESS_COUNT: Final = 2_000
"""A month is not told, and its budget not looked at, more often than so."""
VACUOUS_FAULT: Final = "vacuous_fault"
"""Cause of a run that says nothing, because one of its faults changed nothing."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """Something a person who waits would like to see."""

    t_us: int
    """Virtual time."""
    kind: str
    """``phase``, ``step``, ``block``, ``expectation`` or ``done``."""
    text: str


Progress: TypeAlias = Callable[[ProgressEvent], None]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to, and where it lies."""

    results: dict[str, Any]
    """The object of results.json."""
    folder: Path
    execution_check: ExecutionCheck | None = None
    """Only of a run that was asked for it."""


def run_scenario(
    path: str | Path,
    *,
    seed: int | None = None,
    executor: str | None = None,
    execution: str | None = None,
    engine: str | None = None,
    verify: str | None = None,
    check_execution: bool = False,
    out: Path | None = None,
    progress: Progress | None = None,
    render: Render | None = None,
) -> RunResult:
    """Run one scenario file and write its result folder.

    ``seed``, ``executor``, ``execution``, ``engine``, ``verify``  instead of what the file says.
    ``check_execution``  run it again in the other mode of execution, and compare.
    ``out``       the folder; None: ``runs/<scenario>/<start>-s<seed>-<file>``, and ``runs/latest``.
    ``render``    makes report.html; None: no report is written.
    raises        ScenarioFileError, StudyFileError, ConfigError, UsageError: nothing was run,
                  because of the file, an option, or an executor that is not installed.
                  RunFolderError: the folder cannot be written.
    """
    file = Path(path)
    options = {
        "seed": seed,
        "executor": executor,
        "execution": execution,
        "engine": engine,
        "verify": verify,
    }
    scenario = read_scenario(file, options)
    require_executor(scenario.chain.executor)
    studies = read_studies(scenario, file)
    started_us = WallClock().now_us()
    clock = (time.perf_counter(), time.process_time())
    tell = progress or _nobody
    tell(ProgressEvent(0, "phase", f"founding a network of {len(scenario.network.validators)}"))
    run = _Run(scenario, studies, tell)
    run.play(Purse(scenario.run.budget))
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started_us // MICROS_PER_SECOND))
    folder = out or RUNS / scenario.name / f"{stamp}-s{scenario.run.seed}-{_mark(scenario)}"
    results = run.results(
        {
            "started": stamp,
            "wall_s": round(time.perf_counter() - clock[0], 3),
            "cpu_s": round(time.process_time() - clock[1], 3),
            "path": str(folder),
            "host": platform.node(),
        }
    )
    repeat = _repeat(file, options | {"seed": scenario.run.seed})
    _write(folder, file, run, results, render, repeat=repeat)
    if out is None:
        point_latest(folder, RUNS)
    check = _check_execution(run, results, studies, tell) if check_execution else None
    found = results.as_dict()
    tell(ProgressEvent(run.world.kernel.now, "done", str(found["verdict"])))
    return RunResult(found, folder, check)


OPTION_PATHS: Final = {
    "seed": "run.seed",
    "executor": "chain.executor",
    "execution": "run.execution",
    "engine": "chain.consensus",
    "verify": "run.verify",
}
"""Options of the command line, and the key of a scenario that each stands for."""


def read_scenario(file: Path, options: Mapping[str, object]) -> Scenario:
    """Read and check a scenario file.

    ``options``   by the names of OPTION_PATHS; one that is not None stands instead of the file's.
    raises        ScenarioFileError; ConfigError: the file cannot be read; UsageError: what is given
                  cannot be.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is no UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror or error}") from error
    scenario = load(text, str(file))
    instead = {
        path: options[name] for name, path in OPTION_PATHS.items() if options.get(name) is not None
    }
    return resolve(scenario, instead) if instead else scenario


def judge_scenario(scenario: Scenario, file: Path) -> Results:
    """Run a scenario and judge it; nothing is written.

    ``file``      where it came from: studies may lie beside it.
    raises        StudyFileError, ConfigError: nothing was run.
    """
    require_executor(scenario.chain.executor)
    run = _Run(scenario, read_studies(scenario, file), _nobody)
    run.play(Purse(scenario.run.budget))
    return run.results({})


def _check_execution(
    run: "_Run", results: Results, studies: Mapping[str, bytes], tell: Progress
) -> ExecutionCheck:
    """Run the scenario in the other mode of execution; nothing of that run is written."""
    mode = run.scenario.run.execution
    other_mode = "full" if mode == "shared" else "shared"
    again = run.scenario.run.model_copy(update={"execution": other_mode})
    tell(ProgressEvent(run.world.kernel.now, "phase", f"the same with execution {other_mode}"))
    other = _Run(run.scenario.model_copy(update={"run": again}), studies, _nobody)
    other.play(Purse(run.scenario.run.budget))
    return compare(
        (mode, other_mode), portrait(run.world, results), portrait(other.world, other.results({}))
    )


class _Run:
    """One run: the world, its steps, its judges."""

    def __init__(self, scenario: Scenario, studies: Mapping[str, bytes], tell: Progress) -> None:
        self.scenario = scenario
        self.world = World(scenario)
        self.book = StepBook(self.world, studies)
        self.injector = Injector(self.world)
        self.schedule = Schedule(self.world, self.book, self._step_ended)
        self._tell = tell
        self._expectations = build_expectations(self.world, self.book)
        self._cause: str | None = None
        self.findings: tuple[Finding, ...] = ()
        self._course = Course(
            lambda: self.world.kernel.now,
            until_us=scenario.run.until_us,
            safe_depth=self.world.safe_depth,
        )
        self.world.listeners.append(self._course.observe)
        for expectation in self._expectations:
            self.world.listeners.append(expectation.observe)
            if expectation.reads_bytes:
                self.world.scanners.append(expectation.observe)
        self.world.on_change.append(self._check)

    def play(self, purse: Purse | None = None) -> None:
        """Run to the horizon, or until the purse is empty or the simulator cannot go on."""
        world = self.world
        world.start()
        self.injector.start()
        self.schedule.start()
        until = self.scenario.run.until_us
        every = max(_PROGRESS_EVERY_US, until // _PROGRESS_COUNT)
        try:
            with calm_collector():
                for t_us in (*range(every, until, every), until):
                    world.kernel.run_until(t_us)
                    if purse is not None:
                        purse.check(world.kernel.now)
                    height = max(core.ledger.head.number for core in world.nodes.values())
                    self._tell(ProgressEvent(t_us, "block", f"block {height}"))
                world.settle()
        except Exception as error:  # noqa: BLE001 - section 12: an error of the simulator decides nothing
            self._cause = _cause_of(error)
        if self._cause is None and self.injector.vacuous():
            self._cause = VACUOUS_FAULT
        world.tell_stores()
        self._check()
        self.findings = tuple(one.conclude(world.kernel.now) for one in self._expectations)
        for finding in self.findings:
            word = {True: "holds", False: "violated", None: "undecided"}[finding.holds]
            text = f"{finding.terms.text}: {word}"
            self._tell(ProgressEvent(world.kernel.now, "expectation", text))

    def results(self, volatile: Mapping[str, str | int | float]) -> Results:
        """Judge the run."""
        scenario, outcomes = self.scenario, self.schedule.outcomes
        expectations = expectation_results(
            self.findings, scenario.written, outcomes, self.world.history
        )
        holds = [one.holds for one in expectations]
        verdict = verdict_of(holds, self._cause)
        cause = self._cause
        if cause is None and verdict != "valid":
            cause = "expectation" if verdict == "invalid" else "undecided"
        return Results(
            scenario=scenario.name,
            seed=scenario.run.seed,
            driver=scenario.run.driver,
            execution=scenario.run.execution,
            executor=scenario.chain.executor,
            engine=scenario.chain.consensus,
            verdict=verdict,
            cause=cause,
            digest=self.world.trace.digest(),
            expectations=expectations,
            chain=self._course.result(self.world.counters.reorg_depths),
            faults=self.injector.results(),
            steps=step_results(scenario.steps, outcomes),
            nodes=node_results(self.world),
            metrics=metrics(self.world, outcomes),
            versions=_versions(scenario.chain.executor),
            volatile=volatile,
        )

    def _check(self) -> None:
        for expectation in self._expectations:
            expectation.check(self.world.kernel.now)

    def _step_ended(self, outcome: StepOutcome) -> None:
        took = (outcome.ended_us - outcome.started_us) / 1_000_000
        name = outcome.status if outcome.error is None else f"{outcome.status} {outcome.error}"
        text = f"{outcome.step.id}: {name} after {took:.1f} s"
        self._tell(ProgressEvent(outcome.ended_us, "step", text))


def _write(
    folder: Path, file: Path, run: _Run, results: Results, render: Render | None, *, repeat: str
) -> None:
    scenario = run.scenario
    world = run.world
    ledgers = (core.ledger for core in world.nodes.values())
    files = chain_files(world.beginning.genesis, ledgers) | store_files(
        world.disks, world.addresses
    )
    files |= {
        "scenario.yaml": scenario.tree.text,
        "resolved.json": json.dumps(scenario.resolved(), indent=2, ensure_ascii=False) + "\n",
        "history.jsonl": world.history.text(),
        "messages.mmd": mermaid(scenario.network.validators, world.messages),
    }
    files |= dataset_files(run.book.exported())
    if render is not None:
        extra = report_data(world, run.book, run.schedule.outcomes, file=file.name, repeat=repeat)
        files["report.html"] = render(results.as_dict(), world.history.as_dicts(), extra)
    write_run(folder, files, results.text(), stale=(*CHAIN_FILES, STORE_FILES))


def _repeat(file: Path, options: Mapping[str, object]) -> str:
    """Give the command that the report shows: ``options`` as given, those without a value not."""
    # folder and name only: the page must not tell where on somebody's disk the file lies
    name = shlex.quote(str(Path(*file.resolve().parts[-2:])))
    words = (f"--{key} {value}" for key, value in options.items() if value is not None)
    return " ".join(("python3 cli.py run", name, *words))


def _versions(executor: str) -> dict[str, str]:
    """Give the versions of what a run depends on."""
    names = (*_VERSIONS, "pyrevm") if executor == "revm" else _VERSIONS
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def _mark(scenario: Scenario) -> str:
    return sha256(canonical(scenario.resolved()).encode()).hexdigest()[:6]


def _cause_of(error: Exception) -> str:
    """Say what ended a run; of what nobody foresaw also where."""
    cause = f"{type(error).__name__}: {error}"
    if isinstance(error, WardnetError):
        return cause
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"unexpected {cause} ({Path(last.filename).name}:{last.lineno})"


def _nobody(_event: ProgressEvent) -> None:
    """Be the listener of a run that nobody watches."""
