"""Which objects are taken at all: whole ones, of a kind that survives the profile."""

import re
from typing import Final

from pydicom.config import IGNORE
from pydicom.uid import UID

from node.privacy.dicom_file import DicomFile, Elements, find, text_at
from node.privacy.dicom_tags import (
    BITS_ALLOCATED,
    COLUMNS,
    DOUBLE_PIXELS,
    FLOAT_PIXELS,
    FRAMES,
    IDENTITY_REMOVED,
    METHOD,
    PHOTOMETRIC,
    PIXEL_PROVIDER_URL,
    PIXEL_TAGS,
    PIXELS,
    ROWS,
    SAMPLES_PER_PIXEL,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    print_tag,
)
from node.privacy.errors import (
    AlreadyDeidentifiedError,
    MalformedDicomError,
    NotDicomError,
    TruncatedDicomError,
    UnsupportedObjectError,
)

IMPLEMENTATION_CLASS: Final = "2.25.274372729420485542105896413217615093149"
"""Names wardnet as the writer; a constant, so it says nothing about a device."""
METHOD_PREFIX: Final = "wardnet "
_META_CLASS: Final = 0x00020002
_META_IMPLEMENTATION: Final = 0x00020012
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_UID: Final = re.compile(r"[0-9.]{1,64}")
_REFUSED: Final = (
    (_DIRECTORY, "a DICOMDIR"),
    (f"{_STORAGE}88.*", "a structured report or key object"),
    (f"{_STORAGE}11.*", "a presentation state"),
    (f"{_STORAGE}104.*", "an encapsulated document"),
    (f"{_STORAGE}66", "raw data"),
)


def check_object(file: DicomFile) -> None:
    """Refuse what cannot or must not be de-identified.

    raises        UnsupportedObjectError, NotDicomError (no SOP class or instance),
                  AlreadyDeidentifiedError (by us), TruncatedDicomError (pixels are short),
                  MalformedDicomError (no UID, or no number of frames).
    """
    for uid in (text_at(file.meta, _META_CLASS), text_at(file.elements, SOP_CLASS_UID)):
        for rule, what in _REFUSED:
            if uid == rule.removesuffix(".*") or (rule[-1] == "*" and uid.startswith(rule[:-1])):
                raise UnsupportedObjectError(rule, what)
    for tag in (SOP_CLASS_UID, SOP_INSTANCE_UID):
        uid = text_at(file.elements, tag)
        if not uid:
            raise NotDicomError(f"{print_tag(tag)} is missing or empty")
        if not _UID.fullmatch(uid):
            raise MalformedDicomError(print_tag(tag), "is no UID")
    if text_at(file.elements, IDENTITY_REMOVED) == "YES":
        if text_at(file.meta, _META_IMPLEMENTATION) == IMPLEMENTATION_CLASS:
            raise AlreadyDeidentifiedError(print_tag(_META_IMPLEMENTATION))
        if text_at(file.elements, METHOD).startswith(METHOD_PREFIX):
            raise AlreadyDeidentifiedError(print_tag(METHOD))
    _check_pixels(file)


def _check_pixels(file: DicomFile) -> None:
    """Refuse an image whose pixels are absent or fewer than its header says."""
    elements = file.elements
    if all(find(elements, tag) is None for tag in (*PIXEL_TAGS, PIXEL_PROVIDER_URL)):
        name = UID(text_at(elements, SOP_CLASS_UID), validation_mode=IGNORE).name
        if "Image Storage" in name or find(elements, ROWS) is not None:
            raise TruncatedDicomError(print_tag(PIXELS), "an image without pixels")
        return
    for tag in PIXEL_TAGS:
        element = find(elements, tag)
        if element is None or element.is_fragmented:
            continue
        want, got = image_bytes(file), len(element.value)
        if got < want:
            raise TruncatedDicomError(print_tag(tag), f"wants {want} bytes, has {got}")


def image_bytes(file: DicomFile) -> int:
    """Give the bytes of native pixels that the header of the file promises."""
    rows, columns = (_number(file, tag, 0) for tag in (ROWS, COLUMNS))
    samples = _number(file, SAMPLES_PER_PIXEL, 1)
    bits = _number(file, BITS_ALLOCATED, _default_bits(file.elements))
    frames_text = text_at(file.elements, FRAMES) or "1"
    if not frames_text.isdecimal():
        raise MalformedDicomError(print_tag(FRAMES), "is no number")
    if samples == 3 and text_at(file.elements, PHOTOMETRIC) in {"YBR_FULL_422", "YBR_PARTIAL_422"}:
        samples = 2  # two pixels share their chrominance (PS3.3, C.7.6.3.1.2)
    return (rows * columns * samples * int(frames_text[:10]) * bits + 7) // 8


def _default_bits(elements: Elements) -> int:
    if find(elements, FLOAT_PIXELS) is not None:
        return 32
    return 64 if find(elements, DOUBLE_PIXELS) is not None else 8


def _number(file: DicomFile, tag: int, default: int) -> int:
    element = find(file.elements, tag)
    if element is None or not element.value:
        return default
    return int.from_bytes(element.value[:2], "little" if file.syntax.is_little else "big")
