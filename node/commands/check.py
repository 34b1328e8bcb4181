"""``wardnet check FILE...``: every fault of the files; nothing runs."""

from pathlib import Path
from typing import Annotated

import typer

from node.base.errors import OperatorError
from node.commands import output
from node.commands.files import read_scenario


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenario files.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Report all faults of scenario files; nothing runs."""
    faults = {path: fault_of(path) for path in files}
    status = 2 if any(faults.values()) else 0
    if as_json:
        output.write_json(
            {
                "exit_code": status,
                "seed": None,
                "files": [
                    {"file": str(path), "ok": not fault, "fault": fault or None}
                    for path, fault in faults.items()
                ],
            }
        )
    for path, fault in faults.items():
        if fault:
            output.complain(fault)
        elif not as_json:
            output.say(f"{path}: ok")
    raise typer.Exit(status)


def fault_of(path: Path) -> str:
    """Give what is wrong with a file, or nothing."""
    try:
        text = read_scenario(path)
        from node.sim.loader import load
        from node.sim.study_files import read_studies

        read_studies(load(text, str(path)), path)
    except OperatorError as error:
        return str(error)
    return ""
