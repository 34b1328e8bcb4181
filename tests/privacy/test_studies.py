"""Studies by name: what is inside pydicom, what would have to be downloaded, what is unknown."""

import socket
from datetime import date
from pathlib import Path

import pytest

from node.privacy.dicom_engine import anonymise
from node.privacy.errors import (
    NotDicomError,
    StudyNotHereError,
    UnknownStudyError,
    UnsupportedObjectError,
)
from node.privacy.studies import (
    CANARY_BYTES_MIN,
    StudyFacts,
    load_study,
    study_canaries,
    study_facts,
    study_names,
)
from tests.privacy.dicom_factory import element, make, shipped


@pytest.mark.parametrize("name", ["CT_small", "MR_small", "CT_small.dcm"])
def test_shipped_study_is_loaded(name: str) -> None:
    stem = name.removesuffix(".dcm")
    assert load_study(f"pydicom:{name}") == shipped()[f"{stem}.dcm"]


def test_every_listed_name_can_be_loaded() -> None:
    names = study_names()
    assert "pydicom:CT_small" in names
    assert [name for name in names if not load_study(name)] == []


def test_names_are_sorted() -> None:
    assert list(study_names()) == sorted(study_names())


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("pydicom:CT_smal", "pydicom:CT_small"),
        ("CT_small", "pydicom:CT_small"),
        ("pydicom:mr_small", "pydicom:MR_small"),
    ],
)
def test_unknown_study_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownStudyError) as caught:
        load_study(name)
    assert caught.value.nearest == nearest
    assert nearest in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "pydicom:", "zzzz", "pydicom:../CT_small", "pydicom:*", "pydicom:/etc/passwd"]
)
def test_name_that_is_no_name_is_unknown(name: str) -> None:
    with pytest.raises(UnknownStudyError):
        load_study(name)


def test_study_that_would_be_downloaded_is_refused_without_a_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))
    if _has_pydicom_data():
        pytest.skip("pydicom-data is installed, so this study is here")
    with pytest.raises(StudyNotHereError, match="pydicom-data"):
        load_study("pydicom:RG1_UNCR")
    assert list(tmp_path.iterdir()) == []


def _has_pydicom_data() -> bool:
    from pydicom.data.data_manager import external_data_sources

    return "pydicom-data" in external_data_sources()


def test_facts_of_ct_small() -> None:
    data = load_study("pydicom:CT_small")
    assert study_facts(data) == StudyFacts(
        modality="CT",
        date_of_capture=date(1997, 4, 30),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid="1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",
        size_bytes=len(data),
    )


def test_facts_of_mr_small_name_its_modality() -> None:
    assert study_facts(load_study("pydicom:MR_small")).modality == "MR"


@pytest.mark.parametrize(
    ("tags", "want"),
    [
        ({0x00080022: "20210126", 0x00080020: "20200101"}, date(2021, 1, 26)),
        ({0x00080023: "20210127", 0x00080021: "20200101"}, date(2021, 1, 27)),
        ({0x00080020: "20200101"}, date(2020, 1, 1)),
        ({0x00080022: "20210231", 0x00080020: "20200101"}, date(2020, 1, 1)),
        ({0x00080022: "2021.01.26"}, date(2021, 1, 26)),
        ({0x00080022: "yesterda"}, None),
        ({0x00080022: ""}, None),
        ({}, None),
    ],
)
def test_date_of_capture_is_the_first_that_can_be(tags: dict[int, str], want: date | None) -> None:
    made = make(*(element(tag, text, "LO") for tag, text in tags.items()))
    assert study_facts(made).date_of_capture == want


def test_facts_of_a_report_are_refused() -> None:
    with pytest.raises(UnsupportedObjectError):
        study_facts(load_study("pydicom:test-SR"))


def test_facts_of_other_bytes_are_refused() -> None:
    with pytest.raises(NotDicomError):
        study_facts(b"hello")


def test_canaries_are_who_it_is_and_a_piece_of_the_picture() -> None:
    data = load_study("pydicom:CT_small")
    words = study_canaries(data)
    assert b"CompressedSamples^CT1" in words
    assert [len(word) for word in words if word in data] == [len(word) for word in words]
    assert len(words[-1]) == 64


def test_a_file_without_its_identity_keeps_only_the_canary_of_its_picture() -> None:
    data = load_study("pydicom:CT_small")
    clean = anonymise(data, site_key=b"\1" * 32).data
    *identity, picture = study_canaries(data)
    assert not any(word in clean for word in identity)
    assert picture in clean


def test_short_values_are_no_canaries() -> None:
    assert all(
        len(word) >= CANARY_BYTES_MIN for word in study_canaries(load_study("pydicom:MR_small"))
    )


def test_bytes_that_are_no_study_have_no_canaries() -> None:
    assert study_canaries(b"no DICOM at all") == ()
