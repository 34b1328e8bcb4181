"""What commands print: one JSON document or plain ASCII columns on stdout, the talk on stderr."""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TextIO

_ASCII_LOCALES: Final = frozenset({"C", "POSIX"})


def prepare_streams() -> None:
    """Make unprintable characters escapes instead of errors, and write ASCII where asked to.

    Python switches to UTF-8 when the locale is C (PEP 538, PEP 540): the terminal may not follow.
    """
    locale = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # a test's replacement
        if locale in _ASCII_LOCALES:
            stream.reconfigure(encoding="ascii", errors="backslashreplace")
        elif not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")


def program() -> str:
    """Give the words that start this program, as hints repeat them."""
    return os.environ.get("WARDNET_PROGRAM", "wardnet")


def say(text: str = "") -> None:
    """Write a line of the result to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # a closed pipe shows here, where it can be answered


def talk(text: str) -> None:
    """Write a line about the work to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(sentence: str, hint: str = "") -> None:
    """Write an error to stderr.  A report of several lines already says where: it stays as is."""
    talk(sentence if "\n" in sentence else f"error: {sentence}")
    if hint:
        talk(f"hint: {hint}")


def write_json(document: Mapping[str, Any]) -> None:
    """Write the one JSON document of a command to stdout; ASCII, two spaces, keys as given."""
    say(json.dumps(document, indent=2))


def columns(rows: Iterable[Sequence[object]], *, indent: int = 2) -> list[str]:
    """Lay rows out in columns as wide as their longest cell."""
    table = [[_cell(value) for value in row] for row in rows]
    if not table:
        return []
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    return [
        (
            " " * indent
            + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def printable(text: str) -> str:
    """Give a text with escapes for what would break its line or command the terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value).replace("\n", " "))


def print_result(results: Mapping[str, Any], folder: str, command: str) -> None:
    """Print what a run came to: steps, expectations, nodes, verdict, and how to repeat it."""
    say(f"{results.get('scenario', '?')}, seed {results.get('seed', '?')}")
    _section(
        "steps", ("name", "action", "status", "took", "gas"), map(_step, _list(results, "steps"))
    )
    _section(
        "expectations",
        ("name", "", "why"),
        (
            [e.get("name"), _holds(e.get("holds")), e.get("why") or ""]
            for e in _list(results, "expectations")
        ),
    )
    _section(
        "nodes",
        ("name", "height", "head", "sealed"),
        (
            [
                n.get("name"),
                n.get("height"),
                str(n.get("head_hash", ""))[:18],
                n.get("blocks_sealed"),
            ]
            for n in _list(results, "nodes")
        ),
    )
    say(f"verdict  {results.get('verdict', 'unknown')}")
    if results.get("cause"):
        say(f"cause    {results['cause']}")
    say(f"digest   {results.get('digest', '-')}")
    say(f"folder   {folder}")
    say(f"repeat   {command}")


def print_execution_check(results: Mapping[str, Any]) -> None:
    """Print whether two modes of execution agree, if that was asked for."""
    check = results.get("execution_check")
    if check is None:
        return
    modes = " and ".join(check["modes"])
    if check["difference"] is None:
        say(f"modes    {modes} are equal in {check['points']} points")
    else:
        say(f"modes    {modes} DIFFER: {check['difference']}")


def _list(results: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return list(results.get(key) or ())


def _step(step: Mapping[str, Any]) -> list[object]:
    took_ms = step.get("virtual_ms")
    took = None if took_ms is None else f"{took_ms / 1000:.3f} s"
    return [step.get("name"), step.get("action"), step.get("status"), took, step.get("gas")]


def _holds(holds: object) -> str:
    if holds is None:
        return "unknown"
    return "holds" if holds else "FAILS"


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = list(rows)
    if not table:
        return
    say(title)
    for line in columns([head, *table]):
        say(line)


def is_terminal(stream: TextIO) -> bool:
    """Say whether a person reads this stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"
