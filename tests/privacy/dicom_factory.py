"""DICOM files made with pydicom alone, and the files that lie inside the installed pydicom."""

from datetime import date, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from node.privacy.dicom_rules import basic_rules

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG = "1.2.840.10008.1.2.2"
SITE_KEY = bytes(range(32))
KEPT_SEQUENCE = 0x52009229
"""Shared Functional Groups: outside the table, so it stays and is walked."""


@cache
def shipped() -> dict[str, bytes]:
    """All files of pydicom's own test folder; nothing is ever downloaded."""
    root = Path(pydicom.__file__).parent / "data" / "test_files"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def tag_vr(tag: int) -> str:
    try:
        return str(dictionary_VR(tag))[:2]
    except KeyError:
        return "LO"


def element(tag: int, value: object, vr: str | None = None) -> DataElement:
    return DataElement(tag, vr or tag_vr(tag), value)


def dataset(*elements: DataElement) -> Dataset:
    made = Dataset()
    for each in elements:
        made.add(each)
    return made


def sequence(tag: int, *items: Dataset) -> DataElement:
    return DataElement(tag, "SQ", Sequence(items))


def make(
    *elements: DataElement,
    sop_class: str = CT,
    syntax: str = EXPLICIT,
    pixels: bytes | None = bytes(4),
    without: tuple[int, ...] = (),
    preamble: bytes = bytes(128),
) -> bytes:
    """Write a CT of two by two pixels, with and without the given elements."""
    made = dataset(
        element(0x00080016, sop_class),
        element(0x00080018, "1.2.3.4.5"),
        element(0x00080060, "CT"),
        element(0x00100010, "Doe^Jane"),
        element(0x00100020, "MRN-1"),
    )
    if pixels is not None:
        for tag, value in ((0x00280002, 1), (0x00280010, 2), (0x00280011, 2), (0x00280100, 8)):
            made.add(element(tag, value))
        made.add(element(0x00280004, "MONOCHROME2"))
        made.add(element(0x00280101, 8))
        made.add(element(0x00280102, 7))
        made.add(element(0x00280103, 0))
        made.add(DataElement(0x7FE00010, "OB", pixels))
    for each in elements:
        made.add(each)
    for tag in without:
        del made[tag]
    made.preamble = preamble
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", sop_class)
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3.4.5")
    buffer = BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def canary(tag: int, index: int) -> tuple[DataElement, bytes | None]:
    """An element with a value that occurs nowhere else, and the bytes to search for."""
    vr = tag_vr(tag)
    day = (date(1600, 1, 1) + timedelta(index)).strftime("%Y%m%d")
    values: dict[str, object] = {
        "UI": f"1.2.3.{tag}.{index}",
        "DA": day,
        "TM": f"235959.{index + 100000}",
        "DT": f"{day}235959.{index + 100000}",
        "DS": f"7654321.{index}",
        "IS": str(76_540_000 + index),
        "UR": f"urn:cnry{tag:08X}",
        "AS": "042Y",
        "US": 4242,
    }
    if vr == "SQ":
        inner = (0x00081155, "UI") if basic_rules().codes[tag] == "X/Z/U*" else (0x00080104, "LO")
        text = f"1.2.9.{tag}" if inner[1] == "UI" else f"CNRY{tag:08X}"
        return sequence(tag, dataset(element(inner[0], text))), text.encode()
    value = values.get(vr, f"CNRY{tag:08X}")
    if vr in {"OB", "OW", "UN"}:
        value = f"CNRY{tag:08X}".encode()
    shown = value if isinstance(value, bytes) else str(value).encode()
    return DataElement(tag, vr, value), shown if len(shown) >= 8 else None


def canary_tags() -> tuple[int, ...]:
    """Every tag of the table that may stand in the data set of a file."""
    return tuple(sorted(tag for tag in basic_rules().codes if tag >> 16 not in {0, 2}))


def canary_elements() -> tuple[list[DataElement], list[bytes]]:
    pairs = [canary(tag, index) for index, tag in enumerate(canary_tags())]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs if pair[1]]


def nested(elements: list[DataElement], depth: int) -> DataElement:
    """Hide elements in sequences that stay."""
    inner = dataset(*elements)
    for _ in range(depth - 1):
        inner = dataset(sequence(KEPT_SEQUENCE, inner))
    return sequence(KEPT_SEQUENCE, inner)
