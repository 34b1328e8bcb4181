"""YAML text to a tree with positions, or the reasons why it is refused.

The tree is built from ruamel's parse events and not by its constructor: anchors, aliases, merge
keys, tags and directives are visible only there, and the constructor would turn 0x1f, 1_000 and
2026-01-26 into numbers and dates (simulation.md section 8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from node.base.limits import SCENARIO_BYTES_MAX, SCENARIO_DEPTH_MAX
from node.sim.schema.faults import START, FaultList, Loc, Place, shown

_PLAIN: Final = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_INT: Final = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40})")
_CORE_TAGS: Final = "tag:yaml.org,2002:"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# YAML's printable characters without the rare line breaks, on whose count readers disagree
_UNFIT: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts."""

    place: Place
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    place: Place
    items: list["Node"]


@dataclass(frozen=True, slots=True)
class Member:
    """A key of a mapping, and its value."""

    place: Place
    value: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping; keys are texts as they are written."""

    place: Place
    members: dict[str, Member]


Node: TypeAlias = Scalar | Listing | Table


@dataclass(slots=True)
class Tree:
    """A parsed file; ``root`` is usable as far as ``faults`` leave it intact."""

    text: str
    root: Node
    faults: FaultList
    refused: set[Loc] = field(default_factory=set[Loc])
    """Places whose value is unknown because of a fault: nothing more is said about them."""
    partial: set[Loc] = field(default_factory=set[Loc])
    """Mappings of which a key was refused: no key is called missing there."""

    def put(self, path: str, value: object) -> bool:
        """Set the value at a dotted path, making mappings on the way; its place is the start.

        False, and nothing is set: a part of the path is no mapping.
        """
        *outer, last = path.split(".")
        node = self.root
        for key in outer:
            if not isinstance(node, Table):
                return False
            node = node.members.setdefault(key, Member(START, Table(START, {}))).value
        if not isinstance(node, Table):
            return False
        node.members[last] = Member(START, _node_of(value))
        return True

    def data(self) -> Any:  # noqa: ANN401 - whatever the file holds; the models judge it
        """Give plain dicts, tuples and scalars, fresh ones at each call."""
        return _data(self.root)


class _StopParsing(Exception):  # noqa: N818 - a jump inside this file, not an error
    """Nothing that follows can be understood."""


def parse(text: str, filename: str) -> Tree:
    """Read a YAML 1.2 text; never raises, the faults stand in the tree."""
    text = text.removeprefix("\ufeff")
    faults = FaultList(filename, _LINE_END.split(text))
    tree = Tree(text, Scalar(START, None), faults)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SCENARIO_BYTES_MAX:
        faults.add(START, (), wants=f"at most {SCENARIO_BYTES_MAX} bytes", got=f"{size}")
    elif (unfit := _UNFIT.search(text)) is not None:
        place = _place_of(text, unfit.start())
        got = f"U+{ord(unfit.group()):04X}"
        faults.add(place, (), wants="printable characters and plain line ends", got=got)
    else:
        try:
            _Builder(text, tree).build()
        except _StopParsing:
            pass
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = START if mark is None else Place(mark.line + 1, mark.column + 1)
            faults.add(place, (), wants="YAML", got=_problem(error))
        except YAMLError as error:
            faults.add(START, (), wants="YAML", got=" ".join(str(error).split()))
    if faults.all():
        return tree
    if not isinstance(tree.root, Table):
        value = shown(_data(tree.root))
        got = "an empty file" if value == "nothing" else value
        faults.add(tree.root.place, (), wants="a mapping with the key wardnet", got=got)
    return tree


class _Builder:
    """Turns events into nodes."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self._lines = _LINE_END.split(text)
        self._tree = tree
        self._muted = 0

    def build(self) -> None:
        """Read the whole stream; a second document is a fault and is not read."""
        documents = 0
        for event in self._events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self._directives(event)
                documents += 1
                if documents > 1:
                    self._say(_place(event), (), "one document", "a second one")
                    return
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                node = self._node(event, (), 1)
                self._tree.root = node or self._tree.root

    def _directives(self, start: Any) -> None:  # noqa: ANN401 - ruamel has no types
        """Refuse lines that begin with % above the first document: %YAML 1.1 makes no False."""
        for index, line in enumerate(self._lines[: start.start_mark.line]):
            if line.startswith("%"):
                place = Place(index + 1, 1)
                self._say(place, (), "no directives", shown(line.split()[0]))

    def _node(self, event: Any, loc: Loc, depth: int) -> Node | None:  # noqa: ANN401
        """Build the node that ``event`` opens; None when it is refused as a whole."""
        place = _place(event)
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._refuse(place, loc, "a value written out", f"the alias *{event.anchor}")
            return None
        self._properties(event, place, loc)
        if kind == "ScalarEvent":
            if _SURROGATE.search(event.value):
                self._say(place, loc, "text that UTF-8 can hold", "a surrogate")
            plain = event.implicit[0] and event.tag is None
            return Scalar(place, _resolve(event.value) if plain else event.value)
        if depth > SCENARIO_DEPTH_MAX:
            wants = f"at most {SCENARIO_DEPTH_MAX} levels"
            self._tree.faults.add(place, loc, wants=wants, got="a deeper one")
            raise _StopParsing
        if kind == "SequenceStartEvent":
            return self._listing(place, loc, depth)
        return self._table(place, loc, depth)

    def _listing(self, place: Place, loc: Loc, depth: int) -> Listing:
        items: list[Node] = []
        for event in self._events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            node = self._node(event, (*loc, len(items)), depth + 1)
            items.append(node or Scalar(_place(event), None))
        return Listing(place, items)

    def _table(self, place: Place, loc: Loc, depth: int) -> Table:
        members: dict[str, Member] = {}
        for event in self._events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._key(event, loc, depth)
            if key is None:  # one fault for the key is enough
                self._muted += 1
                self._node(next(self._events), loc, depth + 1)
                self._muted -= 1
                continue
            node = self._node(next(self._events), (*loc, key), depth + 1)
            known = members.get(key)
            where = _place(event)
            if known is not None:
                first = f"(first at {known.place.line}:{known.place.column})"
                self._say(where, (), "", f'"{key}" appears twice {first}')
                continue
            members[key] = Member(where, node or Scalar(where, None))
        return Table(place, members)

    def _key(self, event: Any, loc: Loc, depth: int) -> str | None:  # noqa: ANN401
        """Give the text of a key; None when there is none, and its value is then left out."""
        place = _place(event)
        if type(event).__name__ != "ScalarEvent":
            self._say(place, loc, "a key that is one word", "an alias, a list or a mapping")
            self._tree.partial.add(loc)
            if type(event).__name__ != "AliasEvent":
                self._muted += 1
                self._node(event, loc, depth + 1)
                self._muted -= 1
            return None
        self._properties(event, place, loc)
        if event.value == "<<":
            self._say(place, loc, "keys written out", "the merge key <<")
            self._tree.partial.add(loc)
            return None
        key: str = event.value
        return key

    def _properties(self, event: Any, place: Place, loc: Loc) -> None:  # noqa: ANN401
        if event.anchor is not None:
            self._say(place, loc, "no anchors", f"&{event.anchor}")
        if event.tag is not None:
            self._say(place, loc, "no tags", str(event.tag).replace(_CORE_TAGS, "!!"))

    def _refuse(self, place: Place, loc: Loc, wants: str, got: str) -> None:
        self._say(place, loc, wants, got)
        if not self._muted:
            self._tree.refused.add(loc)

    def _say(self, place: Place, loc: Loc, wants: str, got: str) -> None:
        if not self._muted:
            self._tree.faults.add(place, loc, wants=wants, got=got)


def _resolve(text: str) -> str | int | float | bool | None:
    """Resolve a plain scalar to null, true, false, a decimal number, else text."""
    if text in _PLAIN:
        return _PLAIN[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _data(node: Node) -> Any:  # noqa: ANN401 - see Tree.data
    match node:
        case Scalar(_, value):
            return value
        case Listing(_, items):
            return tuple(_data(item) for item in items)
        case Table(_, members):
            return {key: _data(member.value) for key, member in members.items()}


def _node_of(value: object) -> Node:
    if isinstance(value, dict):
        members = {str(key): Member(START, _node_of(inner)) for key, inner in value.items()}
        return Table(START, members)
    if isinstance(value, list | tuple):
        return Listing(START, [_node_of(item) for item in value])
    if value is None or isinstance(value, str | int | float):
        return Scalar(START, value)
    return Scalar(START, str(value))


def _place(event: Any) -> Place:  # noqa: ANN401 - ruamel has no types
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _place_of(text: str, index: int) -> Place:
    before = _LINE_END.split(text[:index])
    return Place(len(before), len(before[-1]) + 1)


def _problem(error: MarkedYAMLError) -> str:
    parts = [str(part) for part in (error.context, error.problem) if part]
    return " ".join(", ".join(parts).replace("\\t", "tab").split())
