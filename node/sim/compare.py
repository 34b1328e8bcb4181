"""One scenario under several engines, side by side (simulation.md section 15)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from node.sim.results import Results
from node.sim.runner import judge_scenario, read_scenario
from node.sim.schema.settings import ENGINES

Tell: TypeAlias = Callable[["Row"], None]


@dataclass(frozen=True, slots=True)
class Row:
    """What one scenario came to under one engine."""

    scenario: str
    engine: str
    verdict: str
    """``valid``, ``invalid`` or ``unknown``."""
    expected: str | None
    """What the file's ``verdicts`` say; None: they say nothing about this engine."""
    safe: bool
    live: bool
    blocks_to_finality: int | None
    """None: nothing ever became final."""
    deepest_reorg: int
    why: str
    """The first expectation that does not hold, in one sentence; empty where all hold."""

    @property
    def is_as_expected(self) -> bool:
        """Say whether the verdict is the expected one; without one only ``valid`` will do."""
        return self.verdict == (self.expected or "valid")

    def as_dict(self) -> dict[str, Any]:
        """Give the row of the JSON document."""
        return asdict(self)


def compare(
    files: Sequence[Path],
    *,
    engines: Sequence[str] = ENGINES,
    options: Mapping[str, object] | None = None,
) -> Iterator[Row]:
    """Run each file under each engine, and give the rows as they come.

    ``options``   as of ``read_scenario``.
    raises        ScenarioFileError, ConfigError, UsageError: a file cannot be run; nothing was.
    """
    given = options or {}
    scenarios = [
        (read_scenario(file, {**given, "engine": engine}), file)
        for file in files
        for engine in engines
    ]
    for scenario, file in scenarios:
        results = judge_scenario(scenario, file)
        verdicts = {str(engine): str(verdict) for engine, verdict in scenario.verdicts.items()}
        yield row_of(results, verdicts.get(results.engine))


def row_of(results: Results, expected: str | None) -> Row:
    """Give the row of a run."""
    chain = results.chain
    return Row(
        scenario=results.scenario,
        engine=results.engine,
        verdict=results.verdict,
        expected=expected,
        safe=chain.safe,
        live=chain.live,
        blocks_to_finality=chain.blocks_to_finality,
        deepest_reorg=chain.deepest_reorg,
        why=results.first_failure or results.cause or "",
    )
