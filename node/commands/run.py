"""``wardnet run FILE...``: run scenarios, show what they do, judge what they came to."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from node.commands import output
from node.commands.files import read_scenario

if TYPE_CHECKING:
    from node.sim.runner import RunResult

SEED_MAX: Final = 2**63 - 1
VALID, INVALID, UNKNOWN = 0, 1, 3


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenario files.")],
    *,
    seed: Annotated[
        int | None, typer.Option(min=0, max=SEED_MAX, help="Instead of the file's seed.")
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="py-evm, revm, or fast, which is revm."),
    ] = None,
    execution: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="shared: a block is executed once; full: by each node."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="qbft, clique, aura, ibft1, or module:Class of your own."
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="shared: a signature is checked once; full: by each."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The run's folder; of several files, a folder above."),
    ] = None,
    check_execution: Annotated[
        bool,
        typer.Option("--check-execution", help="Run shared and full; all must be equal."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Run scenarios and judge them.

    Exit 0 if all expectations hold, 1 if one does not (or shared and full differ), 2 for a faulty
    file, 3 if undecided.
    """
    options = {
        "seed": seed,
        "executor": executor,
        "execution": execution,
        "engine": engine,
        "verify": verify,
    }
    if len(files) > 1:
        _load_all(files, executor)  # a fault in the last file is told before the first one runs
    results: list[dict[str, Any]] = []
    for path, folder in zip(files, folders(files, out), strict=True):
        given = options | {"check_execution": check_execution}
        outcome = _run_one(path, given, folder, quiet=as_json)
        results.append(_judged(outcome))
        if not as_json:
            used = options | {"seed": outcome.results.get("seed")}
            command = repeat_command(path, used)
            output.print_result(outcome.results, str(outcome.folder), command)
            output.print_execution_check(results[-1])
    status = worst([int(result["exit_code"]) for result in results])
    if as_json and len(results) == 1:
        output.write_json(results[0])
    elif as_json:
        output.write_json({"exit_code": status, "seed": seed, "runs": results})
    raise typer.Exit(status)


def folders(files: Sequence[Path], out: Path | None) -> list[Path | None]:
    """Give each run its folder: DIR itself for one file, DIR/<name> (then -2, -3) for several."""
    if out is None or len(files) == 1:
        return [out] * len(files)
    taken: dict[str, int] = {}
    given: list[Path | None] = []
    for path in files:
        taken[path.stem] = taken.get(path.stem, 0) + 1
        count = taken[path.stem]
        given.append(out / (path.stem if count == 1 else f"{path.stem}-{count}"))
    return given


def worst(codes: Sequence[int]) -> int:
    """Give the exit code of several runs: invalid beats unknown beats valid."""
    for code in (INVALID, UNKNOWN):
        if code in codes:
            return code
    return max(codes, default=VALID)


def repeat_command(path: Path, options: Mapping[str, object]) -> str:
    """Give the command that repeats a run, with the options that stood instead of the file's."""
    words = (f"--{name} {value}" for name, value in options.items() if value is not None)
    return " ".join((output.program(), "run", shlex.quote(str(path)), *words))


def _judged(outcome: "RunResult") -> dict[str, Any]:
    """Give the results, with what comparing the modes of execution came to."""
    check = outcome.execution_check
    if check is None:
        return outcome.results
    code = int(outcome.results["exit_code"])
    status = code if check.difference is None else worst([code, INVALID])
    return {**outcome.results, "exit_code": status, "execution_check": asdict(check)}


def _load_all(files: Sequence[Path], executor: str | None) -> None:
    from node.evm.executors import require_executor
    from node.sim.loader import load

    for path in files:
        scenario = load(read_scenario(path), str(path))
        require_executor(executor or scenario.chain.executor)


def _run_one(
    path: Path, options: Mapping[str, Any], folder: Path | None, *, quiet: bool
) -> "RunResult":
    read_scenario(path)  # a missing file is told before the simulator is imported
    from node.commands import progress
    from node.report.page import render
    from node.sim.runner import run_scenario

    with nullcontext(None) if quiet else progress.shown(path.stem, sys.stderr) as take:
        return run_scenario(path, **options, out=folder, progress=take, render=render)
