"""Studies by name: real DICOM files that are shipped inside pydicom, and what a study says it is.

Nothing is downloaded, ever.  A file of the optional package pydicom-data is found when that
package is installed.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydicom.data import get_testdata_file
from pydicom.data.data_manager import DATA_ROOT
from pydicom.data.download import get_url_map

from node.base.errors import PeerError, RefusedError
from node.privacy.dicom_file import Elements, find, read_file, text_at
from node.privacy.dicom_objects import check_object
from node.privacy.dicom_tags import (
    ACCESSION_NUMBER,
    ACQUISITION_DATE,
    CONTENT_DATE,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    PIXELS,
    SERIES_DATE,
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_DATE,
    STUDY_INSTANCE_UID,
)
from node.privacy.errors import StudyNotHereError, UnknownStudyError

_PREFIX: Final = "pydicom:"
CANARY_BYTES_MIN: Final = 8
"""Shorter values stand in unrelated bytes by chance."""
_IDENTIFYING: Final = (
    PATIENT_NAME,
    PATIENT_ID,
    ACCESSION_NUMBER,
    STUDY_INSTANCE_UID,
    SERIES_INSTANCE_UID,
    SOP_INSTANCE_UID,
)
_PIXEL_CANARY_BYTES: Final = 64
_PIXEL_CANARY_VARIETY_MIN: Final = 8
"""A piece of background would be found in every other picture."""
_NAME: Final = re.compile(r"[A-Za-z0-9_+.-]{1,100}")


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the ledger says of a study, read before it is de-identified."""

    modality: str
    """Code string such as CT; "" if the file does not say."""
    date_of_capture: date | None
    """Acquisition, else content, series or study date; None if there is none that can be."""
    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    """The original one: it must not leave the hospital."""
    size_bytes: int


def study_names() -> tuple[str, ...]:
    """Give the names of all studies inside the installed pydicom, sorted."""
    paths = (Path(DATA_ROOT) / "test_files").glob("*.dcm")
    return tuple(sorted(f"{_PREFIX}{path.stem}" for path in paths))


def load_study(name: str) -> bytes:
    """Read the bytes of ``pydicom:NAME``, for example ``pydicom:CT_small``.

    raises        UnknownStudyError (names the nearest), StudyNotHereError (would need a download).
    """
    stem = name.removeprefix(_PREFIX).removesuffix(".dcm")
    if name.startswith(_PREFIX) and _NAME.fullmatch(stem):
        found = get_testdata_file(f"{stem}.dcm", download=False)
        if isinstance(found, str):
            return Path(found).read_bytes()
        if f"{stem}.dcm" in get_url_map():
            raise StudyNotHereError(name)
    wanted = name if name.startswith(_PREFIX) else f"{_PREFIX}{name}"
    nearest = get_close_matches(wanted, study_names(), 1)
    raise UnknownStudyError(name, nearest[0] if nearest else "")


def study_facts(data: bytes) -> StudyFacts:
    """Say what a study is.

    raises        NotDicomError, TruncatedDicomError, MalformedDicomError, DicomLimitError,
                  UnsupportedObjectError, AlreadyDeidentifiedError: what cannot be anonymised
                  cannot be filed either.
    """
    file = read_file(data)
    check_object(file)
    return StudyFacts(
        modality=text_at(file.elements, MODALITY),
        date_of_capture=_first_date(file.elements),
        sop_class_uid=text_at(file.elements, SOP_CLASS_UID),
        sop_instance_uid=text_at(file.elements, SOP_INSTANCE_UID),
        size_bytes=len(data),
    )


def study_canaries(data: bytes) -> tuple[bytes, ...]:
    """Give byte strings of a study that must stand nowhere in clear once it left the lab.

    Who and which study it is (name, numbers, UIDs, each of at least CANARY_BYTES_MIN bytes), and a
    piece of the picture, which the basic profile leaves as it is.  Nothing for bytes that are no
    DICOM file: those are refused before they are stored.
    """
    try:
        elements = read_file(data).elements
    except (PeerError, RefusedError):
        return ()
    texts = (text_at(elements, tag).encode() for tag in _IDENTIFYING)
    words = [text for text in texts if len(text) >= CANARY_BYTES_MIN]
    pixels = find(elements, PIXELS)
    if pixels is not None:
        middle = len(pixels.value) // 2
        piece = pixels.value[middle : middle + _PIXEL_CANARY_BYTES]
        if len(set(piece)) >= _PIXEL_CANARY_VARIETY_MIN:
            words.append(piece)
    return tuple(words)


def _first_date(elements: Elements) -> date | None:
    for tag in (ACQUISITION_DATE, CONTENT_DATE, SERIES_DATE, STUDY_DATE):
        text = text_at(elements, tag).replace(".", "")  # 2001.02.03 is the form of ACR-NEMA
        if len(text) == 8 and text.isascii() and text.isdecimal():
            try:
                return date(int(text[:4]), int(text[4:6]), int(text[6:]))
            except ValueError:
                continue
    return None
