"""One scenario under many seeds, in several processes (simulation.md section 16).

A finished run is one line of ``sweep.jsonl`` under a key that says what was run; a second call
skips the keys that are there, so a sweep that was stopped goes on.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from node.base.errors import ConfigError
from node.sim.crew import ATTEMPTS_MAX, work
from node.sim.history import canonical
from node.sim.results import Results, Verdict
from node.sim.runner import judge_scenario, read_scenario
from node.sim.schema.scenario import Scenario


@dataclass(frozen=True, slots=True)
class SweepRow:
    """What one run of a sweep came to."""

    key: str
    """SHA-256 of what was run: the resolved scenario and the version of wardnet."""
    scenario: str
    engine: str
    seed: int
    verdict: Verdict
    cause: str | None
    digest: str
    why: str
    """The first expectation that does not hold, in one sentence; empty where all hold."""
    safe: bool
    live: bool
    height: int
    blocks_to_finality: int | None
    deepest_reorg: int


@dataclass(frozen=True, slots=True)
class _Task:
    """One run of a file; plain values, because it crosses processes."""

    file: str
    options: Mapping[str, object]
    seed: int


Tell: TypeAlias = Callable[[SweepRow], None]


def sweep(
    file: Path,
    seeds: Sequence[int],
    *,
    options: Mapping[str, object] | None = None,
    workers: int = 1,
    known: Mapping[str, SweepRow] | None = None,
    tell: Tell | None = None,
) -> list[SweepRow]:
    """Run a scenario under each seed; give the rows sorted by seed.

    ``options``   as of ``read_scenario``.
    ``workers``   processes; 1: in this one.
    ``known``     rows by key that need not be run again.
    ``tell``      called with each row as it comes.
    raises        ScenarioFileError, ConfigError, UsageError: the file cannot be run; nothing was.
    """
    given = dict(options or {})
    rows: dict[int, SweepRow] = {}
    to_do: list[int] = []
    read_scenario(file, given)  # a fault in the file is told before anything runs
    for seed in seeds:
        found = known.get(key_of(_seeded(file, given, seed))) if known else None
        if found is None:
            to_do.append(seed)
        else:
            rows[seed] = found
    tasks = [_Task(str(file), given, seed) for seed in to_do]
    for row in _run_all(tasks, workers):
        rows[row.seed] = row
        if tell is not None:
            tell(row)
    return [rows[seed] for seed in sorted(rows)]


def key_of(scenario: Scenario) -> str:
    """Give the key of a run."""
    text = canonical(scenario.resolved()) + version("wardnet")
    return sha256(text.encode()).hexdigest()


def read_rows(path: Path) -> dict[str, SweepRow]:
    """Read the rows of an earlier sweep, by key; no file: none.

    raises        ConfigError: a line is no row.
    """
    if not path.exists():
        return {}
    rows: dict[str, SweepRow] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = SweepRow(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{path}:{number}: no row of a sweep: {error}") from error
        rows[row.key] = row
    return rows


def write_rows(path: Path, rows: Iterable[SweepRow]) -> None:
    """Write rows sorted by key: however they were made, equal sweeps give equal files."""
    lines = [
        json.dumps(asdict(row), ensure_ascii=False) + "\n"
        for row in sorted(rows, key=lambda row: row.key)
    ]
    half = path.with_name(path.name + ".part")
    half.write_text("".join(lines), encoding="utf-8")
    half.replace(path)


def _run_all(tasks: Sequence[_Task], workers: int) -> Iterable[SweepRow]:
    if workers == 1 or len(tasks) <= 1:
        return map(_run, tasks)
    return work(tasks, _run, count=workers, lost=_lost)


def _run(task: _Task) -> SweepRow:
    file = Path(task.file)
    return _run_one(_seeded(file, task.options, task.seed), file)


def _lost(task: _Task) -> SweepRow:
    """Give the row of a run that killed its process each time."""
    scenario = _seeded(Path(task.file), task.options, task.seed)
    return _unknown(scenario, f"its process was killed {ATTEMPTS_MAX} times")


def _seeded(file: Path, options: Mapping[str, object], seed: int) -> Scenario:
    """Read the scenario with another seed: faults are drawn from it."""
    return read_scenario(file, {**options, "seed": seed})


def _run_one(scenario: Scenario, file: Path) -> SweepRow:
    try:
        return _row(key_of(scenario), judge_scenario(scenario, file))
    except Exception as error:  # noqa: BLE001 - of the simulator: one seed must not end the sweep
        return _unknown(scenario, f"{type(error).__name__}: {error}")


def _unknown(scenario: Scenario, why: str) -> SweepRow:
    return SweepRow(
        key=key_of(scenario),
        scenario=scenario.name,
        engine=scenario.chain.consensus,
        seed=scenario.run.seed,
        verdict="unknown",
        cause=why,
        digest="",
        why=why,
        safe=False,
        live=False,
        height=0,
        blocks_to_finality=None,
        deepest_reorg=0,
    )


def _row(key: str, results: Results) -> SweepRow:
    chain = results.chain
    return SweepRow(
        key=key,
        scenario=results.scenario,
        engine=results.engine,
        seed=results.seed,
        verdict=results.verdict,
        cause=results.cause,
        digest=results.digest,
        why=results.first_failure,
        safe=chain.safe,
        live=chain.live,
        height=chain.height,
        blocks_to_finality=chain.blocks_to_finality,
        deepest_reorg=chain.deepest_reorg,
    )
