"""``wardnet check FILE...``: every fault of the files; nothing runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from node.base.errors import ConfigError, OperatorError
from node.commands import output
from node.commands.files import read_scenario


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenario files.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Report all faults of scenario files; nothing runs."""
    looks = {path: look(path) for path in files}
    status = 2 if any(one.fault for one in looks.values()) else 0
    if as_json:
        output.write_json(
            {
                "exit_code": status,
                "seed": None,
                "files": [
                    {
                        "file": str(path),
                        "ok": not one.fault,
                        "fault": one.fault or None,
                        "warning": one.warning or None,
                    }
                    for path, one in looks.items()
                ],
            }
        )
    for path, one in looks.items():
        if one.fault:
            output.complain(one.fault)
        elif not as_json:
            output.say(f"{path}: ok")
        if one.warning:
            output.talk(f"warning: {path}: {one.warning}")
    raise typer.Exit(status)


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to say about a file; empty: nothing."""

    fault: str = ""
    warning: str = ""
    """The file is right, but it cannot run on this machine."""


def look(path: Path) -> Look:
    """Say what is wrong with a file, or with this machine for it."""
    try:
        text = read_scenario(path)
        from node.sim.loader import load
        from node.sim.study_files import read_studies

        scenario = load(text, str(path))
        read_studies(scenario, path)
    except OperatorError as error:
        return Look(fault=str(error))
    from node.evm.executors import require_executor

    try:
        require_executor(scenario.chain.executor)
    except ConfigError as error:
        return Look(warning=str(error))
    return Look()
