"""What is wrong in a scenario file, where, and how it is told (rpc-and-ux.md section 14)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias

from node.base.errors import OperatorError
from node.base.limits import SCENARIO_FAULTS_MAX

Loc: TypeAlias = tuple[str | int, ...]
"""A place in the data: keys of mappings and indices of lists, outermost first."""

_SHOWN_VALUE_MAX: Final = 60
_SHOWN_LINE_MAX: Final = 96
_NAMES_LISTED_MAX: Final = 18
_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text; lines and columns count from 1, columns in characters."""

    line: int
    column: int


START: Final = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in one file."""

    file: str
    line: int
    column: int
    path: str
    """Like ``steps[1].do``; empty where the text itself is at fault."""
    wants: str
    """What would be right; empty where ``got`` is the whole sentence."""
    got: str
    hint: str = ""
    source: str = ""
    """The line of the file, without its end."""

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column} "
        where = f"{self.path}: " if self.path else ""
        what = f"wants {self.wants}, got {self.got}" if self.wants else self.got
        return head + where + what + (f"; {self.hint}" if self.hint else "")

    def excerpt(self) -> str:
        """Give the source line with a caret below the column; a long line is cut around it."""
        at = self.column - 1
        begin = max(0, min(at - _SHOWN_LINE_MAX // 2, len(self.source) - _SHOWN_LINE_MAX))
        shown = self.source[begin : begin + _SHOWN_LINE_MAX]
        # what a terminal would obey must not reach it; the width stays, so the caret is right
        clean = "".join(c if c.isprintable() else " " for c in shown).rstrip()
        if begin > 0:
            clean = "…" + clean[1:]
        if begin + _SHOWN_LINE_MAX < len(self.source):
            clean += "…"
        return f"{_INDENT}{clean}\n{_INDENT}{' ' * (at - begin)}^"


@dataclass(eq=False)
class ScenarioFileError(OperatorError):
    """A scenario file cannot be run; ``faults`` holds everything that is wrong in it."""

    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return describe(self.faults)


def describe(faults: Iterable[Fault]) -> str:
    """Tell all faults, sorted by position, at most SCENARIO_FAULTS_MAX in full."""
    ordered = sorted(faults, key=lambda f: (f.file, f.line, f.column, f.path, f.got))
    lines: list[str] = []
    for fault in ordered[:SCENARIO_FAULTS_MAX]:
        lines += [str(fault), fault.excerpt()]
    if len(ordered) > SCENARIO_FAULTS_MAX:
        lines.append(f"and {len(ordered) - SCENARIO_FAULTS_MAX} more")
    files = len({fault.file for fault in ordered})
    lines.append(f"{_count(len(ordered), 'fault')} in {_count(files, 'file')}; nothing was run")
    return "\n".join(lines)


class FaultList:
    """Collects the faults of one file."""

    def __init__(self, file: str, lines: Sequence[str]) -> None:
        self.file = file
        self._lines = lines
        self._faults: list[Fault] = []

    def add(self, place: Place, loc: Loc, *, got: str, wants: str = "", hint: str = "") -> None:
        """Note a fault at ``place``; ``loc`` names the place in the data."""
        known = place.line <= len(self._lines)
        source = self._lines[place.line - 1] if known else ""
        fault = Fault(self.file, place.line, place.column, path_text(loc), wants, got, hint, source)
        if fault not in self._faults[-1:]:
            self._faults.append(fault)

    def all(self) -> tuple[Fault, ...]:
        """Give the faults so far, sorted by position."""
        return tuple(sorted(self._faults, key=lambda f: (f.line, f.column, f.path, f.got)))


def path_text(loc: Loc) -> str:
    """Write a place as a reader would: ``steps[1].do``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def shown(value: object) -> str:
    """Write a value of a file for a message: text in quotes, long text cut."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN_VALUE_MAX else value[:_SHOWN_VALUE_MAX] + "…"
        return json.dumps(cut, ensure_ascii=not cut.isprintable())
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return type(value).__name__


def suggestion(name: str, known: Sequence[str], noun: str = "there are") -> str:
    """Give the nearest known name as a question, else the known names when they are few."""
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    if near:
        return f"did you mean {near[0]}?"
    if not known:
        return f"{noun} none"
    return f"{noun} {', '.join(known)}" if len(known) <= _NAMES_LISTED_MAX else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
