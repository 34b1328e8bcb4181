"""The basic profile of PS3.15 Annex E: which action a tag gets, and what a dummy is.

The table itself is ``dicom_facts.json``; what it leaves open (compound codes without an IOD table,
sequences) is decided here, privacy-and-interop.md section 3.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from node.privacy.dicom_tags import TRAILING_PADDING, dictionary_vr, is_private


class Action(Enum):
    """What happens to one element."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    DUMMY = "dummy"
    MAP_UID = "map uid"
    RECURSE = "recurse"
    """A sequence: clean its items by the table."""
    DEEP = "deep"
    """A sequence: clean its items by the table, and make every other text in them a dummy."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table, tag by tag and range by range."""

    edition: str
    codes: Mapping[int, str]
    """Tag -> code of the basic column, such as ``X/Z/D``."""
    ranges: Mapping[str, str]
    """Tags with an x for an open nibble -> code; the engine removes these groups whole."""


@cache
def basic_rules() -> Rules:
    """Read the shipped table once."""
    text = (files("node.privacy") / "dicom_facts.json").read_text(encoding="utf-8")
    facts = json.loads(text)
    entries: dict[str, str] = facts["entries"]
    codes = {_tag(key): code for key, code in entries.items() if "x" not in key}
    ranges = {key: code for key, code in entries.items() if "x" in key}
    return Rules(facts["edition"], MappingProxyType(codes), MappingProxyType(ranges))


def _tag(key: str) -> int:
    group, element = key.split(",")
    return int(group, 16) << 16 | int(element, 16)


_SEQUENCE_EXCEPTIONS: Final = {
    0x00081110: Action.REMOVE,  # empty violates "one or more items"
    0x00081111: Action.REMOVE,
    0x00080082: Action.REMOVE,
    0x00400555: Action.EMPTY,  # type 2 in Enhanced CT
}
_SEQUENCE_ACTIONS: Final = {
    "X": Action.REMOVE,
    "X/D": Action.REMOVE,
    "Z": Action.EMPTY,
    "X/Z/U*": Action.RECURSE,
    "D": Action.DEEP,
}
_VALUE_ACTIONS: Final = {
    "X": Action.REMOVE,
    "U": Action.MAP_UID,
    "Z": Action.EMPTY,
    "X/Z": Action.EMPTY,
    "X/Z/U*": Action.EMPTY,  # the table has sequences only; a file may lie about the VR
    "D": Action.DUMMY,
    "Z/D": Action.DUMMY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
}

_OVERLAYS_AND_CURVES: Final = frozenset({0x50, 0x60})
_COMMANDS_AND_META: Final = frozenset({0x0000, 0x0002})
"""Groups that have no place in the data set of a file (PS3.10, 7.1)."""


def is_out_of_place(tag: int, codes: Mapping[int, str]) -> bool:
    """Say whether an element goes before the table is asked.

    Private groups; the whole groups 50xx and 60xx (part of an overlay is an invalid overlay); group
    lengths; padding; command and meta groups; and whatever neither the dictionary nor the table
    knows: what nobody has judged does not leave.
    """
    group = tag >> 16
    return (
        is_private(tag)
        or group >> 8 in _OVERLAYS_AND_CURVES
        or group in _COMMANDS_AND_META
        or tag & 0xFFFF == 0
        or tag == TRAILING_PADDING
        or (tag not in codes and dictionary_vr(tag) is None)
    )


def action_for(tag: int, vr: str, codes: Mapping[int, str], *, is_sequence: bool) -> Action:
    """Give the action for an element that is in place; ``vr`` is the effective one."""
    known = dictionary_vr(tag)
    if is_sequence != ((known or vr) == "SQ"):
        # a sequence where the dictionary has text, or the reverse, or one that cannot be read:
        # no rule was made for it
        return Action.REMOVE
    code = codes.get(tag)
    if is_sequence:
        if code is None:
            return Action.RECURSE
        return _SEQUENCE_EXCEPTIONS.get(tag) or _SEQUENCE_ACTIONS.get(code, Action.REMOVE)
    if code is None:
        return Action.KEEP
    action = _VALUE_ACTIONS.get(code, Action.REMOVE)
    # a dummy of VR UI is a replacement UID: (006A,0003) has code D
    return Action.MAP_UID if action is Action.DUMMY and vr == "UI" else action


DEEP_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_DUMMIES: Final = {
    **dict.fromkeys(("AE", "CS", "LO", "SH", "ST", "LT", "UC", "UT", "PN"), b"ANON"),
    "AS": b"000Y",
    "DA": b"19000101",
    "TM": b"000000",
    "DT": b"19000101000000",
    "DS": b"0 ",
    "IS": b"0 ",
    "UR": b"urn:anon",
    **dict.fromkeys(("OB", "OW", "UN", "US", "SS"), bytes(2)),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL", "AT"), bytes(4)),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), bytes(8)),
}


def dummy(vr: str) -> bytes:
    """Give the dummy of a VR, of even length; ASCII, so that the character set may stay."""
    return _DUMMIES[vr]
