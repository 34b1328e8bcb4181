"""What the DICOM dictionary knows of a tag, and how a tag is printed without leaking.

A tag is one integer, group << 16 | element.
"""

from functools import lru_cache
from typing import Final

from pydicom.datadict import dictionary_VR

SPECIFIC_CHARACTER_SET: Final = 0x00080005
SOP_CLASS_UID: Final = 0x00080016
SOP_INSTANCE_UID: Final = 0x00080018
STUDY_DATE: Final = 0x00080020
SERIES_DATE: Final = 0x00080021
ACQUISITION_DATE: Final = 0x00080022
CONTENT_DATE: Final = 0x00080023
MODALITY: Final = 0x00080060
ACCESSION_NUMBER: Final = 0x00080050
STUDY_INSTANCE_UID: Final = 0x0020000D
SERIES_INSTANCE_UID: Final = 0x0020000E
PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
ISSUER_OF_PATIENT_ID: Final = 0x00100021
IDENTITY_REMOVED: Final = 0x00120062
METHOD: Final = 0x00120063
METHOD_CODES: Final = 0x00120064
ULTRASOUND_REGIONS: Final = 0x00186011
SAMPLES_PER_PIXEL: Final = 0x00280002
PHOTOMETRIC: Final = 0x00280004
FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
PIXEL_REPRESENTATION: Final = 0x00280103
BURNED_IN: Final = 0x00280301
DATES_MODIFIED: Final = 0x00280303
PIXEL_PROVIDER_URL: Final = 0x00287FE0
FLOAT_PIXELS: Final = 0x7FE00008
DOUBLE_PIXELS: Final = 0x7FE00009
PIXELS: Final = 0x7FE00010
PIXEL_TAGS: Final = (PIXELS, FLOAT_PIXELS, DOUBLE_PIXELS)
TRAILING_PADDING: Final = 0xFFFCFFFC
ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD

LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
"""VRs whose explicit header has two reserved bytes and a 32-bit length (PS3.5, 7.1.2)."""
SHORT_VRS: Final = frozenset(
    {
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    }
)


@lru_cache(maxsize=8192)
def dictionary_vr(tag: int) -> str | None:
    """Give the VR of a standard tag, the first one where the standard offers several."""
    if tag >> 16 & 1:
        return None
    try:
        return str(dictionary_VR(tag))[:2]
    except KeyError:
        return None


def is_private(tag: int) -> bool:
    """Say whether the tag has an odd group."""
    return bool(tag >> 16 & 1)


def print_tag(tag: int) -> str:
    """Give ``(gggg,eeee)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def place(tag: int, at: int) -> str:
    """Name a place in a damaged file.

    A misread tag is four bytes of somebody's text, so only a tag of the dictionary is printed.
    """
    known = dictionary_vr(tag) is not None or tag in (ITEM, ITEM_END, SEQUENCE_END)
    return f"{print_tag(tag) if known else 'an unknown element'} at byte {at}"
