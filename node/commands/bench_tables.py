"""Tables that several benches print: figures beside their targets, and the machine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from node.commands import output

_FEW: Final = 10.0
"""Figures below are shown with three digits behind the point."""


def print_figures(document: Mapping[str, Any]) -> None:
    """Print each row's figure beside its peer and its target."""
    words = {True: "met", False: "MISSED", None: ""}
    table: list[Sequence[object]] = [("", "figure", "", "beside its peer", "target", "")]
    for row in document["rows"]:
        ratio = None if row["ratio"] is None else f"{row['ratio']:.2f}x as fast"
        digits = 1 if row["figure"] >= _FEW else 3
        figure = f"{row['figure']:,.{digits}f}"
        cells = (row["name"], figure, row["unit"], ratio, row["target"] or None)
        table.append((*cells, words[row["is_met"]]))
    for line in output.columns(table):
        output.say(line)
    for sentence in document["disagreements"]:
        output.say(f"WRONG    {sentence}")


def print_place(document: Mapping[str, Any]) -> None:
    """Print the machine, and how busy it was."""
    place = document["machine"]
    output.say(
        f"machine  {place['system']}, {place['processor']}, {place['cpus']} cpus, "
        f"python {place['python']}"
    )
    output.say(f"load     {document['load_before']} before, {document['load_after']} after")
