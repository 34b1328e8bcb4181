"""Which objects are refused, and which are incomplete."""

import pytest

from node.privacy.dicom_engine import anonymise_header
from node.privacy.dicom_file import read_file
from node.privacy.dicom_objects import check_object, image_bytes
from node.privacy.errors import (
    AlreadyDeidentifiedError,
    MalformedDicomError,
    NotDicomError,
    TruncatedDicomError,
    UnsupportedObjectError,
)
from tests.privacy.dicom_factory import CT, SITE_KEY, element, make, shipped

STORAGE = "1.2.840.10008.5.1.4.1.1"


def check(data: bytes) -> None:
    check_object(read_file(data))


@pytest.mark.parametrize(
    "sop_class",
    [
        f"{STORAGE}.88.11",
        f"{STORAGE}.88.59",  # key object selection
        f"{STORAGE}.11.1",
        f"{STORAGE}.104.1",
        f"{STORAGE}.104.3",
        f"{STORAGE}.66",
        "1.2.840.10008.1.3.10",
    ],
)
def test_kinds_that_would_end_empty_are_refused(sop_class: str) -> None:
    with pytest.raises(UnsupportedObjectError):
        check(make(sop_class=sop_class, pixels=None))


@pytest.mark.parametrize(
    "sop_class",
    [f"{STORAGE}.66.1", f"{STORAGE}.110", f"{STORAGE}.1.1", f"{STORAGE}.481.5", f"{STORAGE}.4"],
)
def test_neighbours_of_refused_kinds_pass(sop_class: str) -> None:
    data = make(sop_class=sop_class)
    check(data)
    assert anonymise_header(data, site_key=SITE_KEY).data


@pytest.mark.parametrize(
    "name", ["reportsi.dcm", "test-SR.dcm", "reportsi_with_empty_number_tags.dcm"]
)
def test_shipped_structured_reports_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedObjectError, match="structured report"):
        check(shipped()[name])


def test_shipped_directory_is_refused() -> None:
    with pytest.raises(UnsupportedObjectError, match="DICOMDIR"):
        check(shipped()["dicomdirtests/DICOMDIR"])


def test_refusal_counts_the_class_of_the_data_set_too() -> None:
    data = make().replace(CT.encode() + b"\0", b"1.2.840.10008.5.1.4.1.1.66", 2)
    assert data.count(b"1.2.840.10008.5.1.4.1.1.66") == 2
    data = data.replace(b"1.2.840.10008.5.1.4.1.1.66", CT.encode() + b"\0", 1)
    with pytest.raises(UnsupportedObjectError, match="raw data"):
        check(data)


@pytest.mark.parametrize(("tag", "text"), [(0x00080016, "0008,0016"), (0x00080018, "0008,0018")])
def test_object_without_class_or_instance_is_no_dicom(tag: int, text: str) -> None:
    with pytest.raises(NotDicomError, match=text):
        check(make(without=(tag,)))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"1.2.3.4.5\0", b"1.2.Jane.5"), (CT.encode() + b"\0", b"1.2.Jane.10008.5.1.4.1.1.2")],
)
def test_uid_that_is_no_uid_is_malformed(old: bytes, new: bytes) -> None:
    data = make()
    assert data.count(old) == 2
    with pytest.raises(MalformedDicomError, match="is no UID") as caught:
        check(data.replace(old, new))
    assert "Jane" not in repr(caught.value)


def test_output_of_the_engine_is_refused_as_input() -> None:
    done = anonymise_header(make(), site_key=SITE_KEY).data
    with pytest.raises(AlreadyDeidentifiedError):
        anonymise_header(done, site_key=SITE_KEY)


def test_output_is_recognised_after_somebody_else_rewrote_group_2() -> None:
    made = make(
        element(0x00120062, "YES"), element(0x00120063, "wardnet 1, basic profile of PS3.15 2026c")
    )
    with pytest.raises(AlreadyDeidentifiedError, match="0012,0063"):
        check(made)


def test_file_that_others_deidentified_is_processed_and_noted() -> None:
    made = make(element(0x00120062, "YES"), element(0x00120063, "somebody's script"))
    assert anonymise_header(made, site_key=SITE_KEY).report.was_deidentified


@pytest.mark.parametrize("name", ["PatientIdentityRemoved absent", "NO"])
def test_file_that_nobody_deidentified_is_not_noted(name: str) -> None:
    extra = (element(0x00120062, "NO"),) if name == "NO" else ()
    assert not anonymise_header(make(*extra), site_key=SITE_KEY).report.was_deidentified


def test_pixels_that_are_one_byte_short_are_truncated() -> None:
    with pytest.raises(TruncatedDicomError, match="wants 4 bytes, has 2"):
        check(make(pixels=bytes(2)))


def test_pixels_of_all_frames_are_counted() -> None:
    with pytest.raises(TruncatedDicomError, match="wants 12 bytes, has 4"):
        check(make(element(0x00280008, "3")))


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({}, 4),
        ({0x00280100: 16}, 8),
        ({0x00280100: 1}, 1),
        ({0x00280002: 3, 0x00280004: "RGB"}, 12),
        ({0x00280002: 3, 0x00280004: "YBR_FULL_422"}, 8),
        ({0x00280008: "5"}, 20),
    ],
)
def test_bytes_of_an_image_follow_from_its_header(changes: dict[int, object], want: int) -> None:
    made = make(*(element(tag, value) for tag, value in changes.items()), pixels=bytes(100))
    assert image_bytes(read_file(made)) == want


def test_bytes_of_a_big_endian_image_are_counted_right() -> None:
    assert image_bytes(read_file(shipped()["MR_small_bigendian.dcm"])) == 8192


def test_image_class_without_pixels_is_truncated() -> None:
    with pytest.raises(TruncatedDicomError, match="without pixels"):
        check(make(pixels=None))


def test_rows_without_pixels_are_truncated() -> None:
    made = make(element(0x00280010, 2), sop_class=f"{STORAGE}.481.2", pixels=None)
    with pytest.raises(TruncatedDicomError, match="without pixels"):
        check(made)


def test_plan_without_pixels_is_whole() -> None:
    data = shipped()["rtplan.dcm"]
    check(data)
    assert read_file(data).elements


def test_number_of_frames_that_is_no_number_is_malformed() -> None:
    with pytest.raises(MalformedDicomError, match="0028,0008"):
        check(shipped()["badVR.dcm"])
