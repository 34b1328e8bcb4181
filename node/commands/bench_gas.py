"""``wardnet bench gas``: the gas of every function, beside what the repository keeps."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import output

if TYPE_CHECKING:
    from node.bench.gas import Row

FOLDER: Final = Path("docs/reference")


def gas(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the stored report: exit 1 above 5 %.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Store the report anew.")] = False,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where gas.md and gas.json stand.")
    ] = FOLDER,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure the gas of every function that changes state, typical and worst.

    Runs the contracts on stock py-evm; figures are the same on every machine.  Exit 1 with
    --check if a case takes over 5 % more than is stored or more than its budget, if a function
    has no row, or if a row has no case.
    """
    from dataclasses import asdict

    from node.bench.gas import ROWS_NAME, TABLE_NAME, measure, problems, to_json, to_markdown

    if check and write:
        raise UsageError("--check compares with what is stored, --write replaces it: choose one")
    stored = _stored(folder / ROWS_NAME) if check else ()
    rows = measure()
    found = problems(rows, stored if check else rows)
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ROWS_NAME).write_text(to_json(rows), encoding="utf-8")
        (folder / TABLE_NAME).write_text(to_markdown(rows), encoding="utf-8")
    code = 1 if found else 0
    if as_json:
        output.write_json(
            {
                "exit_code": code,
                "seed": None,
                "bench": "gas",
                "rows": [asdict(row) for row in rows],
                "problems": found,
            }
        )
    else:
        table = [("", "gas", "budget")]
        table += [
            (row.name, f"{row.gas:,}", f"{row.budget:,}" if row.budget else "") for row in rows
        ]
        for line in output.columns(table):
            output.say(line)
        for sentence in found:
            output.say(f"WRONG    {sentence}")
        if check and not found:
            output.say(f"{len(rows)} cases are within 5 % of {folder / ROWS_NAME}")
    raise typer.Exit(code)


def _stored(path: Path) -> "tuple[Row, ...]":
    from node.bench.errors import StoredReportError
    from node.bench.gas import from_json

    try:
        return from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoredReportError(str(path), error.strerror or "unreadable") from error
