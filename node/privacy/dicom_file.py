"""A DICOM file as a tree of raw values: nothing is decoded that nobody asks for (PS3.5, PS3.10).

Why not pydicom's reader: it stops quietly at the first short element, has no limit on depth or
number of elements, and puts values into warnings.  Here every declared length is checked against
the bytes that are there before they are read, and values stay the bytes they were.
"""

import re
import zlib
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import Final, NamedTuple

from node.base.limits import (
    DICOM_BYTES_MAX,
    DICOM_DEPTH_MAX,
    DICOM_ELEMENTS_MAX,
    DICOM_INFLATION_BYTES_MIN,
    DICOM_INFLATION_FACTOR_MAX,
)
from node.privacy.dicom_tags import (
    ITEM,
    ITEM_END,
    LONG_VRS,
    PIXEL_REPRESENTATION,
    SEQUENCE_END,
    SHORT_VRS,
    dictionary_vr,
    is_private,
    place,
)
from node.privacy.errors import (
    DicomLimitError,
    MalformedDicomError,
    NotDicomError,
    TruncatedDicomError,
    UnsupportedObjectError,
)

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_STANDARD_SYNTAX: Final = re.compile(r"1\.2\.840\.10008\.1\.2(\.[0-9]{1,5}){0,4}")
_DEFLATED_STREAMS: Final = ("1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
"""JPIP with a deflated data set: the pixels are elsewhere anyway."""
_DEFLATED_TAIL_BYTES_MAX: Final = 9
"""Some writers leave gzip's trailer of 8 bytes and one of padding; it is never written again."""
_UNDEFINED: Final = 0xFFFFFFFF
_PREAMBLE_BYTES: Final = 128
_VRS: Final = {vr.encode(): vr for vr in sorted(LONG_VRS | SHORT_VRS)}


class Syntax(NamedTuple):
    """How elements are encoded."""

    is_implicit: bool
    is_little: bool


IMPLICIT: Final = Syntax(is_implicit=True, is_little=True)
EXPLICIT: Final = Syntax(is_implicit=False, is_little=True)
BIG: Final = Syntax(is_implicit=False, is_little=False)


class Element(NamedTuple):
    """One element.  A sequence has ``items``; anything else has its bytes in ``value``."""

    tag: int
    vr: str
    """As in the file; under implicit VR the dictionary's, or UN."""
    value: bytes
    items: "tuple[Elements, ...] | None" = None
    is_fragmented: bool = False
    """Undefined length: ``value`` holds the fragments and the closing delimiter."""


Elements = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A file that was read to its last byte."""

    meta: Elements
    transfer_syntax: str
    syntax: Syntax
    elements: Elements
    """Sorted by tag, each tag once."""


def find(elements: Elements, tag: int) -> Element | None:
    """Give the element with this tag at this level."""
    for element in elements:
        if element.tag == tag:
            return element
    return None


def text_at(elements: Elements, tag: int) -> str:
    """Give the text of an element without padding; "" if it is absent or no text."""
    element = find(elements, tag)
    if element is None or element.items is not None:
        return ""
    return element.value.decode("ascii", "replace").strip(" \0")


def read_file(data: bytes) -> DicomFile:
    """Read a whole DICOM file.

    raises        NotDicomError: no preamble, no meta group, no transfer syntax.
                  TruncatedDicomError: a declared length exceeds what is left; an unread rest.
                  MalformedDicomError: broken nesting, an unknown VR, one tag twice.
                  DicomLimitError; UnsupportedObjectError for a private or JPIP transfer syntax.
    """
    if len(data) > DICOM_BYTES_MAX:
        raise DicomLimitError("DICOM_BYTES_MAX", DICOM_BYTES_MAX)
    if data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] != b"DICM":
        raise NotDicomError("no DICM after a preamble of 128 bytes")
    reader = _Reader(data)
    meta, start = reader.meta(_PREAMBLE_BYTES + 4)
    uid = text_at(meta, 0x00020010)
    if not uid:
        raise NotDicomError("no transfer syntax (0002,0010)")
    if not _STANDARD_SYNTAX.fullmatch(uid) or uid in _DEFLATED_STREAMS:
        raise UnsupportedObjectError("(0002,0010)", "a transfer syntax that is private or JPIP")
    syntax = {IMPLICIT_LITTLE: IMPLICIT, EXPLICIT_BIG: BIG}.get(uid, EXPLICIT)
    if uid == DEFLATED:
        reader = _Reader(_inflate(data[start:], len(data)))
        start = 0
    is_mislabelled = not syntax.is_implicit and not reader.starts_explicit(start)
    found = IMPLICIT if is_mislabelled else syntax
    elements, _ = reader.elements(start, reader.size, found, 0, is_open=False)
    if is_mislabelled and _is_signed(elements):
        # the dictionary's "US or SS" would have to be guessed to write this file as it says it is
        raise MalformedDicomError("(0002,0010)", "implicit VR under an explicit transfer syntax")
    return DicomFile(meta, uid, syntax, elements)


def _is_signed(elements: Elements) -> bool:
    element = find(elements, PIXEL_REPRESENTATION)
    return element is not None and any(element.value)


def _inflate(packed: bytes, file_bytes: int) -> bytes:
    at_most = max(DICOM_INFLATION_BYTES_MIN, DICOM_INFLATION_FACTOR_MAX * file_bytes)
    at_most = min(at_most, DICOM_BYTES_MAX)
    inflater = zlib.decompressobj(wbits=-15)
    try:
        data = inflater.decompress(packed, at_most + 1)
    except zlib.error as error:
        raise TruncatedDicomError("the data set", "cannot be inflated") from error
    if len(data) > at_most:
        raise DicomLimitError("the inflated size", at_most)
    if not inflater.eof:
        raise TruncatedDicomError("the data set", "its deflated stream does not end")
    if len(inflater.unused_data) > _DEFLATED_TAIL_BYTES_MAX:
        raise MalformedDicomError("the data set", "bytes behind its deflated stream")
    return data


class _Reader:
    """Walks bytes with limits; positions count from the first byte of ``data``."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self._count = 0

    def meta(self, at: int) -> tuple[Elements, int]:
        """Read group 0002; its own group length is not trusted."""
        found: list[Element] = []
        while self.size - at >= 8 and self._data[at : at + 2] == b"\x02\x00":
            element, at = self._element(at, self.size, EXPLICIT, 0)
            found.append(element)
        if not found:
            raise NotDicomError("no file meta information (group 0002)")
        return _in_order(found, at), at

    def starts_explicit(self, at: int) -> bool:
        """Say whether the first element has a VR; some writers label implicit data wrongly."""
        return self.size - at < 8 or self._data[at + 4 : at + 6] in _VRS

    def elements(
        self, at: int, end: int, syntax: Syntax, depth: int, *, is_open: bool
    ) -> tuple[Elements, int]:
        """Read elements up to ``end``, or up to the item delimiter of an open item."""
        if depth > DICOM_DEPTH_MAX:
            raise DicomLimitError("DICOM_DEPTH_MAX", DICOM_DEPTH_MAX)
        found: list[Element] = []
        while at < end:
            if is_open and self._tag(at, end, syntax) == ITEM_END:
                self._need(at, 8, end, ITEM_END)
                return _in_order(found, at), at + 8
            element, at = self._element(at, end, syntax, depth)
            found.append(element)
        if is_open:
            raise TruncatedDicomError(place(ITEM, at), "an item without its delimiter")
        return _in_order(found, at), at

    def _count_one(self) -> None:
        """Count an element or an item: empty items cost memory too."""
        self._count += 1
        if self._count > DICOM_ELEMENTS_MAX:
            raise DicomLimitError("DICOM_ELEMENTS_MAX", DICOM_ELEMENTS_MAX)

    def _need(self, at: int, count: int, end: int, tag: int) -> None:
        if end - at < count:
            raise TruncatedDicomError(
                place(tag, at), f"wants {count} bytes, {max(0, end - at)} are left"
            )

    def _tag(self, at: int, end: int, syntax: Syntax) -> int:
        self._need(at, 8, end, 0)
        group, element = _TAG[syntax.is_little].unpack_from(self._data, at)
        return int(group << 16 | element)

    def _element(self, at: int, end: int, syntax: Syntax, depth: int) -> tuple[Element, int]:
        self._count_one()
        tag = self._tag(at, end, syntax)
        if tag >> 16 == 0xFFFE:
            raise MalformedDicomError(place(tag, at), "a delimiter outside a sequence")
        vr, length, start = self._header(tag, at, end, syntax)
        if length != _UNDEFINED:
            self._need(start, length, end, tag)
            close = start + length
            head = Element(tag, vr, self._data[start:close])
            return self._closed(head, start, syntax, depth), close
        if tag >> 16 == 0x7FE0 or vr in {"OB", "OW"}:
            close = self._fragments(tag, start, end, syntax)
            return Element(tag, vr, self._data[start:close], is_fragmented=True), close
        if vr not in {"SQ", "UN"}:
            raise MalformedDicomError(place(tag, at), f"VR {vr} with undefined length")
        # VR UN of undefined length is implicit little endian within (PS3.5, 6.2.2)
        inner = IMPLICIT if vr == "UN" else syntax
        items, close = self._items(tag, start, end, inner, depth, is_open=True)
        return Element(tag, vr, b"", items), close

    def _closed(self, element: Element, start: int, syntax: Syntax, depth: int) -> Element:
        """Take a sequence of defined length apart; what is private stays closed."""
        tag, vr = element.tag, element.vr
        is_unknown_sequence = vr == "UN" and dictionary_vr(tag) == "SQ"
        if is_private(tag) or not (vr == "SQ" or is_unknown_sequence):
            return element
        end = start + len(element.value)
        inner = IMPLICIT if is_unknown_sequence else syntax
        try:
            items, _ = self._items(tag, start, end, inner, depth, is_open=False)
        except (TruncatedDicomError, MalformedDicomError):
            if is_unknown_sequence:
                return element
            raise
        return Element(tag, vr, b"", items)

    def _header(self, tag: int, at: int, end: int, syntax: Syntax) -> tuple[str, int, int]:
        """Give VR, length and the position of the value."""
        data = self._data
        if syntax.is_implicit:
            return (
                dictionary_vr(tag) or "UN",
                _LONG[syntax.is_little].unpack_from(data, at + 4)[0],
                at + 8,
            )
        vr = _VRS.get(data[at + 4 : at + 6])
        if vr is None:
            raise MalformedDicomError(place(tag, at), "an unknown VR")
        if vr not in LONG_VRS:
            return vr, _SHORT[syntax.is_little].unpack_from(data, at + 6)[0], at + 8
        self._need(at, 12, end, tag)
        return vr, _LONG[syntax.is_little].unpack_from(data, at + 8)[0], at + 12

    def _items(
        self, tag: int, at: int, end: int, syntax: Syntax, depth: int, *, is_open: bool
    ) -> tuple[tuple[Elements, ...], int]:
        items: list[Elements] = []
        while at < end:
            head = self._tag(at, end, syntax)
            length = _LONG[syntax.is_little].unpack_from(self._data, at + 4)[0]
            at += 8
            if head == SEQUENCE_END and is_open:
                return tuple(items), at
            if head != ITEM:
                raise MalformedDicomError(place(tag, at), "a sequence holds something but items")
            if length == _UNDEFINED:
                elements, at = self.elements(at, end, syntax, depth + 1, is_open=True)
            else:
                self._need(at, length, end, tag)
                elements, at = self.elements(at, at + length, syntax, depth + 1, is_open=False)
            items.append(elements)
            self._count_one()
        if is_open:
            raise TruncatedDicomError(place(tag, at), "a sequence without its delimiter")
        return tuple(items), at

    def _fragments(self, tag: int, at: int, end: int, syntax: Syntax) -> int:
        """Give the position behind the delimiter of encapsulated fragments."""
        while at < end:
            head = self._tag(at, end, syntax)
            length = _LONG[syntax.is_little].unpack_from(self._data, at + 4)[0]
            at += 8
            if head == SEQUENCE_END:
                return at
            if head != ITEM or length == _UNDEFINED:
                raise MalformedDicomError(place(tag, at), "fragments hold something but items")
            self._need(at, length, end, tag)
            at += length
        raise TruncatedDicomError(place(tag, at), "fragments without their delimiter")


def _in_order(found: list[Element], at: int) -> Elements:
    """Sort by tag; two elements with one tag would leave open which of them counts."""
    ordered = sorted(found, key=lambda element: element.tag)
    for left, right in pairwise(ordered):
        if left.tag == right.tag:
            raise MalformedDicomError(place(left.tag, at), "stands twice at one level")
    return tuple(ordered)


_TAG: Final = {True: Struct("<HH"), False: Struct(">HH")}
_SHORT: Final = {True: Struct("<H"), False: Struct(">H")}
_LONG: Final = {True: Struct("<L"), False: Struct(">L")}
