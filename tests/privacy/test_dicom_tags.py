"""Tags: what the dictionary says, and how places are printed."""

import pytest

from node.privacy.dicom_tags import dictionary_vr, is_private, place, print_tag


@pytest.mark.parametrize(
    ("tag", "vr"),
    [(0x00100010, "PN"), (0x7FE00010, "OB"), (0x60003000, "OB"), (0x00091001, None), (8, None)],
)
def test_dictionary_gives_the_first_vr_of_a_standard_tag(tag: int, vr: str | None) -> None:
    assert dictionary_vr(tag) == vr


def test_odd_groups_are_private() -> None:
    assert [is_private(tag) for tag in (0x00080010, 0x00090010, 0xFFFEE000)] == [False, True, False]


def test_tag_is_printed_as_the_standard_does() -> None:
    assert print_tag(0x7FE00010) == "(7FE0,0010)"


def test_place_names_a_tag_of_the_dictionary() -> None:
    assert place(0x00100010, 300) == "(0010,0010) at byte 300"


def test_place_hides_a_misread_tag() -> None:
    misread = int.from_bytes(b"OHJN")
    assert place(misread, 7) == "an unknown element at byte 7"
