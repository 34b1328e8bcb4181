"""``wardnet sweep FILE --seeds A..B``: one scenario under many seeds."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import output

if TYPE_CHECKING:
    from node.sim.sweep import SweepRow

_SEEDS: Final = re.compile(r"(\d{1,19})\.\.(\d{1,19})")
_SEEDS_MAX: Final = 1_000_000
_SHOWN_MAX: Final = 10
_TOLD_EVERY: Final = 500
_KEPT_EVERY: Final = 50
"""Runs after which the rows are written: so many a killed sweep can lose; Ctrl-C loses none."""


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scenario file.")],
    *,
    seeds: Annotated[str, typer.Option(metavar="A..B", help="From A to B, both included.")],
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="qbft, clique, aura, ibft1, or module:Class."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one per core by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the rows in DIR/sweep.jsonl, and go on there."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Run a scenario under many seeds and count the verdicts.

    Exit 0 if all are valid, 1 if one is invalid, 3 if one is unknown, 2 for a faulty file.
    """
    from node.sim import sweep as sweeping
    from node.sim.results import exit_code, worst_verdict

    first, last = read_seeds(seeds)
    place = None if out is None else out / "sweep.jsonl"
    known = {} if place is None else sweeping.read_rows(place)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    rows: list[SweepRow] = []

    def take(row: "SweepRow") -> None:
        rows.append(row)
        if len(rows) % _TOLD_EVERY == 0 and not as_json:
            output.talk(f"{len(rows)} runs, newest seed {row.seed}: {row.verdict}")
        if len(rows) % _KEPT_EVERY == 0:
            keep()

    def keep() -> None:
        if place is not None:
            sweeping.write_rows(place, {row.key: row for row in (*known.values(), *rows)}.values())

    try:
        found = sweeping.sweep(
            file,
            range(first, last + 1),
            options={"engine": engine},
            workers=workers or os.cpu_count() or 1,
            known=known,
            tell=take,
        )
    finally:
        if rows:
            keep()
    status = exit_code(worst_verdict(row.verdict for row in found))
    counts = Counter[str](row.verdict for row in found)
    if as_json:
        _print_json(found, counts, (first, last), status)
    else:
        _print(found, counts)
    raise typer.Exit(status)


def read_seeds(text: str) -> tuple[int, int]:
    """Read ``A..B``.

    raises        UsageError: another form, B below A, or too many.
    """
    match = _SEEDS.fullmatch(text)
    if match is None:
        raise UsageError(f"--seeds: wants A..B like 1..1000, got {text!r}")
    first, last = int(match[1]), int(match[2])
    if last < first or last >= 2**63:
        raise UsageError(f"--seeds: wants A..B with A <= B < 2^63, got {text!r}")
    if last - first >= _SEEDS_MAX:
        raise UsageError(f"--seeds: {last - first + 1} runs, at most {_SEEDS_MAX} in one sweep")
    return first, last


def _print_json(
    rows: list["SweepRow"], counts: Counter[str], seeds: tuple[int, int], status: int
) -> None:
    output.write_json(
        {
            "exit_code": status,
            "seeds": list(seeds),
            "verdicts": {name: counts.get(name, 0) for name in ("valid", "invalid", "unknown")},
            "failed": [
                {"seed": row.seed, "verdict": row.verdict, "why": row.why}
                for row in rows
                if row.verdict != "valid"
            ],
        }
    )


def _print(rows: list["SweepRow"], counts: Counter[str]) -> None:
    failed = [row for row in rows if row.verdict != "valid"]
    for row in failed[:_SHOWN_MAX]:
        output.say(f"seed {row.seed}  {row.verdict}  {row.why or row.cause}")
    if len(failed) > _SHOWN_MAX:
        output.say(f"and {len(failed) - _SHOWN_MAX} more")
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("valid", "invalid", "unknown"))
    engine = rows[0].engine if rows else "-"
    output.say(f"{rows[0].scenario if rows else '-'} under {engine}: {len(rows)} runs, {told}")
