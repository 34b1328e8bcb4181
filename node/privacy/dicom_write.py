"""Elements back to bytes, in the encoding they came in (PS3.5 section 7, PS3.10 section 7.1)."""

from struct import Struct
from typing import Final

from node.privacy.dicom_file import EXPLICIT, IMPLICIT, Element, Elements, Syntax
from node.privacy.dicom_tags import ITEM, LONG_VRS, SEQUENCE_END

_UNDEFINED: Final = 0xFFFFFFFF
_PREAMBLE: Final = bytes(128) + b"DICM"
_IMPLICIT: Final = {True: Struct("<HHL"), False: Struct(">HHL")}
_EXPLICIT: Final = {True: Struct("<HH2sH"), False: Struct(">HH2sH")}
_EXPLICIT_LONG: Final = {True: Struct("<HH2sHL"), False: Struct(">HH2sHL")}


def write_file(meta: Elements, elements: Elements, syntax: Syntax) -> bytes:
    """Write preamble, group 0002 with its length, and the data set.

    Sequences get defined lengths; those that came under VR UN keep it, with undefined length and
    implicit little endian items, as PS3.5 section 6.2.2 says.
    """
    chunks: list[bytes] = []
    length = _encode(meta, EXPLICIT, chunks)
    head: list[bytes] = [_PREAMBLE]
    _encode((Element(0x00020000, "UL", length.to_bytes(4, "little")),), EXPLICIT, head)
    _encode(elements, syntax, chunks)
    return b"".join(head + chunks)


def padded(value: bytes, vr: str) -> bytes:
    """Make the length even: a NUL for UIDs and bytes, a space for text (PS3.5, 6.2)."""
    if len(value) % 2 == 0:
        return value
    return value + (b"\0" if vr in {"UI", "OB", "UN"} else b" ")


def _encode(elements: Elements, syntax: Syntax, chunks: list[bytes]) -> int:
    """Append the bytes of the elements and give how many they are."""
    size = 0
    for element in elements:
        size += _encode_one(element, syntax, chunks)
    return size


def _encode_one(element: Element, syntax: Syntax, chunks: list[bytes]) -> int:
    if element.items is None:
        value_bytes = len(element.value)
        head = _head(element, syntax, _UNDEFINED if element.is_fragmented else value_bytes)
        chunks.append(head)
        chunks.append(element.value)
        return len(head) + value_bytes
    is_unknown = element.vr == "UN" and not syntax.is_implicit
    inner = IMPLICIT if is_unknown else syntax
    item_chunks: list[bytes] = []
    size = 0
    for item in element.items:
        body: list[bytes] = []
        item_bytes = _encode(item, inner, body)
        item_chunks.append(_IMPLICIT[inner.is_little].pack(ITEM >> 16, ITEM & 0xFFFF, item_bytes))
        item_chunks.extend(body)
        size += 8 + item_bytes
    if is_unknown:
        end = _IMPLICIT[True].pack(SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)
        item_chunks.append(end)
        size += len(end)
    head = _head(element, syntax, _UNDEFINED if is_unknown else size)
    chunks.append(head)
    chunks.extend(item_chunks)
    return len(head) + size


def _head(element: Element, syntax: Syntax, length: int) -> bytes:
    group, number = element.tag >> 16, element.tag & 0xFFFF
    if syntax.is_implicit:
        return _IMPLICIT[syntax.is_little].pack(group, number, length)
    vr = element.vr.encode()
    if element.vr not in LONG_VRS and length > 0xFFFF:
        vr = b"UN"  # came under implicit VR, whose lengths have 32 bits (PS3.5, 6.2.2)
    if vr == b"UN" or element.vr in LONG_VRS:
        return _EXPLICIT_LONG[syntax.is_little].pack(group, number, vr, 0, length)
    return _EXPLICIT[syntax.is_little].pack(group, number, vr, length)
