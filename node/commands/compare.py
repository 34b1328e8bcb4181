"""``wardnet compare FILE...``: one scenario under several engines, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import output

if TYPE_CHECKING:
    from node.sim.compare import Row

_HEAD = ("scenario", "engine", "verdict", "expected", "safe", "live", "final after", "reorg")


def compare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenario files.")],
    *,
    engine: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this engine; may be given several times."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the files' seeds.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Run scenarios under every engine and compare what became of the chain.

    ``final after`` counts blocks above a block when it becomes final, ``reorg`` the deepest
    reorganisation in blocks.  Exit 0 if all verdicts are those of ``verdicts`` in the files, 1 if
    one is not, 2 for a faulty file.
    """
    from node.sim import compare as comparison
    from node.sim.schema.settings import ENGINES

    rows: list[Row] = []
    engines = tuple(engine or ENGINES)
    for row in comparison.compare(files, engines=engines, options={"seed": seed}):
        rows.append(row)
        if not as_json:
            output.talk(f"{row.scenario} {row.engine}: {row.verdict}")
    as_expected = all(row.is_as_expected for row in rows)
    if as_json:
        output.write_json(
            {"exit_code": 0 if as_expected else 1, "rows": [row.as_dict() for row in rows]}
        )
    else:
        _print(rows)
    raise typer.Exit(0 if as_expected else 1)


def _print(rows: list["Row"]) -> None:
    for line in output.columns([_HEAD, *map(_cells, rows)], indent=0):
        output.say(line)
    other = [row for row in rows if not row.is_as_expected]
    for row in other:
        wanted = row.expected or "valid"
        output.say(f"{row.scenario}, {row.engine}: {row.verdict}, wants {wanted}: {row.why}")
    output.say(f"{len(rows) - len(other)} of {len(rows)} verdicts are as expected")


def _cells(row: "Row") -> tuple[object, ...]:
    final = "never" if row.blocks_to_finality is None else row.blocks_to_finality
    return (
        row.scenario,
        row.engine,
        row.verdict,
        row.expected,
        "yes" if row.safe else "NO",
        "yes" if row.live else "NO",
        final,
        row.deepest_reorg,
    )
