"""``wardnet bench store``: the content store beside its targets, the disk and npm's importer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from node.base.errors import UsageError
from node.commands import output

ROUNDS_MAX: Final = 99
MIB_MAX: Final = 4_096


def store(
    *,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Best of so many.")] = 3,
    import_mib: Annotated[
        int, typer.Option("--mib", metavar="N", min=1, max=MIB_MAX, help="MiB that are imported.")
    ] = 256,
    peers_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Its node_modules holds ipfs-unixfs-importer."),
    ] = None,
    disk: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Measure the disk of this folder; else the system's."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure import, durable add, small puts and verify in turn, beside their targets.

    CPU seconds where work decides; wall time where the disk does, with its own rate beside it.
    A target that is missed is printed and is no failure.
    """
    from tempfile import gettempdir

    from node.bench.store import Sizes, measure

    for name, folder in (("--peers-dir", peers_dir), ("--disk", disk)):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"{name}: {folder} is no folder")
    tell = _silent if as_json else output.talk
    sizes = Sizes(import_mib, min(import_mib, Sizes().add_mib))
    document = measure(rounds, sizes, peers_dir, disk or Path(gettempdir()), tell)
    if as_json:
        output.write_json(document)
    else:
        _print(document)
    raise typer.Exit(document["exit_code"])


def _silent(_sentence: str) -> None:
    """Say nothing: stdout and stderr belong to a machine."""


def _print(document: Mapping[str, Any]) -> None:
    output.say(f"store: best and median of {document['rounds']}")
    words = {True: "met", False: "MISSED", None: ""}
    table: list[Sequence[object]] = [("", "best", "median", "", "ratio", "target", "")]
    for row in document["rows"]:
        ratio = None if row["ratio"] is None else f"{row['ratio']:.2f} of {row['peer']}"
        figures = (f"{row['best']:,.3f}", f"{row['median']:,.3f}")
        cells = (row["name"], *figures, row["unit"], ratio)
        table.append((*cells, row["target"] or None, words[row["is_met"]]))
    for line in output.columns(table):
        output.say(line)
    for each in document["absent"]:
        output.say(f"absent   {each['name']}: {each['reason']}")
    output.say(
        f"slowness {document['slowness']:.2f}: so many times as long as where the targets were set "
        "takes SHA-256 here"
    )
    place = document["machine"]
    output.say(
        f"machine  {place['system']}, {place['processor']}, {place['cpus']} cpus, "
        f"python {place['python']}"
    )
    output.say(f"load     {document['load_before']} before, {document['load_after']} after")
