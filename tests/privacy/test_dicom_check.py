"""The judge: each of its rules fires on a file that breaks just that rule."""

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from node.privacy.dicom_check import Finding, find_residues
from node.privacy.dicom_engine import anonymise_header
from node.privacy.errors import NotDicomError
from tests.privacy.dicom_factory import (
    KEPT_SEQUENCE,
    SITE_KEY,
    dataset,
    element,
    make,
    sequence,
)

BEFORE = make(
    element(0x00081030, "Knee of Jane"),
    element(0x00080080, "Ward One Hospital"),
    element(0x0020000D, "1.2.3.9"),
    element(0x00200052, "1.2.3.8"),
    sequence(0x0040A730, dataset(element(0x0040A160, "SECRET"))),
    sequence(KEPT_SEQUENCE, dataset(element(0x00080104, "kept"))),
    preamble=b"x" * 128,
)
AFTER = anonymise_header(BEFORE, site_key=SITE_KEY).data


def tampered(*changes: DataElement, gone: tuple[int, ...] = ()) -> tuple[Finding, ...]:
    made = dcmread(BytesIO(AFTER))
    for change in changes:
        made.add(change)
    for tag in gone:
        del made[tag]
    return find_residues(BEFORE, written(made))


def written(made: Dataset) -> bytes:
    buffer = BytesIO()
    made.save_as(buffer)
    return buffer.getvalue()


def test_clean_file_has_no_finding() -> None:
    assert find_residues(BEFORE, AFTER) == ()


def test_clean_file_has_no_finding_after_pydicom_rewrote_it() -> None:
    assert tampered() == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (element(0x00091001, "x", "LO"), "private, range or unknown element left"),
        (element(0x60000010, 1, "US"), "private, range or unknown element left"),
        (element(0x00087777, "x", "LO"), "private, range or unknown element left"),
        (element(0x00081030, ""), "X left"),
        (element(0x00100010, "Doe^Jane"), "original value under code Z"),
        (element(0x00080080, "Ward One Hospital"), "original value under code X/Z/D"),
        (element(0x0020000D, "1.2.3.9"), "original value under code U"),
        (sequence(0x00400555, dataset()), "sequence of code X/Z has items"),
        (
            sequence(0x0040A730, dataset(element(0x0040A160, "SECRET"))),
            "original text inside a sequence of code D",
        ),
        (element(0x00120062, "NO"), "mark is missing"),
        (element(0x00280303, "UNMODIFIED"), "mark is missing"),
        (DataElement(0x7FE00010, "OB", b"abcd"), "pixel bytes changed"),
        (element(0x00080016, "1.2.840.10008.5.1.4.1.1.88.11"), "structured report passed"),
        (element(0x00080070, "at Ward One Hospital"), "original bytes are in the file"),
    ],
)
def test_each_residue_is_found(change: DataElement, rule: str) -> None:
    assert rule in {finding.rule for finding in tampered(change)}


def test_missing_codes_are_found() -> None:
    assert Finding("mark is missing", "(0012,0064)") in tampered(gone=(0x00120064,))


def test_residue_inside_an_item_is_found_with_its_place() -> None:
    change = sequence(KEPT_SEQUENCE, dataset(element(0x00081030, "x")))
    assert Finding("X left", "(5200,9229)[0](0008,1030)") in tampered(change)


def test_preamble_that_is_not_empty_is_found() -> None:
    found = find_residues(BEFORE, b"x" + AFTER[1:])
    assert found == (Finding("preamble is not empty", "byte 0"),)


def test_two_uids_with_one_replacement_are_found() -> None:
    found = tampered(element(0x0020000D, "2.25.7"), element(0x00200052, "2.25.7"))
    assert "one replacement stands for two UIDs" in {finding.rule for finding in found}


def test_one_uid_with_two_replacements_is_found() -> None:
    before = make(element(0x0020000D, "1.2.3.9"), element(0x00200052, "1.2.3.9"))
    made = dcmread(BytesIO(anonymise_header(before, site_key=SITE_KEY).data))
    made.add(element(0x0020000D, "2.25.7"))
    found = find_residues(before, written(made))
    assert "one UID has two replacements" in {finding.rule for finding in found}


def test_instance_that_differs_from_the_meta_group_is_found() -> None:
    made = dcmread(BytesIO(AFTER))
    made.file_meta.MediaStorageSOPInstanceUID = "2.25.7"
    made.SOPInstanceUID = "2.25.8"
    buffer = BytesIO()
    made.save_as(buffer, enforce_file_format=False)
    assert Finding("instance UIDs differ", "(0002,0003)") in find_residues(
        BEFORE, buffer.getvalue()
    )


def test_application_entity_title_in_group_2_is_found() -> None:
    made = dcmread(BytesIO(AFTER))
    made.file_meta.SourceApplicationEntityTitle = "STATION7"
    found = find_residues(BEFORE, written(made))
    assert Finding("group 0002 has more than it needs", "(0002,0016)") in found


def test_wording_that_stays_elsewhere_by_design_is_no_finding() -> None:
    before = make(element(0x00080070, "ACME IMAGING"), element(0x00081010, "ACME IMAGING"))
    assert find_residues(before, anonymise_header(before, site_key=SITE_KEY).data) == ()


def test_findings_name_places_and_no_values() -> None:
    assert "Jane" not in repr(tampered(element(0x00100010, "Doe^Jane")))


def test_bytes_that_are_no_dicom_are_refused() -> None:
    with pytest.raises(NotDicomError):
        find_residues(BEFORE, b"x")
