"""The table of the basic profile: its contents, its origin, and what is decided on top of it."""

import json
from collections import Counter
from hashlib import sha256
from importlib.resources import files

import pytest

from node.privacy.dicom_rules import Action, action_for, basic_rules, dummy, is_out_of_place
from node.privacy.dicom_tags import LONG_VRS, SHORT_VRS, dictionary_vr
from tests.privacy import build_deid_table

FACTS = json.loads((files("node.privacy") / "dicom_facts.json").read_text("utf-8"))
CODES = basic_rules().codes


def act(tag: int, vr: str, *, is_sequence: bool = False) -> Action:
    return action_for(tag, vr, CODES, is_sequence=is_sequence)


def test_table_has_652_single_tags_and_three_ranges() -> None:
    rules = basic_rules()
    assert (len(rules.codes), len(rules.ranges)) == (652, 3)


def test_table_has_the_counts_of_edition_2026c() -> None:
    assert Counter(CODES.values()) == {
        "X": 412,
        "D": 93,
        "U": 55,
        "Z": 42,
        "X/D": 23,
        "X/Z": 11,
        "X/Z/D": 8,
        "Z/D": 6,
        "X/Z/U*": 2,
    }


def test_ranges_are_curves_and_overlays() -> None:
    assert basic_rules().ranges == {"50xx,xxxx": "X", "60xx,3000": "X", "60xx,4000": "X"}


def test_header_names_edition_origin_builder_and_digest() -> None:
    assert {key: FACTS[key] for key in ("edition", "origin", "built_by")} == {
        "edition": "2026c",
        "origin": {
            "package": "dicom-anonymizer",
            "version": "2.1.0",
            "licence": "BSD-3-Clause",
        },
        "built_by": "tests/privacy/build_deid_table.py",
    }


def test_digest_is_that_of_the_sorted_entries() -> None:
    lines = "".join(f"{tag} {code}\n" for tag, code in sorted(FACTS["entries"].items()))
    assert FACTS["sha256"] == sha256(lines.encode()).hexdigest()


def test_table_is_what_the_package_yields() -> None:
    pytest.importorskip("dicomanonymizer", reason="needs dicom-anonymizer")
    assert build_deid_table.main(["--check"]) == 0


def test_25_tags_are_newer_than_the_dictionary_and_all_of_them_go() -> None:
    newer = [CODES[tag] for tag in CODES if dictionary_vr(tag) is None]
    assert newer == ["X"] * 25


@pytest.mark.parametrize("vr", sorted((LONG_VRS | SHORT_VRS) - {"SQ", "UI"}))
def test_dummy_of_every_vr_is_not_empty_and_has_even_length(vr: str) -> None:
    value = dummy(vr)
    assert value
    assert len(value) % 2 == 0


@pytest.mark.parametrize(
    ("tag", "vr", "action"),
    [
        (0x00081030, "LO", Action.REMOVE),  # X
        (0x00080050, "SH", Action.EMPTY),  # Z
        (0x00400512, "LO", Action.DUMMY),  # D
        (0x0020000D, "UI", Action.MAP_UID),  # U
        (0x006A0003, "UI", Action.MAP_UID),  # D of VR UI
        (0x00080012, "DA", Action.DUMMY),  # X/D
        (0x00080080, "LO", Action.DUMMY),  # X/Z/D
        (0x00080070, "LO", Action.KEEP),
    ],
)
def test_compound_codes_keep_presence_and_never_content(tag: int, vr: str, action: Action) -> None:
    assert act(tag, vr) is action


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        (0x00081110, Action.REMOVE),
        (0x00081111, Action.REMOVE),
        (0x00080082, Action.REMOVE),
        (0x00081072, Action.REMOVE),  # X/D
        (0x00400555, Action.EMPTY),
        (0x00400513, Action.EMPTY),  # Z
        (0x00081140, Action.RECURSE),  # X/Z/U*
        (0x0040A730, Action.DEEP),  # D
        (0x52009229, Action.RECURSE),
    ],
)
def test_sequences_are_deleted_emptied_or_walked(tag: int, action: Action) -> None:
    assert act(tag, "SQ", is_sequence=True) is action


def test_sequence_where_the_dictionary_has_text_goes() -> None:
    assert act(0x00080070, "SQ", is_sequence=True) is Action.REMOVE


def test_text_where_the_dictionary_has_a_sequence_goes() -> None:
    assert act(0x52009229, "LO") is Action.REMOVE


@pytest.mark.parametrize(
    "tag",
    [
        0x00090010,  # private
        0x00091001,
        0x50000010,  # curve
        0x60000010,  # rows of an overlay, not in the table
        0x60FE3000,
        0x00080000,  # group length
        0x00000002,  # command
        0x00020010,  # meta, inside the data set
        0xFFFCFFFC,
        0x00087777,  # in no dictionary
    ],
)
def test_out_of_place_elements_are_recognised(tag: int) -> None:
    assert is_out_of_place(tag, CODES)


@pytest.mark.parametrize("tag", [0x00080005, 0x7FE00010, 0x00101010, 0x00080016])
def test_elements_of_the_standard_are_in_place(tag: int) -> None:
    assert not is_out_of_place(tag, CODES)


def test_a_tag_newer_than_the_dictionary_is_in_place_because_the_table_knows_it() -> None:
    assert not is_out_of_place(0x00100011, CODES)
