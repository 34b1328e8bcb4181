"""An independent judge of a de-identified file: it knows the table, the file before and after.

It shares no rule with the engine: files are read by pydicom, and the questions are those of
privacy-and-interop.md section 6.  Findings name rules and places, never values.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, NamedTuple, TypeAlias

from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError

from node.privacy.dicom_rules import Rules, basic_rules
from node.privacy.errors import NotDicomError

Codes: TypeAlias = Mapping[int, str]
"""Tag -> code of the basic profile."""

_WHOLE_GROUPS: Final = ("50", "60")
_TEXT: Final = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI",
     "UR", "UT"}
)  # fmt: skip
_FREE_TEXT: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_DUMMIES: Final = frozenset(
    {b"ANON", b"000Y", b"19000101", b"000000", b"19000101000000", b"0", b"urn:anon"}
)
_STANDARD_ROOT: Final = b"1.2.840.10008."
_SEARCHED_BYTES_MIN: Final = 8
_META: Final = frozenset(range(0x00020000, 0x00020004)) | {0x00020010, 0x00020012, 0x00020013}
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A rule that the file breaks, and where: ``(0008,1140)[0](0008,1155)`` is in item 0."""

    rule: str
    where: str


class _Leaf(NamedTuple):
    """One element of a walk; ``value`` is None for a sequence."""

    place: str
    tag: int
    vr: str
    value: bytes | None
    item_count: int
    is_deep: bool
    """Lies in a sequence of code D."""


@dataclass(slots=True)
class _Tree:
    """A file as pydicom reads it, flattened."""

    dataset: Any
    leaves: list[_Leaf]
    by_place: dict[str, _Leaf] = field(init=False)

    def __post_init__(self) -> None:
        self.by_place = {leaf.place: leaf for leaf in self.leaves}

    def text(self, tag: int) -> str:
        leaf = self.by_place.get(_print(tag))
        return (leaf.value or b"").decode("latin-1").strip(" \0") if leaf else ""


def find_residues(before: bytes, after: bytes, rules: Rules | None = None) -> tuple[Finding, ...]:
    """Give everything that the de-identified file still says and should not; empty is good.

    raises        NotDicomError: one of the files cannot be read by pydicom.
    """
    codes = (rules or basic_rules()).codes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values
        old, new = _read(before, codes), _read(after, codes)
    found = [
        *_structure(new, codes),
        *_values(old, new, codes),
        *_uids(old, new, codes),
        *_marks(old, new, after),
        *_bytes(old, after, codes),
    ]
    return tuple(sorted(set(found)))


def _read(data: bytes, codes: Codes) -> _Tree:
    try:
        dataset = dcmread(BytesIO(data))
        return _Tree(dataset, list(_walk(dataset, "", codes, is_deep=False)))
    except (InvalidDicomError, EOFError, ValueError, KeyError, NotImplementedError):
        pass
    raise NotDicomError("pydicom cannot read it")


def _walk(dataset: Any, path: str, codes: Codes, *, is_deep: bool) -> Iterator[_Leaf]:  # noqa: ANN401
    for tag in sorted(dataset.keys()):
        raw = dataset.get_item(tag)
        place = path + _print(tag)
        known = _dictionary(tag)
        vr = str(raw.VR or known or "UN")
        if vr == "UN" and known:
            vr = known
        if vr != "SQ":
            yield _Leaf(place, int(tag), vr, _value(raw), 0, is_deep)
            continue
        items = dataset[tag].value
        if not hasattr(items, "append") or isinstance(items, bytes):
            yield _Leaf(place, int(tag), "UN", _value(raw), 0, is_deep)
            continue
        yield _Leaf(place, int(tag), vr, None, len(items), is_deep)
        is_inner_deep = is_deep or codes.get(int(tag)) == "D"
        for index, item in enumerate(items):
            yield from _walk(item, f"{place}[{index}]", codes, is_deep=is_inner_deep)


def _value(raw: Any) -> bytes:  # noqa: ANN401 - pydicom's two kinds of element
    value = raw.value
    if isinstance(raw, RawDataElement) or isinstance(value, bytes):
        return (value or b"").strip(b" \0") if raw.tag not in _PIXELS else value or b""
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return "\\".join(str(part) for part in parts if part is not None).encode().strip(b" \0")


def _dictionary(tag: int) -> str | None:
    try:
        return str(dictionary_VR(tag))[:2]
    except KeyError:
        return None


def _print(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _is_misplaced(tag: int, codes: Codes) -> bool:
    return (
        tag >> 16 & 1 == 1
        or f"{tag >> 24:02X}" in _WHOLE_GROUPS
        or tag & 0xFFFF == 0
        or tag == 0xFFFCFFFC
        or (_dictionary(tag) is None and tag not in codes)
    )


def _structure(new: _Tree, codes: Codes) -> Iterator[Finding]:
    """What must not be there at all."""
    for leaf in new.leaves:
        if _is_misplaced(leaf.tag, codes):
            yield Finding("private, range or unknown element left", leaf.place)
        code = codes.get(leaf.tag)
        if code == "X":
            yield Finding("X left", leaf.place)
        elif leaf.value is None and code not in {None, "D", "X/Z/U*"} and leaf.item_count:
            yield Finding(f"sequence of code {code} has items", leaf.place)
    if new.text(0x00080016).startswith(_REPORTS):
        yield Finding("structured report passed", _print(0x00080016))


def _values(old: _Tree, new: _Tree, codes: Codes) -> Iterator[Finding]:
    """What must not say what it said."""
    originals: dict[int, set[bytes]] = {}
    for leaf in old.leaves:
        if leaf.value:
            originals.setdefault(leaf.tag, set()).update((leaf.value, *leaf.value.split(b"\\")))
    for leaf in new.leaves:
        if not leaf.value or leaf.value in _DUMMIES or not leaf.value.strip(b"\0"):
            continue
        if leaf.tag in codes:
            stays = (
                part for part in leaf.value.split(b"\\") if part in originals.get(leaf.tag, ())
            )
            if any(part and not part.startswith(_STANDARD_ROOT) for part in stays):
                yield Finding(f"original value under code {codes[leaf.tag]}", leaf.place)
        elif leaf.is_deep and leaf.vr in _FREE_TEXT:
            before = old.by_place.get(leaf.place)
            if before is not None and before.value == leaf.value:
                yield Finding("original text inside a sequence of code D", leaf.place)


def _uids(old: _Tree, new: _Tree, codes: Codes) -> Iterator[Finding]:
    """One UID, one replacement, and the reverse."""
    forward: dict[bytes, bytes] = {}
    backward: dict[bytes, bytes] = {}
    for leaf in new.leaves:
        before = old.by_place.get(leaf.place)
        if leaf.tag not in codes or leaf.vr != "UI" or before is None or not before.value:
            continue
        pairs = zip(before.value.split(b"\\"), (leaf.value or b"").split(b"\\"), strict=False)
        for was, now in pairs:
            if forward.setdefault(was, now) != now:
                yield Finding("one UID has two replacements", leaf.place)
            if backward.setdefault(now, was) != was:
                yield Finding("one replacement stands for two UIDs", leaf.place)


def _marks(old: _Tree, new: _Tree, after: bytes) -> Iterator[Finding]:
    """What the writer must and must not have left in the file layer."""
    if any(after[:128]):
        yield Finding("preamble is not empty", "byte 0")
    meta = new.dataset.file_meta
    for tag in sorted(int(each.tag) for each in meta if int(each.tag) not in _META):
        yield Finding("group 0002 has more than it needs", _print(tag))
    if str(meta.get((0x0002, 0x0003), _NOTHING).value) != new.text(0x00080018):
        yield Finding("instance UIDs differ", "(0002,0003)")
    if new.text(0x00120062) != "YES":
        yield Finding("mark is missing", "(0012,0062)")
    if new.text(0x00280303) != "REMOVED":
        yield Finding("mark is missing", "(0028,0303)")
    if "(0012,0064)[0](0008,0100)" not in new.by_place:
        yield Finding("mark is missing", "(0012,0064)")
    for tag in _PIXELS:
        was, now = (tree.by_place.get(_print(tag)) for tree in (old, new))
        if (was and was.value) != (now and now.value):
            yield Finding("pixel bytes changed", _print(tag))


def _bytes(old: _Tree, after: bytes, codes: Codes) -> Iterator[Finding]:
    """Search the file for every value that had to go, unless its wording stays by design."""
    staying: list[bytes] = []
    going: dict[bytes, str] = {}
    meta = list(_walk(old.dataset.file_meta, "", codes, is_deep=False))
    for leaf in (*meta, *old.leaves):
        if not leaf.value or leaf.tag in _PIXELS:
            continue
        goes = leaf.tag >> 16 == 2 or leaf.tag in codes or _is_misplaced(leaf.tag, codes)
        if not goes and not (leaf.is_deep and leaf.vr in _FREE_TEXT):
            staying.append(leaf.value)
        elif leaf.vr in _TEXT or (leaf.value.isascii() and leaf.value.decode().isprintable()):
            for part in leaf.value.split(b"\\"):
                going.setdefault(part.strip(b" \0"), leaf.place)
    stays = b"\n".join(staying)
    for value, place in going.items():
        is_harmless = value in _DUMMIES or value.startswith(_STANDARD_ROOT) or value in stays
        if len(value) >= _SEARCHED_BYTES_MIN and not is_harmless and value in after:
            yield Finding("original bytes are in the file", place)


class _Nothing(NamedTuple):
    value: str = ""


_NOTHING: Final = _Nothing()
